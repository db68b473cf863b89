// Spec 30 §9, 50 §6.7: a usage line split into what credits cover and what exceeds them.
import { type Decimal, maxOf, minOf, sumOf, ZERO } from '../../kernel/decimal.ts';
import {
  dividedFractions,
  type Fraction,
  fraction,
  isZeroFraction,
  timesFraction,
  WHOLE,
} from '../money/fraction.ts';
import { averageUnitPrice, type BandUsage, bandUsage } from '../pricing/band-usage.ts';
import { rateSpanning } from '../pricing/span-tiers.ts';
import type { BillFailure, PricingBandUsage } from './bill.ts';
import { billCurrencyOf, type Calculation } from './calculation.ts';
import { type Draft, type DraftLine, RANK } from './draft.ts';
import { convertedBand } from './draft-line.ts';
import { convertedAmount, isBillFailure, roundedAmount } from './line-amount.ts';
import type { Overage } from './overage.ts';
import type { RatedWindow } from './rated-window.ts';
import { type UsageCut, usageCut } from './usage-cut.ts';
import { sharedBand } from './usage-specs.ts';
import { ratedOf } from './window-share.ts';

/** The line that stays (null when nothing does) and the one for the overage. */
export type OverageSplit = { readonly kept: DraftLine | null; readonly overage: DraftLine };

type Splitting = {
  readonly draft: Draft;
  readonly calculation: Calculation;
  readonly overage: Overage;
};

/** An amount in the line's currency and in the bill's. */
type Amounts = { readonly subtotal: Decimal; readonly convertedSubtotal: Decimal };

/** What exceeds the credits, in the currency of the usage line: 3.33 at 0.333 are 10.00 of 10.01. */
export function overageInLineCurrency(
  calculation: Calculation,
  { drawable: { line }, amount, credit }: Overage,
): Decimal | BillFailure {
  if (line.conversionRate.eq(1)) return amount;
  const exact = amount.dividedBy(line.conversionRate);
  const rounded = roundedAmount(calculation, {
    amount: exact,
    currency: line.currency,
    entity: credit.title,
    billAccountId: line.billAccountId,
  });
  return isBillFailure(rounded) ? rounded : minOf(rounded, line.subtotal);
}

/**
 * Usage 1400 of which 1160 is covered, at 0.10 up to 10000 and 0.08 above: 12000 units stay, 3000 exceed.
 * They cost 240 as before, or 360 at an overage price of 0.12.
 */
export function overageSplit(splitting: Splitting): OverageSplit | BillFailure {
  const { calculation, overage } = splitting;
  const { line } = overage.drawable;
  const exceeding = overageInLineCurrency(calculation, overage);
  if (isBillFailure(exceeding)) return exceeding;
  const pricing = calculation.index.pricings.get(line.pricingId ?? '');
  // Where nothing is covered, nothing stays, though the rate back may lose a cent of it.
  const isWhole = overage.amount.eq(line.convertedSubtotal);
  const covered = isWhole ? ZERO : maxOf(line.subtotal.minus(exceeding), ZERO);
  const cut = usageCut({ line, covered, cumulative: pricing?.cumulative ?? false });
  const kept = keptAmounts(splitting, { cut, covered });
  if (isBillFailure(kept)) return kept;
  const rest: Amounts = {
    subtotal: line.subtotal.minus(kept.subtotal),
    convertedSubtotal: line.convertedSubtotal.minus(kept.convertedSubtotal),
  };
  const isRepriced = (pricing?.overagePricingBands.length ?? 0) > 0;
  const beyond = isRepriced ? repricedLine(splitting, cut) : plainLine(splitting, { cut, rest });
  if (isBillFailure(beyond)) return beyond;
  const normalSubtotal = rest.subtotal;
  return {
    kept: cut.units.isZero() ? null : keptLine(line, cut, kept),
    overage: { ...beyond, reason: { ...beyond.reason, normalSubtotal } },
  };
}

/** What is covered, or less where a fixed price is not paid for. */
function keptAmounts(
  { calculation, overage }: Splitting,
  { cut, covered }: { readonly cut: UsageCut; readonly covered: Decimal },
): Amounts | BillFailure {
  const { line } = overage.drawable;
  if (cut.cost === null) {
    const convertedSubtotal = maxOf(line.convertedSubtotal.minus(overage.amount), ZERO);
    return { subtotal: covered, convertedSubtotal };
  }
  const { billAccountId, currency } = line;
  const named = { amount: cut.cost, currency, entity: overage.credit.title, billAccountId };
  const subtotal = roundedAmount(calculation, named);
  if (isBillFailure(subtotal)) return subtotal;
  const to = billCurrencyOf(calculation, billAccountId);
  const converted = convertedAmount(calculation, { ...named, amount: subtotal }, to);
  return isBillFailure(converted) ? converted : { subtotal, convertedSubtotal: converted.amount };
}

