import { type RawBuilder, sql } from 'kysely';
import type { CheckScope } from '../../api/resource-spec.ts';
import type { Segment } from '../../engine/metering/usage-query.ts';
import { refusal } from '../../kernel/errors.ts';
import { lostPricing } from './segments.ts';

type PricingUse = { readonly id: string; readonly segment: Segment | null };

/** The pricings that satisfy a condition on the table `pricing`, past and future ones too, oldest first. */
export async function pricingsOf(
  scope: CheckScope,
  use: RawBuilder<unknown>,
): Promise<readonly PricingUse[]> {
  const { rows } = await sql<PricingUse>`select id, segment from pricing
    where org_id = ${scope.orgId} and ${use} order by id`.execute(scope.tx);
  return rows;
}

/**
 * Refuses to take away a segment, or the lack of segments, that one of the pricings is for (spec 20 §11.5).
 */
export function refuseLostSegment(
  pricings: readonly PricingUse[],
  available: readonly Segment[] | null,
): void {
  const lost = lostPricing(pricings, available ?? []);
  if (!lost) return;
  const message = `must go on to offer what pricing ${lost.id} prices`;
  throw refusal('BREAKS_CONFIGURATION', 'segments', message);
}
