// Spec 50 §6.6, §11, §12: the line of a bill that shows what a credit pays, and the record of it.
import { ONE, sumOf } from '../../kernel/decimal.ts';
import { earlier } from '../../kernel/time.ts';
import type { Calculation } from './calculation.ts';
import { type DraftLine, type PlacedDraw, RANK } from './draft.ts';
import type { Taken } from './draw-down.ts';
import { hullOf } from './service-span.ts';

/** One negative line for everything that a credit pays on one bill; at least one part. */
export function consumedLine(calculation: Calculation, parts: readonly [Taken, ...Taken[]]): DraftLine {
  const [{ credit, line, rate }] = parts;
  const service = hullOf(parts.map((part) => part.span));
  const subtotal = sumOf(parts.map((part) => part.amount)).negated();
  const key = `draw/${credit.source}/${credit.id}`;
  const child = credit.accountId === calculation.index.head.id ? null : line;
  return {
    key,
    billAccountId: line.billAccountId,
    rank: RANK.drawDown,
    planCode: '',
    attachedKey: null,
    lineItemType: 'BALANCE_CONSUMED',
    description: credit.description,
    quantity: ONE,
    units: ONE,
    unit: '',
    averageUnitPrice: subtotal,
    subtotal,
    currency: credit.currency,
    conversionRate: rate,
    convertedSubtotal: sumOf(parts.map((part) => part.convertedAmount)).negated(),
    usagePerPricingBand: null,
    servicePeriodStartDate: service.start,
    servicePeriodEndDate: service.end,
    ...NOTHING_PRICED,
    ...productsOf(calculation, parts[0]),
    balanceId: credit.id,
    contractId: credit.contractId,
    childAccountId: child?.childAccountId ?? null,
    childAccountCode: child?.childAccountCode ?? null,
    reason: {
      rule: '50 §6',
      chargeKey: key,
      timing: 'ARREARS',
      accountPlanId: null,
      accountId: credit.accountId,
      ...service,
      usageQueryKey: null,
      units: ONE,
      earlierUnits: null,
      bands: null,
      proration: null,
      exactAmount: subtotal,
      conversionRate: rate,
      refundedLineKey: null,
      mergedFrom: [],
      drawn: parts.map(drawnPart),
      pricingId: null,
      aggregationId: null,
      segment: null,
    },
  };
}

const NOTHING_PRICED = {
  segment: null,
  aggregationId: null,
  compoundAggregationId: null,
  meterId: null,
  counterId: null,
  pricingId: null,
  planId: null,
  planGroupId: null,
  referencedBillId: null,
  referencedLineItemId: null,
  reasonId: null,
} as const;

/** The product is that of a credit for one product; the accounting product is the credit's own or none. */
function productsOf({ index }: Calculation, { credit }: Taken) {
  const { productIds, accountingProductId } = credit;
  const productId = productIds.length === 1 ? (productIds[0] ?? null) : null;
  const product = productId === null ? undefined : index.products.get(productId);
  const accounting = accountingProductId === null ? undefined : index.products.get(accountingProductId);
  return {
    productId,
    productName: product?.name ?? null,
    productCode: product?.code ?? null,
    accountingProductId,
    accountingProductName: accounting?.name ?? null,
    accountingProductCode: accounting?.code ?? null,
  };
}

function drawnPart({ line, phase, amount, convertedAmount }: Taken) {
  return { lineKey: line.key, phase: phase.phase, amount, convertedAmount };
}

/** The record of what a credit pays on one bill in one phase; at least one part. */
export function placedDraw(parts: readonly [Taken, ...Taken[]]): PlacedDraw {
  const [{ credit, phase, line }] = parts;
  return {
    billAccountId: line.billAccountId,
    creditId: credit.id,
    phase: phase.phase,
    amount: sumOf(parts.map((part) => part.amount)),
    description: credit.description,
    end: earlier(hullOf(parts.map((part) => part.span)).end, phase.window.end),
  };
}