function keptLine(line: DraftLine, cut: UsageCut, amounts: Amounts): DraftLine {
  return partOf(line, {
    units: cut.units,
    quantity: shareOfQuantity(line, cut.units),
    bands: cut.kept,
    exactAmount: sumOf(cut.kept.map((band) => band.bandSubtotal)),
    ...amounts,
  });
}

/** The rest at its normal price: both parts add up to the line in either currency. */
function plainLine(
  { overage }: Splitting,
  { cut, rest }: { readonly cut: UsageCut; readonly rest: Amounts },
): DraftLine {
  const { line } = overage.drawable;
  const kept = sumOf(cut.kept.map((band) => band.bandSubtotal));
  return overageLine(overage, {
    ...restUnits(line, cut),
    bands: cut.rest,
    exactAmount: line.reason.exactAmount.minus(kept),
    ...rest,
  });
}

/** The rest at the overage prices, whose limits are places on the same axis of units. */
function repricedLine({ draft, calculation, overage }: Splitting, cut: UsageCut): DraftLine | BillFailure {
  const { line } = overage.drawable;
  const { exactAmount, bands } = repriced(ratedOf(draft, line), line, cut);
  const { billAccountId, currency } = line;
  const named = { amount: exactAmount, currency, entity: overage.credit.title, billAccountId };
  const subtotal = roundedAmount(calculation, named);
  if (isBillFailure(subtotal)) return subtotal;
  const to = billCurrencyOf(calculation, billAccountId);
  const converted = convertedAmount(calculation, { ...named, amount: subtotal }, to);
  if (isBillFailure(converted)) return converted;
  return overageLine(overage, {
    ...restUnits(line, cut),
    bands: bands.map((band) => convertedBand(band, line.conversionRate)),
    exactAmount,
    subtotal,
    convertedSubtotal: converted.amount,
  });
}

type Repriced = { readonly exactAmount: Decimal; readonly bands: readonly BandUsage[] };

/** The line's part of what the rest of its block costs, nothing for an account without units of it. */
function repriced(rated: RatedWindow, line: DraftLine, cut: UsageCut): Repriced {
  const { overagePricingBands, cumulative } = rated.pricing;
  const share = shareOfBlock(rated, line);
  if (isZeroFraction(share)) return { exactAmount: ZERO, bands: [] };
  const ofBlock = dividedFractions(WHOLE, share);
  const { units, quantity } = restUnits(line, cut);
  const rating = rateSpanning(overagePricingBands, cumulative, {
    prior: timesFraction(cut.units, ofBlock),
    hasPrior: cut.units.gt(0),
    units: timesFraction(units, ofBlock),
  });
  const { quantityPerUnit } = rated.metric.row;
  const source = { quantity: timesFraction(quantity, ofBlock), quantityPerUnit, cumulative };
  const bands = bandUsage(rating.use, source);
  if (share.numerator.eq(share.denominator)) return { exactAmount: rating.amount, bands };
  return {
    exactAmount: timesFraction(rating.amount, share),
    bands: bands.map((band) => sharedBand(band, share)),
  };
}

/** By units; where 2 and 1 calls are no pack yet, its fixed price of 9 is shared by them: 6 and 3. */
function shareOfBlock({ units, shares }: RatedWindow, line: DraftLine): Fraction {
  if (!units.isZero()) return fraction(line.units, units);
  if (shares.length === 1) return WHOLE;
  const own = shares.filter(({ account }) => account.id === line.reason.accountId);
  return fraction(sumOf(own.map(({ weight }) => weight)), sumOf(shares.map(({ weight }) => weight)));
}

function restUnits(line: DraftLine, cut: UsageCut) {
  const quantity = line.quantity.minus(shareOfQuantity(line, cut.units));
  return { units: line.units.minus(cut.units), quantity };
}

function shareOfQuantity(line: DraftLine, units: Decimal): Decimal {
  if (units.isZero() || line.units.isZero()) return ZERO;
  return timesFraction(line.quantity, fraction(units, line.units));
}

type Part = Amounts & {
  readonly units: Decimal;
  readonly quantity: Decimal;
  readonly bands: readonly PricingBandUsage[];
  readonly exactAmount: Decimal;
};

function partOf(line: DraftLine, { bands, exactAmount, ...amounts }: Part): DraftLine {
  const { units } = amounts;
  return {
    ...line,
    ...amounts,
    averageUnitPrice: averageUnitPrice(exactAmount, units),
    usagePerPricingBand: bands,
    reason: { ...line.reason, exactAmount },
  };
}

/** The line for what exceeds the credit, which it names. */
function overageLine({ drawable, credit }: Overage, part: Part): DraftLine {
  const line = partOf(drawable.line, part);
  const isCommitment = credit.source === 'PREPAYMENT';
  return {
    ...line,
    key: `overage/${line.key}`,
    rank: RANK.overageUsage,
    lineItemType: 'OVERAGE_USAGE',
    description: credit.overage.description ?? line.description,
    commitmentId: isCommitment ? credit.id : null,
    balanceId: isCommitment ? null : credit.id,
    reason: { ...line.reason, rule: '50 §6.7', chargeKey: `overage/${line.reason.chargeKey}` },
  };
}
