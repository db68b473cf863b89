import { sql } from 'kysely';
import type { DraftBill } from '../../engine/billing/bill.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Row, Tx } from '../../store/database.ts';
import { rowSet } from '../../store/row-set.ts';
import { withNext } from '../../store/value-client.ts';
import type { BillRow } from './bill-rows.ts';

type Calculation = { readonly billJobId: string | null; readonly writer: { readonly now: Instant } };

/** The columns of a bill that its calculation decides; every calculation makes it PENDING (spec 40 §7.1). */
export function calculatedValues(draft: DraftBill, { billJobId, writer }: Calculation): Row {
  return {
    startDate: draft.startDate,
    accountId: draft.identity.accountId,
    gridDate: draft.identity.gridDate,
    groupKey: draft.identity.groupKey,
    frequencyKey: draft.identity.frequencyKey,
    endDate: draft.endDate,
    startDateTimeUtc: draft.startDateTimeUTC,
    endDateTimeUtc: draft.endDateTimeUTC,
    billDate: draft.billDate,
    dueDate: draft.dueDate,
    externalInvoiceDate: draft.externalInvoiceDate,
    billingFrequency: draft.billingFrequency,
    billFrequencyInterval: draft.billFrequencyInterval,
    currency: draft.currency,
    currencyConversions: draft.currencyConversions,
    purchaseOrderNumber: draft.purchaseOrderNumber,
    billTotal: draft.billTotal,
    stamp: draft.stamp,
    periods: draft.periods,
    status: 'PENDING',
    dtApproved: null,
    approvedBy: null,
    billJobId,
    lastCalculatedDate: writer.now,
  };
}

/** A bill without what is read from elsewhere. */
function storedValues({ accountCode: _, locked: __, ...stored }: BillRow): Row {
  return stored;
}

/**
 * Overwrites existing bills whole; the transaction has locked them. Their statements are stale from now on.
 */
export async function replaceBills(tx: Tx, bills: readonly BillRow[]): Promise<void> {
  const [first] = bills;
  if (first === undefined) return;
  const kept = ['orgId', 'id', 'contentVersion'];
  const names = Object.keys(storedValues(first)).filter((name) => !kept.includes(name));
  const assignments = [
    ...names.map((name) => sql`${sql.ref(name)} = ${sql.ref(`r.${name}`)}`),
    sql`content_version = b.content_version + 1`,
  ];
  const rows = await rowSet(tx, 'bill', bills);
  await sql`${withNext}update bill b set ${sql.join(assignments)} from ${rows} r
    where b.org_id = ${first.orgId} and b.org_id = r.org_id and b.id = r.id`.execute(tx);
}
