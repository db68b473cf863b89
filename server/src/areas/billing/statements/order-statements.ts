import { sql } from 'kysely';
import { z } from 'zod';
import { enqueue } from '../../../jobs/enqueue.ts';
import { defineTask } from '../../../jobs/task.ts';
import { SYSTEM_PRINCIPAL } from '../../../kernel/ids.ts';
import type { Instant, PlainDate } from '../../../kernel/time.ts';
import type { Row, Tx } from '../../../store/database.ts';
import { inTransaction } from '../../../store/transaction.ts';
import { type BillsUpdate, updateBills } from '../bill-changes.ts';
import type { BillRow } from '../bill-rows.ts';
import { runStatementJob } from './run-statement-job.ts';
import type { StatementJob } from './statement-job.ts';
import { insertStatementJob, type JobWriting } from './statement-job-status.ts';

/** Stores a job and has it run; without `runAt` as soon as possible. */
export async function startStatementJob(
  tx: Tx,
  writing: JobWriting,
  { runAt, ...values }: Row & { readonly runAt?: Instant },
): Promise<StatementJob> {
  const job = await insertStatementJob(tx, writing, { includeCsvFormat: false, filters: null, ...values });
  const payload = { orgId: job.orgId, statementJobId: job.id };
  await enqueue(tx, { task: runStatementJob, payload, ...(runAt && { runAt }) });
  return job;
}

/** As `updateBills`, for approvals and locks: statements of bills that are APPROVED now are ordered too. */
export async function updateFinishedBills(
  tx: Tx,
  { ctx, writer, requestId }: JobWriting,
  update: Omit<BillsUpdate, 'requestId'>,
): Promise<readonly BillRow[]> {
  const after = await updateBills(tx, writer, { ...update, requestId });
  await orderStatements(
    tx,
    { ctx, writer, requestId },
    after.map((bill) => bill.id),
  );
  return after;
}

/**
 * Orders the statements that account or organization want of finished bills (spec 40 §10.4), unless the bill
 * has a statement that shows all of it as it is, or one is being made.
 */
async function orderStatements(tx: Tx, writing: JobWriting, billIds: readonly string[]): Promise<void> {
  if (billIds.length === 0) return;
  const { rows } = await sql<{ billId: string; includeCsvFormat: boolean }>`
    select b.id as bill_id, m.mode = 'JSON_AND_CSV' as include_csv_format
    from bill b
    join account a on a.org_id = b.org_id and a.id = b.account_id
    join organization_config c on c.org_id = b.org_id
    cross join lateral (
      select coalesce(a.auto_generate_statement_mode, c.auto_generate_statement_mode) as mode) m
    where b.org_id = ${writing.writer.orgId} and b.id = any(${billIds}::uuid[])
      and b.status = 'APPROVED' and m.mode <> 'NONE'
      and not exists (select from statement_job j
        where j.org_id = b.org_id and j.bill_id = b.id and (m.mode = 'JSON' or j.include_csv_format)
          and coalesce(j.filters -> 'meterIds', '[]') = '[]'
          and j.statement_job_status in ('PENDING', 'RUNNING', 'COMPLETE')
          and coalesce(j.bill_content_version = b.content_version, true))
    order by b.id`.execute(tx);
  for (const row of rows) await startStatementJob(tx, writing, row);
}

const BATCH_BILLS = 200;

type LockedBills = { readonly orgId: string; readonly since: string | null; readonly until: string };

/** Orders statements of bills that a new lock date has locked: they end after `since`, by `until`. */
export const orderStatementsOfLockedBills = defineTask<LockedBills>({
  name: 'orderStatementsOfLockedBills',
  payload: z.object({ orgId: z.string(), since: z.nullable(z.string()), until: z.string() }),
  run: async (ctx, { orgId, since, until }) => {
    const { rows } = await sql<{ id: string }>`
      select id from bill where org_id = ${orgId} and dt_locked is null and end_date <= ${until}::date
        and (${since}::date is null or end_date > ${since}::date) order by id`.execute(ctx.db);
    const ids = rows.map((row) => row.id);
    for (let from = 0; from < ids.length; from += BATCH_BILLS) {
      const writer = { orgId, principalId: SYSTEM_PRINCIPAL, now: ctx.clock.now() };
      const batch = ids.slice(from, from + BATCH_BILLS);
      await inTransaction(ctx.db, (tx) => orderStatements(tx, { ctx, writer, requestId: null }, batch));
    }
  },
});

/** Has the statements ordered when a lock date moves forward. */
export async function lockDateMoved(
  tx: Tx,
  orgId: string,
  { before, after }: { readonly before: PlainDate | null; readonly after: PlainDate },
): Promise<void> {
  const payload = { orgId, since: before && String(before), until: String(after) };
  await enqueue(tx, { task: orderStatementsOfLockedBills, payload });
}
