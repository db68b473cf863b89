import { sql } from 'kysely';
import type { CheckScope } from '../../api/resource-spec.ts';
import type { Segment } from '../../engine/metering/usage-query.ts';
import { refusal } from '../../kernel/errors.ts';
import { pricingsOf, refuseLostSegment } from './priced-segments.ts';

type StoredCompound = { readonly id: string; readonly productId: string | null };

/**
 * Refuses what the pricings of a compound aggregation would not survive: a product that is given or changed
 * (it may only be taken away, which makes it global) or segments that are no longer offered (spec 20 §12.4,
 * §12.3).
 */
export async function refuseBreakingUse(
  scope: CheckScope,
  next: StoredCompound & { readonly segments?: readonly Segment[] | null },
  before: StoredCompound,
): Promise<void> {
  const pricings = await pricingsOf(scope, sql`compound_aggregation_id = ${next.id}`);
  const [priced] = pricings;
  if (priced && next.productId !== null && next.productId !== before.productId) {
    throw refusal('IMMUTABLE_FIELD', 'productId', `cannot be changed while pricing ${priced.id} uses it`);
  }
  refuseLostSegment(pricings, next.segments ?? null);
}
