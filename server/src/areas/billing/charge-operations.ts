import { sql } from 'kysely';
import { answerOf, changeOf, replaceChecked, writerOf } from '../../api/entity-writes.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { placed } from '../../api/placed-dates.ts';
import { idOf } from '../../api/resource.ts';
import { versionMustEqual, versionOf } from '../../api/version.ts';
import { ApiError } from '../../kernel/errors.ts';
import { refusalFromWrite } from '../../store/constraint.ts';
import type { Row, Tx } from '../../store/database.ts';
import { deleteEntity, findEntity, lockEntity } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { refuseLocked } from './bill-actions.ts';
import { lockBillsWhere } from './bill-rows.ts';
import { type Charge, charge } from './charge.ts';
import { recalculateBill } from './recalculate-bill.ts';
import { lockUnits } from './run-bill-job.ts';

/** Changes a charge that is on no bill, or on a PENDING one, which is calculated again (spec 50 §8.3). */
export const updateCharge = defineOperation({
  id: 'UpdateCharge',
  method: 'PUT',
  path: '/charges/{id}',
  summary: 'update a charge',
  tag: 'Charge',
  permission: { action: 'config:update', resource: charge.permission },
  body: charge.body,
  response: charge.response,
  handle: (call) =>
    changedCharge(call, async (tx, before) => {
      const values = await placed(charge, call, call.body() as Row);
      versionMustEqual(versionOf(call), before.version);
      await billMustBePending(tx, before);
      await replaceChecked(charge, { tx, call, values }, before);
    }),
});

/** Deletes a charge under the same conditions; its line leaves the bill at once. */
export const deleteCharge = defineOperation({
  id: 'DeleteCharge',
  method: 'DELETE',
  path: '/charges/{id}',
  summary: 'delete a charge',
  tag: 'Charge',
  permission: { action: 'config:delete', resource: charge.permission },
  response: charge.response,
  handle: (call) =>
    changedCharge(call, async (tx, before) => {
      await billMustBePending(tx, before);
      await deleteEntity(tx, charge.entityTable, before);
      await recordChange(tx, writerOf(call), changeOf(charge, call, { before, after: null }));
    }),
});

/**
 * What both writes have around them. Nothing is calculated for the account unit meanwhile: a job would bill
 * the charge as it was. Answers the charge after the write, or as it was when it is gone.
 */
async function changedCharge(
  call: AnyCall & { readonly params: Record<string, string> },
  write: (tx: Tx, before: Charge) => Promise<void>,
): Promise<Row> {
  const { ctx, orgId } = call;
  const id = idOf(call.params);
  try {
    return await inTransaction(ctx.db, async (tx) => {
      const { unitId, before } = await heldCharge(tx, orgId, id);
      await write(tx, before);
      const { billId } = before;
      if (billId !== null) await recalculateBill(ctx, tx, { writer: writerOf(call), unitId, billId });
      const after = await findEntity(tx, charge.entityTable, { orgId, id });
      return answerOf(charge, (after ?? before) as unknown as Charge);
    });
  } catch (error) {
    throw refusalFromWrite(error, charge.table);
  }
}

type HeldCharge = { readonly unitId: string; readonly before: Charge };

/** The unit is locked before the charge, as by bill jobs. */
async function heldCharge(tx: Tx, orgId: string, id: string): Promise<HeldCharge> {
  const { rows } = await sql<{ unitId: string }>`
    select coalesce(a.parent_account_id, a.id) as unit_id
    from charge c join account a on a.org_id = c.org_id and a.id = c.account_id
    where c.org_id = ${orgId} and c.id = ${id}`.execute(tx);
  const [unit] = rows;
  if (unit) await lockUnits(tx, [unit.unitId]);
  const before = unit && (await lockEntity(tx, charge.entityTable, { orgId, id }));
  if (!before) throw new ApiError('NOT_FOUND', 'there is no Charge with this id');
  return { unitId: unit.unitId, before: before as unknown as Charge };
}

async function billMustBePending(tx: Tx, { orgId, billId }: Charge): Promise<void> {
  if (billId === null) return;
  const [bill] = await lockBillsWhere(tx, orgId, [sql`b.id = ${billId}`]);
  if (!bill) return;
  refuseLocked(bill);
  if (bill.status === 'PENDING') return;
  throw new ApiError('ILLEGAL_STATE', 'the charge is on an approved bill and cannot be changed');
}
