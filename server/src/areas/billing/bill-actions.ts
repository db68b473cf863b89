import { sql } from 'kysely';
import { z } from 'zod';
import { deleteOwned } from '../../api/delete-owned.ts';
import { scopeOf } from '../../api/entity-writes.ts';
import { oneOf } from '../../api/fields.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { idOf } from '../../api/resource.ts';
import { present } from '../../kernel/assert.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Row, Tx } from '../../store/database.ts';
import { deleteEntity } from '../../store/entity-store.ts';
import { inTransaction } from '../../store/transaction.ts';
import { wholeBillAnswer } from './bill-answer.ts';
import { billChange, recordBillChanges } from './bill-changes.ts';
import { replaceDraws } from './bill-draws.ts';
import { BILL_STATUSES, billResponse } from './bill-fields.ts';
import { type BillRow, linesOfBills, lockBillsWhere } from './bill-rows.ts';
import { existing, withLines } from './get-bill.ts';
import { creditLineItem, debitLineItem } from './memo-line.ts';
import { lockUnits } from './run-bill-job.ts';
import { forgetStatements } from './statements/forget-statements.ts';
import { updateFinishedBills } from './statements/order-statements.ts';
import { writingOf } from './statements/statement-job-status.ts';

const UPDATE = { action: 'config:update', resource: 'billing:bill' };

/** Approves a bill, or takes an approval back while it is not locked (spec 40 §7.1). */
export const updateBillStatus = defineOperation({
  id: 'UpdateBillStatus',
  method: 'PUT',
  path: '/bills/{id}/status',
  summary: 'update the status of a bill',
  tag: 'Bill',
  permission: UPDATE,
  body: z.object({ status: oneOf(BILL_STATUSES) }),
  takesVersion: false,
  response: billResponse(),
  handle: (call) =>
    changedBill(call, idOf(call.params), (bill) => {
      const { status } = call.body();
      if (status === bill.status) return null;
      refuseLocked(bill);
      return status === 'APPROVED' ? approval(call) : { status, dtApproved: null, approvedBy: null };
    }),
});

/** What an approval writes on a bill. */
export function approval(call: Pick<AnyCall, 'ctx' | 'principal'>): Row {
  return { status: 'APPROVED', dtApproved: call.ctx.clock.now(), approvedBy: call.principal.id };
}

/** Locks an approved bill for ever, also where a lock date does so until it moves (spec 40 §7.1). */
export const lockBill = defineOperation({
  id: 'LockBill',
  method: 'PUT',
  path: '/bills/{id}/lock',
  summary: 'lock a bill',
  tag: 'Bill',
  permission: UPDATE,
  response: billResponse(),
  handle: (call) =>
    changedBill(call, idOf(call.params), (bill) => {
      if (bill.status === 'PENDING') throw new ApiError('ILLEGAL_STATE', 'a PENDING bill cannot be locked');
      if (bill.dtLocked !== null) return null;
      return { dtLocked: call.ctx.clock.now(), lockedBy: call.principal.id };
    }),
});

/** Removes a bill for good, unless it is locked (spec 40 §4.7). */
export const deleteBill = defineOperation({
  id: 'DeleteBill',
  method: 'DELETE',
  path: '/bills/{id}',
  summary: 'delete a bill',
  tag: 'Bill',
  permission: { action: 'config:delete', resource: 'billing:bill' },
  response: billResponse(),
  handle: (call) => {
    const { orgId } = call;
    const id = idOf(call.params);
    return inTransaction(call.ctx.db, async (tx) => {
      const bill = await lockedRow(tx, orgId, id);
      refuseLocked(bill);
      const lines = (await linesOfBills(tx, orgId, [id])).get(id) ?? [];
      const scope = scopeOf(tx, call);
      const { writer } = scope;
      await replaceDraws(tx, writer, { billIds: [id], draws: [], fees: [], requestId: call.request.id });
      await forgetStatements(scope, id);
      await deleteOwned(creditLineItem, scope, sql`bill_id = ${id}`);
      await deleteOwned(debitLineItem, scope, sql`bill_id = ${id}`);
      await deleteEntity(tx, { name: 'bill' }, { orgId, id });
      await recordBillChanges(tx, writer, [billChange({ bill, lines }, null, call.request.id)]);
      return wholeBillAnswer(bill, lines);
    });
  },
});

/** Nothing is calculated for the bill's account unit meanwhile, since others must not draw what it draws. */
async function lockedRow(tx: Tx, orgId: string, id: string): Promise<BillRow> {
  const { rows } = await sql<{ unitId: string }>`
    select coalesce(a.parent_account_id, a.id) as unit_id from bill b
    join account a on a.org_id = b.org_id and a.id = b.account_id
    where b.org_id = ${orgId} and b.id = ${id}`.execute(tx);
  await lockUnits(
    tx,
    rows.map((row) => row.unitId),
  );
  return existing((await lockBillsWhere(tx, orgId, [sql`b.id = ${id}`]))[0]);
}

export function refuseLocked(bill: BillRow): void {
  if (bill.locked) throw new ApiError('BILL_LOCKED', 'the bill is locked and cannot be changed');
}

/** The bill after what `change` writes on it; null changes nothing, which is no new version either. */
async function changedBill(call: AnyCall, id: string, change: (bill: BillRow) => Row | null): Promise<Row> {
  return inTransaction(call.ctx.db, async (tx) => {
    const bill = await lockedRow(tx, call.orgId, id);
    const values = change(bill);
    if (values === null) return withLines(tx, bill);
    const [after] = await updateFinishedBills(tx, writingOf(call), { bills: [bill], values });
    return withLines(tx, present(after, 'the changed bill'));
  });
}
