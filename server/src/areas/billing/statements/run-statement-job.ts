import { sql } from 'kysely';
import { z } from 'zod';
import type { Context } from '../../../context.ts';
import { defineTask } from '../../../jobs/task.ts';
import { SYSTEM_PRINCIPAL } from '../../../kernel/ids.ts';
import type { Tx } from '../../../store/database.ts';
import { findEntity } from '../../../store/entity-store.ts';
import { inTransaction } from '../../../store/transaction.ts';
import { updateBills } from '../bill-changes.ts';
import { type BillRow, lockBillsWhere } from '../bill-rows.ts';
import { statementCsv } from './statement-csv.ts';
import { loadStatementFacts, type StatementFacts } from './statement-facts.ts';
import { removeStatement, statementKey } from './statement-files.ts';
import { ACTIVE_STATUSES, type StatementJob, statementJob } from './statement-job.ts';
import { type JobWriting, lockStatementJob, updateStatementJob } from './statement-job-status.ts';
import { statementJson } from './statement-json.ts';

/** After as many attempts a job that cannot be finished is FAILED. */
const MAX_ATTEMPTS = 5;

type JobKey = { readonly orgId: string; readonly statementJobId: string };

/**
 * Writes the files of a statement job. Each attempt has a number and files of its own, and only the attempt
 * begun last can finish the job: a run that was killed, or two at once, leave one whole statement.
 */
export const runStatementJob = defineTask<JobKey>({
  name: 'runStatementJob',
  payload: z.object({ orgId: z.string(), statementJobId: z.string() }),
  run: writeStatement,
});

/** What the task does; a request that waits for the files does it itself. */
export async function writeStatement(ctx: Context, { orgId, statementJobId }: JobKey): Promise<void> {
  const begun = await begin(ctx, { orgId, id: statementJobId });
  if (begun === null) return;
  try {
    await writeFiles(ctx, begun);
  } catch (error) {
    await removeStatement(ctx, begun.job);
    if (error instanceof NotWantedError || (await isGivenUp(ctx, begun.job, error))) return;
    throw error;
  }
  if (!(await complete(ctx, begun))) await removeStatement(ctx, begun.job);
}

/** A job that an attempt is at, and what its statement shows. */
type Begun = { readonly job: StatementJob; readonly facts: StatementFacts };

function systemWriting(ctx: Context, orgId: string): JobWriting {
  const writer = { orgId, principalId: SYSTEM_PRINCIPAL, now: ctx.clock.now() };
  return { ctx, writer, requestId: null };
}

/** Begins an attempt on the bill as it is now; null for nothing to do. Bills are locked before jobs. */
async function begin(ctx: Context, key: { orgId: string; id: string }): Promise<Begun | null> {
  return inTransaction(ctx.db, async (tx) => {
    const held = await lockedBillAndJob(tx, key);
    if (held === null || !ACTIVE_STATUSES.includes(held.job.statementJobStatus)) return null;
    const { bill, job: before } = held;
    const writing = systemWriting(ctx, key.orgId);
    if (before.attempts >= MAX_ATTEMPTS) {
      await updateStatementJob(tx, writing, { before, progress: { statementJobStatus: 'FAILED' } });
      return null;
    }
    if (before.attempts > 0) await removeStatement(ctx, before);
    const meterIds = before.filters?.meterIds ?? [];
    const facts = await loadStatementFacts({ db: tx, bill }, meterIds.length > 0 ? meterIds : null);
    const progress = {
      statementJobStatus: 'RUNNING' as const,
      attempts: before.attempts + 1,
      billContentVersion: contentVersionOf(bill),
    };
    return { job: await updateStatementJob(tx, writing, { before, progress }), facts };
  });
}

function contentVersionOf(bill: BillRow): number {
  return bill['contentVersion'] as number;
}

type Held = { readonly bill: BillRow; readonly job: StatementJob };

