import { sql } from 'kysely';
import type { CheckScope } from '../../api/resource-spec.ts';
import type { Segment } from '../../engine/metering/usage-query.ts';
import { present } from '../../kernel/assert.ts';
import { ApiError, refusal } from '../../kernel/errors.ts';
import { meterError, type Reading } from './aggregation-rules.ts';
import { availableSegments } from './compound-segments.ts';
import { customSqlFault } from './custom-sql-run.ts';
import type { MeterFields } from './meter-field.ts';
import { pricingsOf, refuseLostSegment } from './priced-segments.ts';

type StoredAggregation = Reading & {
  readonly id: string;
  readonly code: string | null;
  readonly meterId: string;
};

/**
 * Refuses an aggregation whose meter lacks its fields or whose method does not suit them (spec 20 §11.1,
 * §11.5).
 */
export async function refuseUnsuitableMeter(scope: CheckScope, next: StoredAggregation): Promise<void> {
  // Locked, so that a change of the meter's fields that runs at the same time is seen.
  const { rows } = await sql<MeterFields>`select data_fields, derived_fields from meter
    where org_id = ${scope.orgId} and id = ${next.meterId} for share`.execute(scope.tx);
  const { dataFields, derivedFields } = present(rows[0], 'meter');
  const fields = [...dataFields, ...derivedFields];
  const error = meterError(next, fields);
  if (error) throw refusal('VALIDATION_FAILED', error.field, error.message);
  if (next.customSql === null) return;
  const fault = await customSqlFault(scope.call.ctx, next.customSql, fields);
  if (fault !== null) throw refusal('VALIDATION_FAILED', 'customSql', fault);
}

type CompoundUse = { readonly id: string; readonly available: readonly Segment[] | null };

/**
 * Refuses an update that pricings or compound aggregations would not survive: another meter, a code that a
 * calculation names, a segment with a pricing (spec 20 §11.5, §11.7).
 */
export async function refuseBreakingUse(
  scope: CheckScope,
  next: StoredAggregation,
  before: StoredAggregation,
): Promise<void> {
  const pricings = await pricingsOf(scope, sql`aggregation_id = ${next.id}`);
  const [priced] = pricings;
  if (priced && next.meterId !== before.meterId) {
    throw refusal('IMMUTABLE_FIELD', 'meterId', `cannot be changed while pricing ${priced.id} uses it`);
  }
  refuseLostSegment(pricings, next.segments);
  const compounds = before.code === null ? [] : await compoundsNaming(scope, before.code);
  const [compound] = compounds;
  if (compound && next.code !== before.code) {
    const message = `cannot be changed while compound aggregation ${compound.id} names it`;
    throw refusal('BREAKS_CONFIGURATION', 'code', message);
  }
  for (const { id, available } of compounds) {
    refuseLostSegment(await pricingsOf(scope, sql`compound_aggregation_id = ${id}`), available);
  }
}

/** Compound aggregations that name the code, with the segments that they offer after the update. */
async function compoundsNaming(scope: CheckScope, code: string): Promise<readonly CompoundUse[]> {
  const { rows } = await sql<CompoundUse>`
    select id, (${availableSegments()}) as available from compound_aggregation
    where org_id = ${scope.orgId} and jsonb_exists(aggregation_codes, ${code}) order by id`.execute(scope.tx);
  return rows;
}

/** Refuses the delete of an aggregation that a compound aggregation names (spec 20 §11.7). */
export async function refuseNamedDelete(scope: CheckScope, before: StoredAggregation): Promise<void> {
  const [compound] = before.code === null ? [] : await compoundsNaming(scope, before.code);
  if (!compound) return;
  throw new ApiError('ENTITY_IN_USE', `it is still in use by compound aggregation ${compound.id}`);
}
