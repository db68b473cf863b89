// Spec 40 §5.2: what lines that price no usage and no counter leave empty.

/** A line begins with this and sets what it does come from. */
export const NO_ORIGIN = {
  usagePerPricingBand: null,
  segment: null,
  aggregationId: null,
  compoundAggregationId: null,
  meterId: null,
  counterId: null,
  pricingId: null,
  planId: null,
  planGroupId: null,
  productId: null,
  productName: null,
  productCode: null,
  accountingProductId: null,
  accountingProductName: null,
  accountingProductCode: null,
  commitmentId: null,
  balanceId: null,
  chargeId: null,
  contractId: null,
  childAccountId: null,
  childAccountCode: null,
  referencedBillId: null,
  referencedLineItemId: null,
  reasonId: null,
} as const;
