import { z } from 'zod';
import {
  amount,
  assigned,
  dateTime,
  longText,
  oneOf,
  optional,
  reference,
  requestOnly,
} from '../../api/fields.ts';
import { type AnyResource, defineResource } from '../../api/resource.ts';
import type { EntityOf } from '../../api/resource-spec.ts';
import type { Decimal } from '../../kernel/decimal.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Row } from '../../store/database.ts';

type MemoType = 'CREDIT_MEMO' | 'DEBIT_MEMO';

/** What people say about a memo (spec 40 §12). Only amount and description are required. */
function memoFields(lineItemType: MemoType) {
  return {
    billId: assigned(reference('Bill'), null, { hidden: true }),
    lineItemType: requestOnly(oneOf([lineItemType])),
    amount: amount({ above: 0 }),
    amountToApplyOnBill: optional(amount({ min: 0 })),
    description: longText(),
    productId: optional(reference('Product')),
    accountingProductId: optional(reference('Product')),
    referencedBillId: optional(reference('Bill')),
    referencedLineItemId: optional(reference('BillLineItem')),
    servicePeriodStartDate: optional(dateTime()),
    servicePeriodEndDate: optional(dateTime()),
    reasonId: requestOnly(reference('Reason')),
  };
}

const EVERY_VERB = ['create', 'list', 'get', 'update', 'delete'] as const;
const EXAMPLE = { amount: 20, description: 'Goodwill' };

/** Money that somebody takes off a bill. Its operations are in `memo-operations.ts`. */
export const creditLineItem = defineResource({
  name: 'CreditLineItem',
  path: 'bills/{billId}/creditlineitems',
  summary: 'a credit line item',
  table: 'credit_line_item',
  permission: 'billing:lineitem',
  event: null,
  maxPageSize: 100,
  fields: { ...memoFields('CREDIT_MEMO'), creditReasonId: optional(reference('CreditReason')) },
  example: EXAMPLE,
  except: EVERY_VERB,
  answer: (memo) => memoAnswer('CREDIT_MEMO', memo),
});

/** Money that somebody adds to a bill. */
export const debitLineItem = defineResource({
  name: 'DebitLineItem',
  path: 'bills/{billId}/debitlineitems',
  summary: 'a debit line item',
  table: 'debit_line_item',
  permission: 'billing:lineitem',
  event: null,
  maxPageSize: 100,
  fields: { ...memoFields('DEBIT_MEMO'), debitReasonId: optional(reference('DebitReason')) },
  example: EXAMPLE,
  except: EVERY_VERB,
  answer: (memo) => memoAnswer('DEBIT_MEMO', memo),
});

/** One of the two kinds: what differs between credits and debits. */
export type MemoKind = {
  readonly resource: AnyResource;
  readonly lineItemType: MemoType;
  readonly reasonField: 'creditReasonId' | 'debitReasonId';
  readonly reasonTable: 'credit_reason' | 'debit_reason';
};

export const CREDIT_MEMO: MemoKind = {
  resource: creditLineItem,
  lineItemType: 'CREDIT_MEMO',
  reasonField: 'creditReasonId',
  reasonTable: 'credit_reason',
};

export const DEBIT_MEMO: MemoKind = {
  resource: debitLineItem,
  lineItemType: 'DEBIT_MEMO',
  reasonField: 'debitReasonId',
  reasonTable: 'debit_reason',
};

/** A body as it was sent: what it leaves out is null. */
export type SentMemo = Row & EntityOf<ReturnType<typeof memoFields>>;

/** A memo as it is stored: nothing is left to what the bill says. */
export type StoredMemo = SentMemo & {
  readonly billId: string;
  readonly amountToApplyOnBill: Decimal;
  readonly servicePeriodStartDate: Instant;
  readonly servicePeriodEndDate: Instant;
};

/** The reason under its own name, which wins over the older `reasonId`. */
export function reasonOf({ reasonField }: MemoKind, memo: Row): string | null {
  return (memo[reasonField] ?? memo['reasonId'] ?? null) as string | null;
}

/** Fields that the API takes but does not answer. */
const UNANSWERED = ['orgId', 'billId', 'accountingProductId', 'amountToApplyOnBill'];

function memoAnswer(lineItemType: MemoType, memo: Row): Row {
  const shown = Object.entries(memo).filter(([name]) => !UNANSWERED.includes(name));
  return { ...Object.fromEntries(shown), lineItemType };
}

/** What `memoAnswer` answers. */
export function memoResponse({ lineItemType, reasonField }: MemoKind): z.ZodObject {
  return z.object({
    lineItemType: oneOf([lineItemType]),
    amount: amount(),
    description: longText(),
    productId: optional(reference('Product')),
    referencedBillId: optional(reference('Bill')),
    referencedLineItemId: optional(reference('BillLineItem')),
    servicePeriodStartDate: dateTime(),
    servicePeriodEndDate: dateTime(),
    [reasonField]: optional(reference('Reason')),
  });
}
