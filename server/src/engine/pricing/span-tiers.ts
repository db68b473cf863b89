// Spec 30 §8: bands that are not reset each billing period (tiersSpanPlan).
import { type Decimal, maxOf, sumOf, ZERO } from '../../kernel/decimal.ts';
import { type BandUse, bandUse, type PricingBand, type Rating, rateUnits, reachedBands } from './bands.ts';

/**
 * Units of this window, the units of all earlier windows of the slot, and whether there was an earlier
 * window.
 */
export type SpanningUnits = {
  readonly prior: Decimal;
  readonly hasPrior: boolean;
  readonly units: Decimal;
};

/**
 * What the units of this window cost on top of those already rated since the attachment began; not rounded.
 * A band's fixed price is charged in the window that first reaches it. Bands (0, 1.00) (100, 0.50),
 * cumulative: 70 units after 60 cost 40 × 1.00 + 30 × 0.50 = 55.00.
 */
export function rateSpanning(
  bands: readonly PricingBand[],
  cumulative: boolean,
  spanning: SpanningUnits,
): Rating {
  const use = cumulative ? marginalTieredUse(bands, spanning) : marginalVolumeUse(bands, spanning);
  return { amount: sumOf(use.map((entry) => entry.subtotal)), use };
}

function marginalTieredUse(bands: readonly PricingBand[], spanning: SpanningUnits): readonly BandUse[] {
  const total = spanning.prior.plus(maxOf(spanning.units, ZERO));
  const before = spanning.hasPrior ? rateUnits(bands, true, spanning.prior).use : [];
  const after = rateUnits(bands, true, total).use;
  // Bands are reached in ascending order, so the entries before are the first of the entries after.
  const marginal = after.map((entry, index) => marginalUse(entry, before[index]));
  // The highest band stays even without units: the line shows where it is, and what it paid to get there.
  return marginal.filter((entry, index) => index === marginal.length - 1 || entry.units.gt(0));
}

function marginalUse(after: BandUse, before: BandUse | undefined): BandUse {
  if (!before) return after;
  return bandUse(after.band, after.units.minus(before.units), ZERO);
}

function marginalVolumeUse(bands: readonly PricingBand[], spanning: SpanningUnits): readonly BandUse[] {
  const units = maxOf(spanning.units, ZERO);
  const highest = reachedBands(bands, spanning.prior.plus(units)).at(-1);
  if (!highest) return [];
  const highestBefore = spanning.hasPrior ? reachedBands(bands, spanning.prior).at(-1) : undefined;
  const isPaid = highestBefore?.lowerLimit.eq(highest.lowerLimit);
  return [bandUse(highest, units, isPaid ? ZERO : highest.fixedPrice)];
}
