// Spec 40 §5.4: the order of the lines on a bill.
import { Temporal } from '../../kernel/time.ts';
import type { BillLine } from './bill.ts';
import type { DraftLine } from './draft.ts';
import { textOrder } from './facts-index.ts';
import { segmentKey } from './pricing-slot.ts';

/** The lines of one bill in order: by step, then product name, plan code, description, segment and child. */
export function numberedLines(lines: readonly DraftLine[]): readonly BillLine[] {
  return lines.toSorted(lineOrder).map((line, at) => billLine(line, at + 1));
}

/** With every name written out, since leaving some out of so wide an object takes many times as long. */
function billLine(line: DraftLine, sequenceNumber: number): BillLine {
  return {
    key: line.key,
    lineItemType: line.lineItemType,
    description: line.description,
    quantity: line.quantity,
    units: line.units,
    unit: line.unit,
    averageUnitPrice: line.averageUnitPrice,
    subtotal: line.subtotal,
    currency: line.currency,
    conversionRate: line.conversionRate,
    convertedSubtotal: line.convertedSubtotal,
    usagePerPricingBand: line.usagePerPricingBand,
    servicePeriodStartDate: line.servicePeriodStartDate,
    servicePeriodEndDate: line.servicePeriodEndDate,
    segment: line.segment,
    aggregationId: line.aggregationId,
    compoundAggregationId: line.compoundAggregationId,
    meterId: line.meterId,
    counterId: line.counterId,
    pricingId: line.pricingId,
    planId: line.planId,
    planGroupId: line.planGroupId,
    productId: line.productId,
    productName: line.productName,
    productCode: line.productCode,
    accountingProductId: line.accountingProductId,
    accountingProductName: line.accountingProductName,
    accountingProductCode: line.accountingProductCode,
    commitmentId: line.commitmentId,
    balanceId: line.balanceId,
    chargeId: line.chargeId,
    contractId: line.contractId,
    childAccountId: line.childAccountId,
    childAccountCode: line.childAccountCode,
    referencedBillId: line.referencedBillId,
    referencedLineItemId: line.referencedLineItemId,
    reasonId: line.reasonId,
    reason: line.reason,
    sequenceNumber,
  };
}

/** Negative, 0 or positive, as lines of one bill follow each other. */
export function lineOrder(a: DraftLine, b: DraftLine): number {
  return (
    a.rank - b.rank ||
    textOrder(a.productName ?? '', b.productName ?? '') ||
    textOrder(a.planCode, b.planCode) ||
    textOrder(a.description, b.description) ||
    textOrder(segmentKey(a.segment), segmentKey(b.segment)) ||
    textOrder(a.childAccountCode ?? '', b.childAccountCode ?? '') ||
    Temporal.Instant.compare(a.servicePeriodStartDate, b.servicePeriodStartDate) ||
    textOrder(a.key, b.key)
  );
}
