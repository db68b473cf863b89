import { type Decimal, maxOf, minOf, ONE, ZERO } from '../../src/kernel/decimal.ts';
import type { Band } from './organization.ts';

/** Spec 30 §7.2: whether a unit count lies in the band at that place, or above it. */
function reaches(bands: readonly Band[], i: number, units: Decimal): boolean {
  const lower = bands[i]?.lower ?? ZERO;
  return units.gt(lower) || (i === 0 && lower.isZero() && units.isZero());
}

/** The place of the highest band reached, -1 when none is. */
export function bandReached(bands: readonly Band[], units: Decimal): number {
  return bands.findLastIndex((_, i) => reaches(bands, i, units));
}

/** Spec 30 §7.2: what the units cost. */
export function costOf(bands: readonly Band[], tiered: boolean, units: Decimal): Decimal {
  if (!tiered) return volumeCost(bands, units);
  let amount = ZERO;
  bands.forEach((band, i) => {
    if (!reaches(bands, i, units)) return;
    const top = minOf(units, bands[i + 1]?.lower ?? units);
    const inBand = maxOf(ZERO, top.minus(band.lower));
    amount = amount.plus(band.fixed).plus(inBand.times(band.unit));
  });
  return amount;
}

function volumeCost(bands: readonly Band[], units: Decimal): Decimal {
  const band = bands[bandReached(bands, units)];
  return band === undefined ? ZERO : band.fixed.plus(units.times(band.unit));
}

/**
 * Spec 30 §8: what `units` cost after `earlier` ones; `wasRated` says whether there was an earlier window.
 */
export function spanningCost(
  bands: readonly Band[],
  tiered: boolean,
  { earlier, units, wasRated }: { earlier: Decimal; units: Decimal; wasRated: boolean },
): Decimal {
  const all = earlier.plus(units);
  if (tiered) {
    const prior = wasRated ? costOf(bands, true, earlier) : ZERO;
    return costOf(bands, true, all).minus(prior);
  }
  const now = bandReached(bands, all);
  const then = wasRated ? bandReached(bands, earlier) : -1;
  const band = bands[now];
  if (band === undefined) return ZERO;
  return units.times(band.unit).plus(now === then ? ZERO : band.fixed);
}

/**
 * Spec 30 §9: the greatest number of units whose tiered cost is at most `credit`, a fixed price being paid
 * whole or not at all; without any credit no unit is paid, free ones included (rule 3).
 */
export function unitsPaidBy(bands: readonly Band[], units: Decimal, credit: Decimal): Decimal {
  if (credit.isZero()) return ZERO;
  let paid = ZERO;
  let left = credit;
  for (const [i, band] of bands.entries()) {
    if (!reaches(bands, i, units)) return paid;
    if (left.lt(band.fixed)) return minOf(units, band.lower);
    left = left.minus(band.fixed);
    const width = minOf(units, bands[i + 1]?.lower ?? units).minus(band.lower);
    if (band.unit.times(width).gt(left)) return band.lower.plus(left.div(band.unit));
    left = left.minus(band.unit.times(width));
    paid = band.lower.plus(width);
  }
  return minOf(paid, units.times(ONE));
}
