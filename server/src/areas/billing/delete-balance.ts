import { sql } from 'kysely';
import { answerOf, changeOf, scopeOf } from '../../api/entity-writes.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError } from '../../kernel/errors.ts';
import { refusalFromDelete } from '../../store/constraint.ts';
import type { Condition, Tx } from '../../store/database.ts';
import { deleteEntity, lockEntity, type Stored } from '../../store/entity-store.ts';
import { recordChange, recordChanges } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { balance, TRANSACTION_SCHEDULES } from '../accounts/index.ts';
import { balanceChargeSchedule } from './balance-charge-schedule.ts';
import { charge } from './charge.ts';

/**
 * Deletes a balance with its transactions, its schedules and the charges for it that are on no bill, each
 * entity with an event of its own (spec 50 §5.2); those on bills are owed.
 */
export const deleteBalance = defineOperation({
  id: 'DeleteBalance',
  method: 'DELETE',
  path: '/balances/{id}',
  summary: 'delete a balance',
  tag: balance.name,
  permission: { action: 'config:delete', resource: balance.permission },
  response: balance.response,
  handle: async (call) => {
    const key = { orgId: call.orgId, id: idOf(call.params) };
    try {
      const gone = await inTransaction(call.ctx.db, (tx) => deleteWhole(tx, call, key.id));
      return answerOf(balance, gone as never);
    } catch (error) {
      throw await refusalFromDelete(call.ctx.db, error, key.id);
    }
  },
});

async function deleteWhole(tx: Tx, call: AnyCall, id: string): Promise<Stored> {
  const scope = scopeOf(tx, call);
  const before = await lockEntity(tx, balance.tableAt(scope.now), { orgId: call.orgId, id });
  if (before === null) throw new ApiError('NOT_FOUND', 'there is no Balance with this id');
  for (const parts of partsOf(id)) await deleteParts(tx, call, parts);
  await balance.beforeDelete?.(scope, before as never);
  await deleteEntity(tx, balance.entityTable, before);
  await recordChange(tx, scope.writer, changeOf(balance, call, { before: before as never, after: null }));
  return before;
}

type Parts = {
  readonly resource: typeof TRANSACTION_SCHEDULES.resource;
  readonly condition: Condition;
};

function partsOf(balanceId: string): readonly Parts[] {
  const ofBalance = sql<boolean>`balance_id = ${balanceId}`;
  return [
    { resource: charge, condition: sql<boolean>`entity_id = ${balanceId} and bill_id is null` },
    { resource: TRANSACTION_SCHEDULES.resource, condition: ofBalance },
    { resource: balanceChargeSchedule, condition: ofBalance },
  ];
}

/** Deletes what the condition keeps of a resource, and its places in resource groups; oldest first. */
async function deleteParts(tx: Tx, call: AnyCall, { resource, condition }: Parts): Promise<void> {
  const { rows } = await sql<Stored>`
    with gone as (
      delete from ${sql.table(resource.table)} where org_id = ${call.orgId} and ${condition} returning *
    ), membership as (
      delete from resource_group_item
      where org_id = ${call.orgId} and target_id in (select id from gone)
    ) select * from gone order by dt_created, id`.execute(tx);
  const changes = rows.map((row) => changeOf(resource, call, { before: row as never, after: null }));
  if (changes.length > 0) await recordChanges(tx, scopeOf(tx, call).writer, { changes });
}
