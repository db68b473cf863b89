import { z } from 'zod';
import {
  amount,
  date,
  dateTime,
  flag,
  freeObject,
  group,
  integer,
  list,
  oneOf,
  optional,
  reference,
  text,
  textMap,
} from '../../api/fields.ts';

export const BILLING_FREQUENCIES = ['DAILY', 'WEEKLY', 'MONTHLY', 'ANNUALLY', 'AD_HOC', 'MIXED'] as const;
export const BILL_STATUSES = ['PENDING', 'APPROVED'] as const;

/** Of these years bills are wanted: their periods and due dates stay in years that can be stored. */
export const BILLED_YEARS = [1000, 8999] as const;

/** Every type that a line can have; the legacy ones are only filtered by (spec 40 §5.1). */
export const LINE_ITEM_TYPES = [
  'STANDING_CHARGE',
  'USAGE',
  'COUNTER_RUNNING_TOTAL_CHARGE',
  'COUNTER_ADJUSTMENT_DEBIT',
  'COUNTER_ADJUSTMENT_CREDIT',
  'USAGE_CREDIT',
  'MINIMUM_SPEND',
  'MINIMUM_SPEND_REFUND',
  'CREDIT_DEDUCTION',
  'MANUAL_ADJUSTMENT',
  'CREDIT_MEMO',
  'DEBIT_MEMO',
  'COMMITMENT_CONSUMED',
  'COMMITMENT_FEE',
  'OVERAGE_SURCHARGE',
  'OVERAGE_USAGE',
  'BALANCE_CONSUMED',
  'BALANCE_FEE',
  'AD_HOC',
] as const;

/** Rates as configuration and jobs take them: one `from` is worth `multiplier` of `to` (spec 40 §5.7). */
export function currencyConversions(max?: number) {
  const conversion = group({
    from: text({ max: 80 }),
    to: text({ max: 80 }),
    multiplier: optional(amount({ above: 0 })),
  });
  return list(conversion, max === undefined ? {} : { max });
}

function bandFields() {
  return group({
    pricingBandId: text(),
    lowerLimit: amount(),
    fixedPrice: amount(),
    unitPrice: amount(),
    bandUnits: amount(),
    bandQuantity: amount(),
    unitSubtotal: amount(),
    bandSubtotal: amount(),
    convertedBandSubtotal: amount(),
  });
}

function lineFields() {
  return {
    lineItemType: oneOf(LINE_ITEM_TYPES),
    description: text(),
    quantity: amount(),
    units: amount(),
    unit: text({ min: 0 }),
    averageUnitPrice: amount(),
    subtotal: amount(),
    currency: text(),
    conversionRate: amount(),
    convertedSubtotal: amount(),
    servicePeriodStartDate: dateTime(),
    servicePeriodEndDate: dateTime(),
    sequenceNumber: integer(),
    segment: optional(textMap()),
    group: optional(textMap()),
    productId: optional(reference('Product')),
    productName: optional(text()),
    productCode: optional(text()),
    accountingProductId: optional(reference('Product')),
    accountingProductName: optional(text()),
    accountingProductCode: optional(text()),
    aggregationId: optional(reference('Aggregation')),
    compoundAggregationId: optional(reference('CompoundAggregation')),
    meterId: optional(reference('Meter')),
    counterId: optional(reference('Counter')),
    pricingId: optional(reference('Pricing')),
    planId: optional(reference('Plan')),
    planGroupId: optional(reference('PlanGroup')),
    contractId: optional(reference('Contract')),
    commitmentId: optional(reference('Commitment')),
    balanceId: optional(reference('Balance')),
    chargeId: optional(reference('Charge')),
    referencedBillId: optional(reference('Bill')),
    referencedLineItemId: optional(reference('BillLineItem')),
    reasonId: optional(reference('Reason')),
    additional: optional(freeObject()),
  };
}

/** A line as it is answered inside of its bill. */
export function embeddedLineItem() {
  return z.object({
    id: reference('BillLineItem'),
    ...lineFields(),
    usagePerPricingBand: optional(list(bandFields())),
    childAccountId: optional(reference('Account')),
    childAccountCode: optional(text()),
  });
}

/** A line as it is answered by itself. */
export function lineItemResponse() {
  return z.object({
    ...lineFields(),
    billId: reference('Bill'),
    bandUsage: optional(list(bandFields())),
    jsonUsageGenerated: flag(),
  });
}

/** A bill as it is answered (spec 40 §4.1). */
export function billResponse() {
  return z.object({
    accountId: reference('Account'),
    accountCode: text(),
    startDate: date(),
    endDate: date(),
    startDateTimeUTC: dateTime(),
    endDateTimeUTC: dateTime(),
    billDate: date(),
    dueDate: date(),
    externalInvoiceDate: date(),
    billingFrequency: oneOf(BILLING_FREQUENCIES),
    billFrequencyInterval: optional(integer()),
    timezone: text(),
    currency: text(),
    currencyConversions: currencyConversions(),
    purchaseOrderNumber: optional(text()),
    status: oneOf(BILL_STATUSES),
    locked: flag(),
    dtApproved: optional(dateTime()),
    approvedBy: optional(text()),
    dtLocked: optional(dateTime()),
    lockedBy: optional(text()),
    billJobId: optional(reference('BillJob')),
    createdDate: dateTime(),
    lastCalculatedDate: dateTime(),
    sequentialInvoiceNumber: optional(text()),
    externalInvoiceReference: optional(text()),
    jsonStatementGenerated: flag(),
    csvStatementGenerated: flag(),
    statementStale: flag(),
    billTotal: optional(amount()),
    lineItems: optional(list(embeddedLineItem())),
  });
}
