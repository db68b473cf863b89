// Spec 30 §15.4, §15.5: the price of a counter value, and of a change between two values.
import { type Decimal, ONE, sumOf, ZERO } from '../../kernel/decimal.ts';
import { type BandUsage, bandUsage } from '../pricing/band-usage.ts';
import { type BandUse, rateUnits } from '../pricing/bands.ts';
import type { CounterPricingFacts } from './facts.ts';

/** A full amount, not prorated and not rounded, with the bands that it comes from. */
export type CounterPrice = { readonly amount: Decimal; readonly bands: readonly BandUsage[] };

/** Pc(value): the price of a value; nothing for 0 units, fixed prices included. */
export function priceOfValue(pricing: CounterPricingFacts, value: Decimal): CounterPrice {
  const use = useOf(pricing, value);
  return {
    amount: sumOf(use.map((entry) => entry.subtotal)),
    bands: publishedBands(pricing, value, use),
  };
}

/**
 * Pc(to) - Pc(from) with the difference in every band: from 8 to 12 through (0, 30) (10, 25): 2 × 30 + 2 ×
 * 25.
 */
export function priceOfChange(pricing: CounterPricingFacts, from: Decimal, to: Decimal): CounterPrice {
  const before = priceOfValue(pricing, from);
  const after = priceOfValue(pricing, to);
  const ids = [...new Set([...after.bands, ...before.bands].map((band) => band.pricingBandId))];
  const bands = ids
    .map((id) => bandDifference(bandOf(before.bands, id), bandOf(after.bands, id)))
    .filter((band) => band !== null)
    .filter((band) => !band.bandUnits.isZero() || !band.bandSubtotal.isZero())
    .toSorted((a, b) => a.lowerLimit.cmp(b.lowerLimit));
  return { amount: after.amount.minus(before.amount), bands };
}

function useOf(pricing: CounterPricingFacts, value: Decimal): readonly BandUse[] {
  return value.isZero() ? [] : rateUnits(pricing.pricingBands, pricing.cumulative, value).use;
}

function publishedBands(
  { cumulative }: CounterPricingFacts,
  value: Decimal,
  use: readonly BandUse[],
): readonly BandUsage[] {
  return bandUsage(use, { quantity: value, quantityPerUnit: ONE, cumulative });
}

function bandOf(bands: readonly BandUsage[], id: string): BandUsage | null {
  return bands.find((band) => band.pricingBandId === id) ?? null;
}

function bandDifference(before: BandUsage | null, after: BandUsage | null): BandUsage | null {
  const band = after ?? before;
  if (band === null) return null;
  const difference = (field: 'fixedPrice' | 'bandUnits' | 'bandQuantity' | 'unitSubtotal' | 'bandSubtotal') =>
    (after?.[field] ?? ZERO).minus(before?.[field] ?? ZERO);
  return {
    ...band,
    fixedPrice: difference('fixedPrice'),
    bandUnits: difference('bandUnits'),
    bandQuantity: difference('bandQuantity'),
    unitSubtotal: difference('unitSubtotal'),
    bandSubtotal: difference('bandSubtotal'),
  };
}
