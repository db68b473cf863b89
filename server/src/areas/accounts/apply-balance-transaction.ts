import { sql } from 'kysely';
import { z } from 'zod';
import { enqueue } from '../../jobs/enqueue.ts';
import { defineTask } from '../../jobs/task.ts';
import type { Decimal } from '../../kernel/decimal.ts';
import { SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import { type Instant, isBefore } from '../../kernel/time.ts';
import type { Tx } from '../../store/database.ts';
import type { Writer } from '../../store/entity-store.ts';
import { inTransaction } from '../../store/transaction.ts';
import { lockBalances, recordMoves } from './balance-moves.ts';

type TransactionKey = { readonly orgId: string; readonly transactionId: string };

/**
 * Tells of a transaction whose time has come (spec 50 §5.3). The money counts from that moment on in
 * any case, since what a balance holds is a sum over time; this is its version and its events, once.
 */
export const applyBalanceTransaction = defineTask<TransactionKey>({
  name: 'applyBalanceTransaction',
  payload: z.object({ orgId: z.string(), transactionId: z.string() }),
  run: async (ctx, key) => {
    const writer = { orgId: key.orgId, principalId: SYSTEM_PRINCIPAL, now: ctx.clock.now() };
    await inTransaction(ctx.db, async (tx) => {
      const found = await unannounced(tx, key);
      if (found === null) return;
      if (isBefore(writer.now, found.appliedDate)) await enqueueApplication(tx, key, found.appliedDate);
      else await announce(tx, writer, found);
    });
  },
});

/** Has a transaction told of when its time comes. */
export async function enqueueApplication(tx: Tx, payload: TransactionKey, runAt: Instant): Promise<void> {
  await enqueue(tx, { task: applyBalanceTransaction, payload, runAt });
}

type Unannounced = {
  readonly id: string;
  readonly balanceId: string;
  readonly amount: Decimal;
  readonly appliedDate: Instant;
};

/** Null when it has been told of, or has gone with its balance. */
async function unannounced(tx: Tx, { orgId, transactionId }: TransactionKey): Promise<Unannounced | null> {
  const { rows } = await sql<Unannounced>`
    select id, balance_id, amount, applied_date from balance_transaction
    where org_id = ${orgId} and id = ${transactionId} and not announced`.execute(tx);
  return rows[0] ?? null;
}

/**
 * The balance is locked first, as by everybody who moves money; another run may have told of it
 * meanwhile.
 */
async function announce(tx: Tx, writer: Writer, { id, balanceId, amount }: Unannounced): Promise<void> {
  const held = await lockBalances(tx, writer, [balanceId]);
  const { rows } = await sql`update balance_transaction set announced = true
    where org_id = ${writer.orgId} and id = ${id} and not announced returning id`.execute(tx);
  if (rows.length === 0) return;
  const before = held.map((balance) => ({ ...balance, amount: balance.amount.minus(amount) }));
  await recordMoves(tx, writer, { before, requestId: null });
}
