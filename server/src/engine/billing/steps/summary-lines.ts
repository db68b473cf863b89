// Spec 40 §6.3: lines of children's own plans that the parent's bill shows together (PARENT_SUMMARY).
import type { Decimal } from '../../../kernel/decimal.ts';
import { averageUnitPrice } from '../../pricing/band-usage.ts';
import type { BilledLine, PricingBandUsage } from '../bill.ts';
import type { Calculation } from '../calculation.ts';
import type { Draft, DraftLine } from '../draft.ts';
import { sortedBy } from '../facts-index.ts';
import { segmentKey } from '../pricing-slot.ts';
import { hullOf } from '../service-span.ts';
import { servicePeriod } from '../time-charge.ts';

/**
 * Merges per pricing, segment and type over all children of that mode; amounts are sums of rounded amounts.
 */
export function summaryLines(draft: Draft, calculation: Calculation): Draft {
  if (calculation.index.facts.accounts.length === 1) return draft;
  const keys = new Map(draft.lines.map((line) => [line, mergeKey(calculation, line)]));
  const merged = [...new Set(keys.values())]
    .filter((key) => key !== null)
    .map((key) => mergedLine(draft.lines.filter((line) => keys.get(line) === key)));
  return { ...draft, lines: [...draft.lines.filter((line) => keys.get(line) === null), ...merged] };
}

/** Equal for lines that become one; null for lines that stay as they are. */
function mergeKey({ index }: Calculation, line: DraftLine): string | null {
  const accountPlan = index.facts.accountPlans.find((row) => row.id === line.reason.accountPlanId);
  if (accountPlan === undefined || accountPlan.childBillingMode !== 'PARENT_SUMMARY') return null;
  if (accountPlan.accountId === index.head.id) return null;
  return JSON.stringify([
    line.billAccountId,
    line.lineItemType,
    line.reason.timing,
    line.pricingId,
    segmentKey(line.segment),
    line.planId,
    line.planGroupId,
    line.counterId,
    line.commitmentId,
    line.balanceId,
    line.description,
  ]);
}

function mergedLine(lines: readonly DraftLine[]): DraftLine {
  const sorted = sortedBy(lines, (line) => line.key);
  const joined = sorted.reduce(joinedLine);
  const mergedFrom = sorted.length > 1 ? sorted.map(billedLine) : [];
  return { ...joined, reason: { ...joined.reason, mergedFrom } };
}

function joinedLine(a: DraftLine, b: DraftLine): DraftLine {
  const isFixed = a.unit === '';
  const units = isFixed ? a.units : a.units.plus(b.units);
  const exactAmount = a.reason.exactAmount.plus(b.reason.exactAmount);
  const subtotal = a.subtotal.plus(b.subtotal);
  const service = hullOf([servicePeriod(a), servicePeriod(b)]);
  return {
    ...a,
    quantity: isFixed ? a.quantity : a.quantity.plus(b.quantity),
    units,
    averageUnitPrice: isFixed ? subtotal : averageUnitPrice(exactAmount, units),
    subtotal,
    convertedSubtotal: a.convertedSubtotal.plus(b.convertedSubtotal),
    usagePerPricingBand: joinedBands(a.usagePerPricingBand, b.usagePerPricingBand),
    servicePeriodStartDate: service.start,
    servicePeriodEndDate: service.end,
    contractId: a.contractId === b.contractId ? a.contractId : null,
    reason: {
      ...a.reason,
      exactAmount,
      normalSubtotal: joinedAmount(a.reason.normalSubtotal, b.reason.normalSubtotal),
      usage: [...a.reason.usage, ...b.reason.usage],
    },
  };
}

function joinedAmount(a: Decimal | null, b: Decimal | null): Decimal | null {
  return a === null || b === null ? (a ?? b) : a.plus(b);
}

type Bands = readonly PricingBandUsage[] | null;

function joinedBands(a: Bands, b: Bands): Bands {
  if (a === null || b === null) return a ?? b;
  const ids = [...new Set([...a, ...b].map((band) => band.pricingBandId))];
  return ids
    .map((id) => [...a, ...b].filter((band) => band.pricingBandId === id).reduce(joinedBand))
    .toSorted((one, other) => one.lowerLimit.cmp(other.lowerLimit));
}

function joinedBand(a: PricingBandUsage, b: PricingBandUsage): PricingBandUsage {
  return {
    ...a,
    fixedPrice: a.fixedPrice.plus(b.fixedPrice),
    bandUnits: a.bandUnits.plus(b.bandUnits),
    bandQuantity: a.bandQuantity.plus(b.bandQuantity),
    unitSubtotal: a.unitSubtotal.plus(b.unitSubtotal),
    bandSubtotal: a.bandSubtotal.plus(b.bandSubtotal),
    convertedBandSubtotal: a.convertedBandSubtotal.plus(b.convertedBandSubtotal),
  };
}

/** What later bills must still know of each child's line, such as the minimum to give back. */
function billedLine(line: DraftLine): BilledLine {
  const { reason } = line;
  return {
    key: line.key,
    lineItemType: line.lineItemType,
    subtotal: line.subtotal,
    currency: line.currency,
    planId: line.planId,
    planGroupId: line.planGroupId,
    pricingId: line.pricingId,
    servicePeriodStartDate: line.servicePeriodStartDate,
    servicePeriodEndDate: line.servicePeriodEndDate,
    reason: {
      chargeKey: reason.chargeKey,
      timing: reason.timing,
      accountPlanId: reason.accountPlanId,
      accountId: reason.accountId,
      normalSubtotal: reason.normalSubtotal,
      refundedLineKey: reason.refundedLineKey,
      mergedFrom: reason.mergedFrom,
    },
  };
}
