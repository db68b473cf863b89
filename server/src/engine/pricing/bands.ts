// Spec 30 §7.2, §7.5: units rated through the bands of a pricing.
import { type Decimal, maxOf, minOf, sumOf, ZERO } from '../../kernel/decimal.ts';

/** One band: it covers the units above `lowerLimit` up to and including the next band's limit. */
export type PricingBand = {
  readonly id: string;
  readonly lowerLimit: Decimal;
  readonly fixedPrice: Decimal;
  readonly unitPrice: Decimal;
};

/**
 * What one band contributes: `unitSubtotal` = units × unit price, `subtotal` = that plus the fixed price
 * charged.
 */
export type BandUse = {
  readonly band: PricingBand;
  readonly units: Decimal;
  readonly unitSubtotal: Decimal;
  readonly subtotal: Decimal;
};

/** An amount in the pricing's currency, not rounded, and the bands that it comes from, ascending. */
export type Rating = { readonly amount: Decimal; readonly use: readonly BandUse[] };

/**
 * Rates units: each band at its own price (`cumulative`), or all units at the price of the highest band
 * reached. Takes bands in any order and counts negative units as 0; units below the first limit are free.
 */
export function rateUnits(bands: readonly PricingBand[], cumulative: boolean, units: Decimal): Rating {
  const billed = maxOf(units, ZERO);
  const reached = reachedBands(bands, billed);
  const use = cumulative ? tieredUse(reached, billed) : volumeUse(reached, billed);
  return { amount: sumOf(use.map((entry) => entry.subtotal)), use };
}

/**
 * The bands that these units reach, ascending. A count equal to a limit is still below it, except 0 at limit
 * 0.
 */
export function reachedBands(bands: readonly PricingBand[], units: Decimal): readonly PricingBand[] {
  const sorted = bands.toSorted((a, b) => a.lowerLimit.cmp(b.lowerLimit));
  const first = sorted[0];
  if (first?.lowerLimit.isZero() && units.isZero()) return [first];
  return sorted.filter((band) => units.gt(band.lowerLimit));
}

/** Units in one band with their price; `fixedPrice` is what is charged of the band's fixed price. */
export function bandUse(band: PricingBand, units: Decimal, fixedPrice: Decimal): BandUse {
  const unitSubtotal = units.times(band.unitPrice);
  return { band, units, unitSubtotal, subtotal: unitSubtotal.plus(fixedPrice) };
}

function tieredUse(reached: readonly PricingBand[], units: Decimal): readonly BandUse[] {
  return reached.map((band, index) => {
    const top = minOf(units, reached[index + 1]?.lowerLimit ?? units);
    return bandUse(band, top.minus(band.lowerLimit), band.fixedPrice);
  });
}

function volumeUse(reached: readonly PricingBand[], units: Decimal): readonly BandUse[] {
  const highest = reached.at(-1);
  return highest ? [bandUse(highest, units, highest.fixedPrice)] : [];
}