/** Null when the job is gone, as it is with its bill. */
async function lockedBillAndJob(tx: Tx, key: { orgId: string; id: string }): Promise<Held | null> {
  const found = await findEntity(tx, statementJob.entityTable, key);
  if (found === null) return null;
  const [bill] = await lockBillsWhere(tx, key.orgId, [sql`b.id = ${found['billId']}`]);
  const job = await lockStatementJob(tx, key);
  return bill && job ? { bill, job } : null;
}

/** Ends an attempt whose job was cancelled, deleted or taken over. */
class NotWantedError extends Error {}

async function writeFiles(ctx: Context, { job, facts }: Begun): Promise<void> {
  const statement = { ctx, facts };
  const checkpoint = () => mustBeWanted(ctx, job);
  const content = statementJson(statement, { generatedAt: ctx.clock.now(), checkpoint });
  await ctx.files.write(statementKey(job, 'json'), content);
  if (!job.includeCsvFormat) return;
  await ctx.files.write(statementKey(job, 'csv'), statementCsv(statement, checkpoint));
}

async function mustBeWanted({ db }: Context, { orgId, id, attempts }: StatementJob): Promise<void> {
  const job = (await findEntity(db, statementJob.entityTable, { orgId, id })) as unknown as StatementJob;
  if (job?.statementJobStatus === 'RUNNING' && job.attempts === attempts) return;
  throw new NotWantedError(`statement job ${id} is not wanted any more`);
}

/** Marks the job FAILED after its last attempt; false when there is one more. */
async function isGivenUp(ctx: Context, job: StatementJob, error: unknown): Promise<boolean> {
  ctx.log.error({ err: error, statementJobId: job.id }, 'a statement could not be written');
  if (job.attempts < MAX_ATTEMPTS) return false;
  await inTransaction(ctx.db, async (tx) => {
    const before = await lockStatementJob(tx, job);
    if (before?.statementJobStatus !== 'RUNNING' || before.attempts !== job.attempts) return;
    const progress = { statementJobStatus: 'FAILED' as const };
    await updateStatementJob(tx, systemWriting(ctx, job.orgId), { before, progress });
  });
  return true;
}

/** Finishes the job and marks the bill; false when somebody cancelled it or began another attempt. */
async function complete(ctx: Context, { job }: Begun): Promise<boolean> {
  return inTransaction(ctx.db, async (tx) => {
    const held = await lockedBillAndJob(tx, job);
    if (held?.job.statementJobStatus !== 'RUNNING' || held.job.attempts !== job.attempts) return false;
    const writing = systemWriting(ctx, job.orgId);
    const progress = { statementJobStatus: 'COMPLETE' as const };
    await updateStatementJob(tx, writing, { before: held.job, progress });
    await markBill(tx, writing, { bill: held.bill, job: held.job });
    return true;
  });
}

/** Spec 40 §10.2: a bill says which files it has, and whether the newest statement is stale. */
async function markBill(tx: Tx, { writer }: JobWriting, { bill, job }: Held): Promise<void> {
  const isNewest = (await newerStatements(tx, job)) === 0;
  const isStale = contentVersionOf(bill) !== job.billContentVersion;
  const values = {
    jsonStatementGenerated: true,
    csvStatementGenerated: bill['csvStatementGenerated'] === true || job.includeCsvFormat,
    statementStale: isNewest ? isStale : bill['statementStale'],
  };
  const isSame = Object.entries(values).every(([name, value]) => bill[name] === value);
  if (!isSame) await updateBills(tx, writer, { bills: [bill], values, requestId: null });
}

async function newerStatements(tx: Tx, job: StatementJob): Promise<number> {
  const { rows } = await sql<{ newer: number }>`
    select count(*) as newer from statement_job
    where org_id = ${job.orgId} and bill_id = ${job.billId} and statement_job_status = 'COMPLETE'
      and (dt_created, id) > (${String(job.dtCreated)}::timestamptz, ${job.id}::uuid)`.execute(tx);
  return rows[0]?.newer ?? 0;
}
