import { sql } from 'kysely';
import { isEarlier } from '../../api/body-rules.ts';
import { refusal } from '../../kernel/errors.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Row, Tx } from '../../store/database.ts';
import type { BillRow } from './bill-rows.ts';
import { type MemoKind, reasonOf, type SentMemo, type StoredMemo } from './memo-line.ts';

/**
 * The stored values of a memo on a bill: what the body leaves out follows from the rest of it and from the
 * bill (spec 40 §12). Throws VALIDATION_FAILED for amounts and dates that do not fit each other.
 */
export function memoValues(kind: MemoKind, sent: SentMemo, bill: BillRow): Row {
  const amountToApplyOnBill = sent.amountToApplyOnBill ?? sent.amount;
  if (amountToApplyOnBill.gt(sent.amount)) {
    throw refusal('VALIDATION_FAILED', 'amountToApplyOnBill', 'must not be more than amount');
  }
  return {
    ...sent,
    ...servicePeriod(sent, bill),
    billId: bill.id,
    amountToApplyOnBill,
    accountingProductId: sent.accountingProductId ?? sent.productId,
    [kind.reasonField]: reasonOf(kind, sent),
  };
}

function servicePeriod(sent: SentMemo, bill: BillRow) {
  const { servicePeriodStartDate: start, servicePeriodEndDate: end } = sent;
  const isSent = start !== null || end !== null;
  const period = {
    servicePeriodStartDate: start ?? (bill['startDateTimeUtc'] as Instant),
    servicePeriodEndDate: end ?? (bill['endDateTimeUtc'] as Instant),
  };
  if (isSent && !isEarlier(period.servicePeriodStartDate, period.servicePeriodEndDate)) {
    throw refusal('VALIDATION_FAILED', 'servicePeriodEndDate', 'must be later than servicePeriodStartDate');
  }
  return period;
}

export type Referring = {
  readonly orgId: string;
  /** The account unit of the bill that the memo is on: a parent with its children, or a single account. */
  readonly unitId: string;
  readonly memo: StoredMemo;
  /** The memo as it was; null for a new one. */
  readonly before: StoredMemo | null;
};

/**
 * What a memo refers to exists and is on a bill of the same account or hierarchy; a line is one of the bill
 * that is referred to with it (spec 40 §12). Else REFERENCE_NOT_FOUND, which says no more of other accounts.
 * A reference that stays may have lost its bill since.
 */
export async function referencesMustFit(tx: Tx, { orgId, unitId, memo, before }: Referring): Promise<void> {
  const { referencedBillId: billId, referencedLineItemId: lineId } = memo;
  const { rows } = await sql<{ billFits: boolean; lineFits: boolean }>`
    with near as (
      select b.id from bill b join account a on a.org_id = b.org_id and a.id = b.account_id
      where b.org_id = ${orgId} and ${unitId} in (a.id, a.parent_account_id)
    )
    select ${billId}::uuid is null or exists (select from near where near.id = ${billId}) as bill_fits,
      ${lineId}::uuid is null or exists (
        select from bill_line_item l join near on near.id = l.bill_id
        where l.org_id = ${orgId} and l.id = ${lineId} and l.bill_id = coalesce(${billId}::uuid, l.bill_id)
      ) as line_fits`.execute(tx);
  const isSameBill = billId === before?.referencedBillId;
  const isSameLine = isSameBill && lineId === before.referencedLineItemId;
  if (!isSameBill && !rows[0]?.billFits) {
    throw refusal('REFERENCE_NOT_FOUND', 'referencedBillId', 'is no bill of the account or its hierarchy');
  }
  if (!isSameLine && !rows[0]?.lineFits) {
    throw refusal('REFERENCE_NOT_FOUND', 'referencedLineItemId', 'is no line of a bill that can be meant');
  }
}

/** An archived reason stays where it is and takes no new uses (spec 40 §12). */
export async function reasonMustBeLive(tx: Tx, orgId: string, used: UsedReason): Promise<void> {
  const { kind, after, before } = used;
  const reasonId = reasonOf(kind, after);
  if (reasonId === null || (before !== null && reasonOf(kind, before) === reasonId)) return;
  const { rows } = await sql`
    select from ${sql.table(kind.reasonTable)} where org_id = ${orgId} and id = ${reasonId} and archived
  `.execute(tx);
  if (rows.length > 0) throw refusal('REFERENCE_NOT_FOUND', kind.reasonField, 'is archived');
}

type UsedReason = {
  readonly kind: MemoKind;
  readonly after: StoredMemo;
  /** The memo as it was; null for a new one. */
  readonly before: StoredMemo | null;
};
