// Spec 30 §7.6: the bands of a line as they are published with it.
import { assert } from '../../kernel/assert.ts';
import { Decimal, maxOf, minOf, sumOf, ZERO } from '../../kernel/decimal.ts';
import type { BandUse } from './bands.ts';

/** Band figures keep at most 12 decimals. */
const PUBLISHED_DECIMALS = 12;

/** One band of a line; amounts in the line's currency, at most 12 decimals, not rounded to the currency. */
export type BandUsage = {
  readonly pricingBandId: string;
  readonly lowerLimit: Decimal;
  readonly fixedPrice: Decimal;
  readonly unitPrice: Decimal;
  readonly bandUnits: Decimal;
  readonly bandQuantity: Decimal;
  readonly unitSubtotal: Decimal;
  readonly bandSubtotal: Decimal;
};

/** Where the units of a line come from: its raw quantity and how the pricing reads it. */
export type BandUsageSource = {
  readonly quantity: Decimal;
  readonly quantityPerUnit: Decimal;
  readonly cumulative: boolean;
};

/**
 * The published entries for the bands used. `fixedPrice` is the part charged on this line (0 where an
 * earlier window has paid it), and the last entry takes what rounding to units leaves, so that the band
 * quantities add up to the quantity.
 */
export function bandUsage(use: readonly BandUse[], source: BandUsageSource): readonly BandUsage[] {
  assert(source.cumulative || use.length <= 1, 'a pricing that is not cumulative uses one band');
  const quantities = bandQuantities(use, source);
  return use.map((entry, index) => ({
    pricingBandId: entry.band.id,
    lowerLimit: entry.band.lowerLimit,
    fixedPrice: entry.subtotal.minus(entry.unitSubtotal),
    unitPrice: entry.band.unitPrice,
    bandUnits: published(entry.units),
    bandQuantity: quantities[index] ?? ZERO,
    unitSubtotal: published(entry.unitSubtotal),
    bandSubtotal: published(entry.subtotal),
  }));
}

/** The amount per unit before currency rounding (spec 30 §7.6); 0 without units. */
export function averageUnitPrice(amount: Decimal, units: Decimal): Decimal {
  return units.isZero() ? ZERO : published(amount.div(units));
}

function bandQuantities(use: readonly BandUse[], source: BandUsageSource): readonly Decimal[] {
  const quantities: Decimal[] = [];
  let left = source.quantity;
  for (const entry of use.slice(0, -1)) {
    // Units rounded up can reach a band that the quantity itself does not: it then holds no quantity.
    const inBand = published(maxOf(minOf(entry.units.times(source.quantityPerUnit), left), ZERO));
    quantities.push(inBand);
    left = source.quantity.minus(sumOf(quantities));
  }
  return [...quantities, published(left)];
}

/** The figure with the decimals of published bands; most have no more, and rounding costs a copy. */
export function published(value: Decimal): Decimal {
  if (value.decimalPlaces() <= PUBLISHED_DECIMALS) return value;
  return value.toDecimalPlaces(PUBLISHED_DECIMALS, Decimal.ROUND_HALF_UP);
}

/** The band with each of its amounts and quantities scaled. */
export function scaledBand<B extends BandUsage>(band: B, shareOf: (value: Decimal) => Decimal): B {
  return {
    ...band,
    fixedPrice: shareOf(band.fixedPrice),
    bandUnits: shareOf(band.bandUnits),
    bandQuantity: shareOf(band.bandQuantity),
    unitSubtotal: shareOf(band.unitSubtotal),
    bandSubtotal: shareOf(band.bandSubtotal),
  };
}
