// Spec 30 §9, 50 §6.7: how many units of a usage line an amount pays for, and the bands on both sides.
import { Decimal, maxOf, minOf, sumOf, ZERO } from '../../kernel/decimal.ts';
import { fraction, timesFraction } from '../money/fraction.ts';
import { published, scaledBand } from '../pricing/band-usage.ts';
import type { PricingBandUsage } from './bill.ts';
import type { DraftLine } from './draft.ts';

/** Units are kept to that many decimals. */
const UNIT_DECIMALS = 8;

/** The units that are paid for; `cost` is what they cost when a fixed price leaves money over, else null. */
export type UsageCut = {
  readonly units: Decimal;
  readonly cost: Decimal | null;
  readonly kept: readonly PricingBandUsage[];
  readonly rest: readonly PricingBandUsage[];
};

type Cutting = { readonly line: DraftLine; readonly covered: Decimal; readonly cumulative: boolean };

/**
 * Cuts a usage line at what is covered of its subtotal. Bands (0, 0.10) (1000, 0.08) with 120 covered: 1000
 * units cost 100, 250 more cost 20, so 1250 units are paid for.
 */
export function usageCut(cutting: Cutting): UsageCut {
  const { line, covered, cumulative } = cutting;
  const bands = line.usagePerPricingBand ?? [];
  if (!covered.gt(0)) return { units: ZERO, cost: null, kept: [], rest: bands };
  return cumulative ? bandCut(cutting, bands) : shareCut(cutting, bands);
}

/** Everything at one price: a share of the amount is the same share of the units. */
function shareCut({ line, covered }: Cutting, bands: readonly PricingBandUsage[]): UsageCut {
  const units = keptUnits(timesFraction(line.units, fraction(covered, line.subtotal)));
  if (units.isZero()) return { units, cost: ZERO, kept: [], rest: bands };
  const shareOf = (value: Decimal) => published(timesFraction(value, fraction(covered, line.subtotal)));
  const kept = bands.map((band) => sharedPart(band, shareOf));
  return { units, cost: null, kept, rest: bands.map((band, at) => bandWithout(band, kept[at] ?? band)) };
}

/** Band after band; a fixed price is paid for whole or not at all. */
function bandCut({ line, covered }: Cutting, bands: readonly PricingBandUsage[]): UsageCut {
  const kept: PricingBandUsage[] = [];
  const rest: PricingBandUsage[] = [];
  let left = covered;
  let units = maxOf(line.units.minus(sumOf(bands.map((band) => band.bandUnits))), ZERO);
  let isShort = false;
  for (const band of bands) {
    const paid: Decimal | null = rest.length > 0 ? null : unitsPaid(band, left);
    if (paid === null || (paid.isZero() && band.bandUnits.gt(0))) {
      isShort ||= rest.length === 0 && left.gt(0) && band.fixedPrice.gt(0);
      rest.push(band);
      continue;
    }
    const part = bandPart(band, paid);
    kept.push(part);
    units = units.plus(paid);
    left = left.minus(part.bandSubtotal);
    if (paid.lt(band.bandUnits)) rest.push(bandWithout(band, part));
  }
  const cut = minOf(keptUnits(units), line.units);
  const cost = isShort || cut.isZero() ? sumOf(kept.map((band) => band.bandSubtotal)) : null;
  return { units: cut, cost, kept, rest };
}

/** Units of the band that the amount pays for after its fixed price; null when not even that. */
function unitsPaid(band: PricingBandUsage, amount: Decimal): Decimal | null {
  const left = amount.minus(band.fixedPrice);
  if (left.lt(0)) return null;
  if (band.unitSubtotal.lte(left)) return band.bandUnits;
  return keptUnits(left.div(band.unitPrice));
}

function bandPart(band: PricingBandUsage, bandUnits: Decimal): PricingBandUsage {
  if (bandUnits.eq(band.bandUnits)) return band;
  const unitSubtotal = bandUnits.times(band.unitPrice);
  const bandSubtotal = unitSubtotal.plus(band.fixedPrice);
  return {
    ...band,
    bandUnits,
    bandQuantity: published(timesFraction(band.bandQuantity, fraction(bandUnits, band.bandUnits))),
    unitSubtotal: published(unitSubtotal),
    bandSubtotal: published(bandSubtotal),
    convertedBandSubtotal: published(bandSubtotal.times(conversionOf(band))),
  };
}

function conversionOf({ bandSubtotal, convertedBandSubtotal }: PricingBandUsage): Decimal {
  return bandSubtotal.isZero() ? ZERO : convertedBandSubtotal.div(bandSubtotal);
}

function sharedPart(band: PricingBandUsage, shareOf: (value: Decimal) => Decimal): PricingBandUsage {
  return { ...scaledBand(band, shareOf), convertedBandSubtotal: shareOf(band.convertedBandSubtotal) };
}

/** What is left of a band; its fixed price goes with the first part. */
function bandWithout(band: PricingBandUsage, part: PricingBandUsage): PricingBandUsage {
  return {
    ...band,
    fixedPrice: band.fixedPrice.minus(part.fixedPrice),
    bandUnits: band.bandUnits.minus(part.bandUnits),
    bandQuantity: band.bandQuantity.minus(part.bandQuantity),
    unitSubtotal: band.unitSubtotal.minus(part.unitSubtotal),
    bandSubtotal: band.bandSubtotal.minus(part.bandSubtotal),
    convertedBandSubtotal: band.convertedBandSubtotal.minus(part.convertedBandSubtotal),
  };
}

function keptUnits(units: Decimal): Decimal {
  return units.toDecimalPlaces(UNIT_DECIMALS, Decimal.ROUND_DOWN);
}
