import { sql } from 'kysely';
import { z } from 'zod';
import { enumParameter, uuidParameter } from '../../api/filters.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { pageOf, pageParameters } from '../../api/page.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Condition } from '../../store/database.ts';
import { findEntity, type Stored } from '../../store/entity-store.ts';
import { balance } from './balance.ts';
import { balanceTransaction, TRANSACTION_CAUSES } from './balance-transaction.ts';

/** Money in and out of a balance, newest first, also what is yet to be applied (spec 50 §5.3). */
export const listBalanceTransactions = defineOperation({
  id: 'ListBalanceTransactions',
  method: 'GET',
  path: '/balances/{balanceId}/transactions',
  summary: 'list balance transactions',
  tag: 'BalanceTransaction',
  permission: { action: 'config:retrieve', resource: balanceTransaction.permission },
  query: z.object({
    transactionTypeId: uuidParameter(),
    entityType: enumParameter(TRANSACTION_CAUSES),
    entityId: uuidParameter(),
    ...pageParameters(balanceTransaction.maxPageSize),
  }),
  response: balanceTransaction.response,
  answers: 'page',
  handle: async (call) => {
    const { id } = await existingBalance(call, idOf(call.params, 'balanceId'));
    const { transactionTypeId, entityType, entityId } = call.query;
    const conditions: Condition[] = [sql`balance_id = ${id}`];
    if (transactionTypeId !== undefined) conditions.push(sql`transaction_type_id = ${transactionTypeId}`);
    if (entityType !== undefined) conditions.push(sql`entity_type = ${entityType}`);
    if (entityId !== undefined) conditions.push(sql`entity_id = ${entityId}`);
    return pageOf(balanceTransaction, call, conditions);
  },
});

/** The balance of that id; throws NOT_FOUND. */
export async function existingBalance({ ctx, orgId }: AnyCall, id: string): Promise<Stored> {
  const found = await findEntity(ctx.db, balance.tableAt(ctx.clock.now()), { orgId, id });
  if (!found) throw new ApiError('NOT_FOUND', 'there is no Balance with this id');
  return found;
}
