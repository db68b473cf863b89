// Spec 40 §12, §5.4 step 11, 50 §10.2: the bill lines of credit and debit memos and their order.
import { type Decimal, isDecimal, ONE } from '../../kernel/decimal.ts';
import type { ClosedSpan } from '../calendar/local-dates.ts';
import { type CurrencyRule, type RoundingFailure, roundAmount } from '../money/rounding.ts';
import type { BillLine, LineReason } from './bill.ts';
import { type DraftLine, RANK } from './draft.ts';
import type { ProductFacts } from './facts.ts';
import { numberedLines } from './line-order.ts';
import { NO_ORIGIN } from './no-origin.ts';
import { PLAIN_REASON } from './plain-reason.ts';

/** An amount that somebody puts on a bill by hand, in the currency of that bill. */
export type Memo = {
  readonly id: string;
  readonly lineItemType: 'CREDIT_MEMO' | 'DEBIT_MEMO';
  readonly description: string;
  /** Above 0, also for a credit. */
  readonly amount: Decimal;
  /** From 0 to `amount`: the part that counts in the total of this bill. */
  readonly amountToApplyOnBill: Decimal;
  readonly service: ClosedSpan;
  readonly product: ProductFacts | null;
  readonly accountingProduct: ProductFacts | null;
  readonly referencedBillId: string | null;
  readonly referencedLineItemId: string | null;
  readonly reasonId: string | null;
};

/** The account of the bill that a memo is on, and how amounts in the bill's currency are rounded. */
export type MemoBill = { readonly accountId: string; readonly currency: CurrencyRule };

/** The line of a memo before it has its place among the others. */
export type MemoLine = Omit<BillLine, 'sequenceNumber'>;

/**
 * The line of a memo, whose key is the memo's id. The subtotal is the whole amount, below 0 for a credit;
 * what counts on the bill is the converted subtotal: a credit of 50 of which 30 apply has the subtotal -50
 * and lowers the total by 30. Answers a failure when the currency cannot represent one of the amounts and
 * must not be rounded.
 */
export function memoLine(memo: Memo, { accountId, currency }: MemoBill): MemoLine | RoundingFailure {
  const counted = signed(memo, memo.amountToApplyOnBill);
  const subtotal = roundAmount(signed(memo, memo.amount), currency);
  if (!isDecimal(subtotal)) return subtotal;
  const convertedSubtotal = roundAmount(counted, currency);
  if (!isDecimal(convertedSubtotal)) return convertedSubtotal;
  return {
    key: memo.id,
    lineItemType: memo.lineItemType,
    description: memo.description,
    quantity: ONE,
    units: ONE,
    unit: '',
    averageUnitPrice: subtotal,
    subtotal,
    currency: currency.code,
    conversionRate: ONE,
    convertedSubtotal,
    servicePeriodStartDate: memo.service.start,
    servicePeriodEndDate: memo.service.end,
    ...NO_ORIGIN,
    ...productFields(memo),
    referencedBillId: memo.referencedBillId,
    referencedLineItemId: memo.referencedLineItemId,
    reasonId: memo.reasonId,
    reason: reasonOf(memo, accountId, counted),
  };
}

function signed({ lineItemType }: Memo, amount: Decimal): Decimal {
  return lineItemType === 'CREDIT_MEMO' ? amount.negated() : amount;
}

function productFields({ product, accountingProduct }: Memo) {
  return {
    productId: product?.id ?? null,
    productName: product?.name ?? null,
    productCode: product?.code ?? null,
    accountingProductId: accountingProduct?.id ?? null,
    accountingProductName: accountingProduct?.name ?? null,
    accountingProductCode: accountingProduct?.code ?? null,
  };
}

function reasonOf({ id }: Memo, accountId: string, exactAmount: Decimal): LineReason {
  return { ...PLAIN_REASON, rule: '40 §12', chargeKey: id, timing: 'ARREARS', accountId, exactAmount };
}

/** A memo's line as a calculation carries it along. */
export function draftMemoLine(line: MemoLine, billAccountId: string): DraftLine {
  return { ...line, billAccountId, rank: RANK.memo, planCode: '', attachedKey: null };
}

/** The memo lines of one bill in their order, numbered on from its `others` lines, which come before them. */
export function numberedMemoLines(memos: readonly MemoLine[], others: number): readonly BillLine[] {
  return numberedLines(memos.map((line) => draftMemoLine(line, line.reason.accountId))).map((line) => ({
    ...line,
    sequenceNumber: others + line.sequenceNumber,
  }));
}
