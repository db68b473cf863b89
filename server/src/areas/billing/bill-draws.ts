import { type RawBuilder, sql } from 'kysely';
import type { DraftDraw } from '../../engine/billing/credit-draw.ts';
import type { CreditSource } from '../../engine/billing/facts.ts';
import { earlier } from '../../kernel/time.ts';
import type { Row, Tx } from '../../store/database.ts';
import { newEnvelope, type Writer } from '../../store/entity-store.ts';
import { rowSet } from '../../store/row-set.ts';
import { prepared } from '../../store/value-client.ts';
import { lockBalances, recordMoves } from '../accounts/index.ts';
import { type BillFee, moveCommitments } from './commitment-movements.ts';

/**
 * What bills take from balances and commitments, and what they bill of commitments, whole: what they took
 * before and do not take now is given back.
 */
export type BillDraws = {
  readonly billIds: readonly string[];
  readonly draws: readonly (DraftDraw & { readonly billId: string })[];
  readonly fees: readonly BillFee[];
  readonly requestId: string | null;
};

/** Gives the bills these draws and fees and no others. */
export async function replaceDraws(tx: Tx, writer: Writer, wanted: BillDraws): Promise<void> {
  if (wanted.billIds.length === 0) return;
  const isFrom = (source: CreditSource) => wanted.draws.filter((draw) => draw.source === source);
  await moveCommitments(tx, writer, { ...wanted, draws: isFrom('PREPAYMENT') });
  await replaceBalanceDraws(tx, writer, { ...wanted, draws: isFrom('BALANCE') });
}

/**
 * Gives the bills these draws and no others, one transaction for each bill, balance and phase; one
 * that comes out the same is not written and moves nothing (spec 50 §5.4, §6.10).
 */
async function replaceBalanceDraws(tx: Tx, writer: Writer, wanted: BillDraws): Promise<void> {
  const rows = await rowSet(
    tx,
    'balance_transaction',
    wanted.draws.map((draw) => drawRow(draw, writer)),
  );
  const balanceIds = await changedBalances(tx, writer, { billIds: wanted.billIds, rows });
  if (balanceIds.length === 0) return;
  const before = await lockBalances(tx, writer, balanceIds);
  await sql`select set_config('meterbook.now', ${writer.now}, true)`.execute(tx);
  await sql`delete from balance_transaction t
    where t.org_id = ${writer.orgId} and t.bill_id = any(${wanted.billIds}::uuid[])
      and not exists (select from ${rows} r
        where r.bill_id = t.bill_id and r.balance_id = t.balance_id and r.phase = t.phase)`.execute(tx);
  await sql`insert into balance_transaction as t select r.* from ${rows} r
    on conflict (org_id, bill_id, balance_id, phase) do update
    set amount = excluded.amount, description = excluded.description,
      transaction_date = excluded.transaction_date, applied_date = excluded.applied_date,
      version = t.version + 1, dt_last_modified = excluded.dt_last_modified,
      last_modified_by = excluded.last_modified_by
    where (t.amount, t.description) is distinct from (excluded.amount, excluded.description)`.execute(tx);
  await recordMoves(tx, writer, { before, requestId: wanted.requestId });
}

function drawRow(draw: BillDraws['draws'][number], writer: Writer): Row {
  const { now } = writer;
  const { billId, creditId, phase, amount, description, end } = draw;
  return {
    ...newEnvelope(writer),
    balanceId: creditId,
    amount: amount.negated(),
    description,
    transactionDate: now,
    appliedDate: earlier(end, now),
    entityType: 'BILL',
    entityId: billId,
    billId,
    phase,
    announced: true,
  };
}

type Rows = { readonly billIds: readonly string[]; readonly rows: RawBuilder<unknown> };

/** The balances whose draws by the bills are not what they shall be. */
async function changedBalances(tx: Tx, { orgId }: Writer, { billIds, rows }: Rows): Promise<string[]> {
  const { rows: changed } = await sql<{ balanceId: string }>`${prepared}
    select distinct coalesce(r.balance_id, t.balance_id) as balance_id
    from (select * from balance_transaction where org_id = ${orgId} and bill_id = any(${billIds}::uuid[])) t
    full join ${rows} r on r.bill_id = t.bill_id and r.balance_id = t.balance_id and r.phase = t.phase
    where (t.amount, t.description) is distinct from (r.amount, r.description)`.execute(tx);
  return changed.map((row) => row.balanceId);
}
