import { sql } from 'kysely';
import { z } from 'zod';
import { amount, optional } from '../../api/fields.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { idOf } from '../../api/resource.ts';
import { present } from '../../kernel/assert.ts';
import { balanceSummary, type RolloverTerms, type TransactionTotals } from './balance-summary.ts';
import { balanceTransaction } from './balance-transaction.ts';
import { existingBalance } from './list-balance-transactions.ts';

/** Totals of the transactions that have been applied (spec 50 §5.5). */
export const summarizeBalanceTransactions = defineOperation({
  id: 'GetBalanceTransactionsSummary',
  method: 'GET',
  path: '/balances/{balanceId}/transactions/summary',
  summary: 'summarize balance transactions',
  tag: 'BalanceTransaction',
  permission: { action: 'config:retrieve', resource: balanceTransaction.permission },
  response: z.object({
    totalCreditAmount: amount(),
    totalDebitAmount: amount(),
    initialCreditAmount: amount(),
    balanceConsumed: amount(),
    rolloverConsumed: optional(amount()),
    expiredBalanceAmount: amount(),
  }),
  answers: 'whole',
  handle: async (call) => {
    const found = await existingBalance(call, idOf(call.params, 'balanceId'));
    const totals = await transactionTotals(call, found.id);
    return balanceSummary(totals, found as unknown as RolloverTerms, call.ctx.clock.now());
  },
});

/** The initial credit is the first one by the time at which it was applied, then by its creation. */
export async function transactionTotals(
  { ctx, orgId }: AnyCall,
  balanceId: string,
): Promise<TransactionTotals> {
  const { rows } = await sql<TransactionTotals>`
    select coalesce(sum(amount) filter (where amount > 0), 0) as total_credit_amount,
      coalesce(-sum(amount) filter (where amount < 0), 0) as total_debit_amount,
      coalesce(-sum(amount) filter (where phase = 'ROLLOVER'), 0) as rollover_consumed,
      coalesce((array_agg(amount order by applied_date, dt_created, id) filter (where amount > 0))[1], 0)
        as initial_credit_amount
    from balance_transaction
    where org_id = ${orgId} and balance_id = ${balanceId}
      and (announced or applied_date <= ${String(ctx.clock.now())})`.execute(ctx.db);
  return present(rows[0], 'the totals');
}
