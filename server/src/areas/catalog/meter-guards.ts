import { sql } from 'kysely';
import { fieldsRefused } from '../../api/body.ts';
import type { CheckScope } from '../../api/resource-spec.ts';
import { calculationErrors } from '../../engine/metering/compiled-meter.ts';
import {
  type MeterShape,
  type MeterUse,
  meterBreaches,
  productChange,
} from '../../engine/metering/meter-guards.ts';
import { ApiError, refusal } from '../../kernel/errors.ts';
import { customFieldDefaults } from '../organization/index.ts';

type Owned = { readonly productId: string | null };

/** A meter may leave its product and become global, but never enter one or go to another (spec 20 §4.4). */
export function refuseOtherProduct(next: Owned, before: Owned): void {
  if (productChange(before.productId, next.productId) !== 'refused') return;
  const message = before.productId === null ? 'cannot be given to a global meter' : 'cannot be changed';
  throw refusal('IMMUTABLE_FIELD', 'productId', message);
}

/** Refuses calculations that cannot be read or that name what does not exist (spec 20 §5.4, §5.6). */
export async function refuseBadCalculations(scope: CheckScope, meter: MeterShape): Promise<void> {
  if (meter.derivedFields.length === 0) return;
  const errors = calculationErrors(meter, await customFieldDefaults(scope.tx, scope.orgId));
  if (errors.length > 0) throw fieldsRefused(errors);
}

type Change = { readonly id: string; readonly before: MeterShape; readonly next: MeterShape };

/** Refuses fields without which an aggregation or a calculation that stays would break (spec 20 §4.5). */
export async function refuseBreakingChange(scope: CheckScope, { id, before, next }: Change): Promise<void> {
  const errors = meterBreaches(before, next, await usesOf(scope, id));
  const [first] = errors;
  if (!first) return;
  throw new ApiError('BREAKS_CONFIGURATION', `${first.field} ${first.message}`, errors);
}

async function usesOf(scope: CheckScope, meterId: string): Promise<readonly MeterUse[]> {
  const { rows } = await sql<MeterUse>`
    select 'aggregation ' || id as label, aggregation as method, target_field,
           coalesce(segmented_fields, '[]') as segmented_fields
    from aggregation where org_id = ${scope.orgId} and meter_id = ${meterId} order by id`.execute(scope.tx);
  return rows;
}
