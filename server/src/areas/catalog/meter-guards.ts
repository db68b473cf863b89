import { sql } from 'kysely';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';
import { meterError, type Reading } from './aggregation-rules.ts';
import type { MeterFields } from './meter-field.ts';

type Owned = { readonly productId: string | null };

/** A meter may leave its product and become global, but never enter one or go to another (spec 20 §4.4). */
export function refuseOtherProduct(next: Owned, before: Owned): void {
  if (next.productId === null || next.productId === before.productId) return;
  const message = before.productId === null ? 'cannot be given to a global meter' : 'cannot be changed';
  throw refusal('IMMUTABLE_FIELD', 'productId', message);
}

type Meter = MeterFields & { readonly id: string };
type Use = Reading & { readonly id: string };

/**
 * Refuses new fields with which an aggregation of the meter could not have been made: its target or a
 * segmented field is gone or has changed to a category that does not do (spec 20 §4.5).
 */
export async function refuseBreakingChange(scope: CheckScope, meter: Meter): Promise<void> {
  const { rows } = await sql<Use>`
    select id, target_field, aggregation, segmented_fields, segments, custom_sql from aggregation
    where org_id = ${scope.orgId} and meter_id = ${meter.id} order by id`.execute(scope.tx);
  const fields = [...meter.dataFields, ...meter.derivedFields];
  for (const use of rows) {
    const error = meterError(use, fields);
    if (!error) continue;
    const message = `must suit aggregation ${use.id}: its ${error.field} ${error.message}`;
    throw refusal('BREAKS_CONFIGURATION', 'dataFields', message);
  }
}
