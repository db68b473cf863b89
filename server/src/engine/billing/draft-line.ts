// Spec 40 §5.2, §5.7, §5.8: a line with all its fields, rounded once and converted once.
import { type Decimal, ONE } from '../../kernel/decimal.ts';
import { instantText } from '../../kernel/time.ts';
import { averageUnitPrice, type BandUsage, published } from '../pricing/band-usage.ts';
import type { BillFailure, LineReason, PricingBandUsage } from './bill.ts';
import { billCurrencyOf, type Calculation } from './calculation.ts';
import type { DraftLine, LineSpec } from './draft.ts';
import { convertedAmount, isBillFailure, roundedAmount } from './line-amount.ts';
import { type Placement, placementOf } from './placement.ts';

/** The amounts of a line once its currency conversion is known. */
type Amounts = { readonly subtotal: Decimal; readonly rate: Decimal; readonly convertedSubtotal: Decimal };

/** The line that a spec describes, or why it cannot be made (no conversion rate, a digit would be lost). */
export function draftLine(calculation: Calculation, spec: LineSpec): DraftLine | BillFailure {
  const { attached, origin, isGroupCharge, product, accountingProductId } = spec;
  const placement = placementOf(calculation, spec.attached, spec.owner);
  const amounts = amountsOf(calculation, spec, placement);
  if (isBillFailure(amounts)) return amounts;
  const bands = spec.bands?.map((band) => convertedBand(band, amounts.rate)) ?? null;
  const start = instantText(spec.service.start);
  const accounting = calculation.index.products.get(accountingProductId ?? '');
  // With every name written out, since spreads into an object as wide as this take most of the time.
  return {
    key: `${spec.chargeKey}|${spec.lineItemType}|${spec.timing}|${start}|${spec.owner.id}`,
    billAccountId: placement.billAccountId,
    rank: spec.rank,
    planCode: isGroupCharge ? '' : attached.plan.code,
    attachedKey: attached.key,
    lineItemType: spec.lineItemType,
    description: spec.description,
    quantity: spec.quantity,
    units: spec.units,
    unit: spec.unit,
    averageUnitPrice: priceOf(spec, amounts),
    subtotal: amounts.subtotal,
    currency: spec.currency,
    conversionRate: amounts.rate,
    convertedSubtotal: amounts.convertedSubtotal,
    usagePerPricingBand: bands,
    servicePeriodStartDate: spec.service.start,
    servicePeriodEndDate: spec.service.end,
    segment: origin.segment ?? null,
    aggregationId: origin.aggregationId ?? null,
    compoundAggregationId: origin.compoundAggregationId ?? null,
    meterId: origin.meterId ?? null,
    counterId: origin.counterId ?? null,
    pricingId: origin.pricingId ?? null,
    planId: isGroupCharge ? null : attached.plan.id,
    planGroupId: isGroupCharge ? (attached.group?.id ?? null) : null,
    productId: product?.id ?? null,
    productName: product?.name ?? null,
    productCode: product?.code ?? null,
    accountingProductId,
    accountingProductName: accounting?.name ?? null,
    accountingProductCode: accounting?.code ?? null,
    commitmentId: null,
    balanceId: null,
    chargeId: null,
    contractId: attached.contract?.id ?? null,
    childAccountId: placement.childAccount?.id ?? null,
    childAccountCode: placement.childAccount?.code ?? null,
    referencedBillId: null,
    referencedLineItemId: null,
    reasonId: null,
    reason: reasonOf(spec),
  };
}

function amountsOf(calculation: Calculation, spec: LineSpec, placement: Placement): Amounts | BillFailure {
  const { billAccountId } = placement;
  const { currency } = spec;
  const entity = `${spec.lineItemType} of ${subjectOf(spec)}`;
  const isWritten = !calculation.unwritten.has(billAccountId);
  const rounded =
    spec.subtotal ??
    roundedAmount(calculation, { amount: spec.exactAmount, currency, entity, billAccountId });
  if (isBillFailure(rounded)) return isWritten ? rounded : unconverted(spec.exactAmount);
  const to = billCurrencyOf(calculation, billAccountId);
  const named = { amount: rounded, currency, entity, billAccountId };
  const converted = convertedAmount(calculation, named, to);
  if (isBillFailure(converted)) return isWritten ? converted : unconverted(rounded);
  return {
    subtotal: rounded,
    rate: converted.rate,
    convertedSubtotal: converted.amount,
  };
}

/** Floors of other bills still count the lines of a bill that cannot be made. */
function unconverted(subtotal: Decimal): Amounts {
  return { subtotal, rate: ONE, convertedSubtotal: subtotal };
}

function subjectOf(spec: LineSpec): string {
  const { group, plan } = spec.attached;
  return spec.isGroupCharge && group !== null ? `plan group ${group.name}` : `plan ${plan.code}`;
}

/** A fixed amount is its own price; else before currency rounding, 0 without units (spec 30 §7.6). */
function priceOf(spec: LineSpec, amounts: Amounts): Decimal {
  return spec.unit === '' ? amounts.subtotal : averageUnitPrice(spec.exactAmount, spec.units);
}

export function convertedBand(band: BandUsage, rate: Decimal): PricingBandUsage {
  const converted = rate === ONE ? band.bandSubtotal : band.bandSubtotal.times(rate);
  return { convertedBandSubtotal: published(converted), ...band };
}

function reasonOf(spec: LineSpec): LineReason {
  const { origin } = spec;
  return {
    rule: spec.rule,
    chargeKey: spec.chargeKey,
    timing: spec.timing,
    accountPlanId: spec.attached.accountPlan.id,
    accountId: spec.owner.id,
    usage: origin.usage ?? [],
    earlierUnits: origin.earlierUnits ?? null,
    proration: origin.proration ?? null,
    exactAmount: spec.exactAmount,
    normalSubtotal: null,
    refundedLineKey: origin.refundedLineKey ?? null,
    mergedFrom: [],
    drawn: [],
    ...(origin.figures && { figures: origin.figures }),
  };
}
