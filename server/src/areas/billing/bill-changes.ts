import { sql } from 'kysely';
import type { Row, Tx } from '../../store/database.ts';
import { columnValue, type Writer } from '../../store/entity-store.ts';
import { type Change, recordChanges } from '../../store/outbox.ts';
import { billInEvent } from './bill-answer.ts';
import { type BillRow, type LineRow, linesOfBills } from './bill-rows.ts';

/** A bill and its lines at one version. */
export type WholeBill = { readonly bill: BillRow; readonly lines: readonly LineRow[] };

/** The audit and event of one written bill; before is null for a new one, after for a deleted one. */
export function billChange(
  before: WholeBill | null,
  after: WholeBill | null,
  requestId: string | null,
): Change {
  return {
    entityType: 'Bill',
    entityId: (after ?? before)?.bill.id ?? '',
    action: before === null ? 'created' : after === null ? 'deleted' : 'updated',
    event: 'billing.bill',
    before: before && billInEvent(before.bill, before.lines),
    after: after && billInEvent(after.bill, after.lines),
    requestId,
  };
}

/** Writes audit and events; the audit log does without the lines, which have rows of their own. */
export async function recordBillChanges(tx: Tx, writer: Writer, changes: readonly Change[]): Promise<void> {
  await recordChanges(tx, writer, { changes, onlyInEvents: ['lineItems'] });
}

export type BillsUpdate = {
  /** Locked by the transaction. */
  readonly bills: readonly BillRow[];
  /** New values of stored fields. */
  readonly values: Row;
  readonly requestId: string | null;
};

/** Sets the same values on all of the bills: one version more each, with audit and event. */
export async function updateBills(tx: Tx, writer: Writer, update: BillsUpdate): Promise<readonly BillRow[]> {
  const { bills, values, requestId } = update;
  if (bills.length === 0) return [];
  const ids = bills.map((bill) => bill.id);
  const assignments = Object.entries(values).map(
    ([name, value]) => sql`${sql.ref(name)} = ${columnValue(value)}`,
  );
  await sql`update bill set ${sql.join(assignments)}, version = version + 1,
      dt_last_modified = ${writer.now}, last_modified_by = ${writer.principalId}
    where org_id = ${writer.orgId} and id = any(${ids}::uuid[])`.execute(tx);
  const envelope = { dtLastModified: writer.now, lastModifiedBy: writer.principalId };
  const lines = await linesOfBills(tx, writer.orgId, ids);
  const after = bills.map((bill) => {
    const row = { ...bill, ...values, ...envelope, version: bill.version + 1 } as BillRow;
    return { ...row, locked: row.locked || row.dtLocked !== null };
  });
  const changes = bills.map((bill, i) => {
    const same = lines.get(bill.id) ?? [];
    const next = after[i] as BillRow;
    return billChange({ bill, lines: same }, { bill: next, lines: same }, requestId);
  });
  await recordBillChanges(tx, writer, changes);
  return after;
}
