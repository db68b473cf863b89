import { sql } from 'kysely';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { enqueue } from '../../jobs/enqueue.ts';
import { defineTask } from '../../jobs/task.ts';
import { SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import type { Reader, Tx } from '../../store/database.ts';
import { findEntity, type Writer } from '../../store/entity-store.ts';
import { inTransaction } from '../../store/transaction.ts';
import { prepared, withNext } from '../../store/value-client.ts';
import { applyBills } from './apply-bills.ts';
import { type BillJob, billJob } from './bill-job.ts';
import { lockBillJob, openUnits, updateBillJob } from './bill-job-status.ts';
import { targetOfJob } from './bill-target.ts';
import { type CalculatedUnit, calculatedUnits } from './calculate-units.ts';
import { failUnit, hopelessCause } from './failed-unit.ts';
import { loadBillFacts } from './load-bill-facts.ts';
import { loadOrganization } from './load-organization.ts';
import { scheduledTarget, withSettledBills } from './scheduled-units.ts';

/** Units that are read, calculated and written together, in one transaction. */
const BATCH_UNITS = 250;

/** Runs of one job at a time: while some wait for the stores, another one calculates. */
const RUNS = 3;

/** After this time a run hands over to a new one, so that a process can stop without cutting one off. */
const RUN_MS = 5_000;

type JobKey = { readonly orgId: string; readonly billJobId: string };

/**
 * Works a bill job off, batch by batch. What is left to do is in bill_job_unit and goes away with the
 * transaction that writes the bills, so a run that was killed, or two at once, bill every unit once.
 */
export const runBillJob = defineTask<JobKey>({
  name: 'runBillJob',
  payload: z.object({ orgId: z.string(), billJobId: z.string() }),
  run: async (ctx, key) => {
    await initialize(ctx, key);
    const endMs = ctx.clock.now().epochMilliseconds + RUN_MS;
    // Fewer than a batch are the last ones, but for those that another run has in hand.
    while ((await runBatch(ctx, key)) === BATCH_UNITS) {
      if (ctx.clock.now().epochMilliseconds < endMs) continue;
      await inTransaction(ctx.db, (tx) => enqueue(tx, { task: runBillJob, payload: key }));
      return;
    }
  },
});

function systemWriter(ctx: Context, orgId: string): Writer {
  return { orgId, principalId: SYSTEM_PRINCIPAL, now: ctx.clock.now() };
}

/** Without the ids of all bills so far. */
const STORED_JOB = { ...billJob.entityTable, computed: {} };

async function storedJob(db: Reader, { orgId, billJobId }: JobKey): Promise<BillJob | null> {
  return (await findEntity(db, STORED_JOB, { orgId, id: billJobId })) as unknown as BillJob | null;
}

/** Writes down which units there are to calculate. Nothing happens to a job that is past that. */
async function initialize(ctx: Context, key: JobKey): Promise<void> {
  const job = await storedJob(ctx.db, key);
  if (!isNew(job)) return;
  const writer = systemWriter(ctx, key.orgId);
  await inTransaction(ctx.db, async (tx) => {
    const locked = await lockBillJob(tx, { orgId: key.orgId, id: key.billJobId });
    if (!isNew(locked)) return;
    const progress = { status: 'INITIALIZING' } as const;
    const isBegun = locked.status === progress.status;
    const before = isBegun ? locked : await updateBillJob(tx, writer, { before: locked, progress });
    const total = await insertUnits(tx, before);
    await updateBillJob(tx, writer, { before, progress: { status: 'RUNNING', total } });
    const runs = Math.min(RUNS, Math.ceil(total / BATCH_UNITS));
    for (let run = 1; run < runs; run += 1) await enqueue(tx, { task: runBillJob, payload: key });
  });
}

function isNew(job: BillJob | null): job is BillJob {
  return job?.status === 'PENDING' || job?.status === 'INITIALIZING';
}

/** A unit is named by its parent account: naming a child takes the whole unit (spec 40 §6.1). */
async function insertUnits(tx: Tx, job: BillJob): Promise<number> {
  const accounts = job.accountIds === null ? sql`` : sql`and a.id = any(${job.accountIds}::uuid[])`;
  const billed = sql`and a.id in (select account_id from bill
    where org_id = ${job.orgId} and id = any(${job.recalculatedBillIds ?? []}::uuid[]))`;
  const { rows } = await sql<{ total: number }>`
    with unit as (
      insert into bill_job_unit (org_id, bill_job_id, account_id)
      select distinct a.org_id, ${job.id}::uuid, coalesce(a.parent_account_id, a.id)
      from account a where a.org_id = ${job.orgId} ${job.type === 'RECALCULATE' ? billed : accounts}
      returning 1
    ) select count(*) as total from unit`.execute(tx);
  return rows[0]?.total ?? 0;
}

/**
 * Bills some units and answers how many; fewer than a batch when these were the last ones, but for those that
 * somebody else has in hand. When a store refuses a figure of one of them, or holds one that cannot be read,
 * they are billed one by one, so that the others get their bills.
 */
async function runBatch(ctx: Context, key: JobKey): Promise<number> {
  try {
    return await billNext(ctx, key, { limit: BATCH_UNITS });
  } catch (error) {
    if (hopelessCause(error) === null) throw error;
  }
  let billed = 0;
  while (billed < BATCH_UNITS && (await billOne(ctx, key))) billed += 1;
  return billed;
}

/** Whether there was a unit left. */
async function billOne(ctx: Context, key: JobKey): Promise<boolean> {
  const taken: string[] = [];
  const onTaken = (unitIds: readonly string[]) => {
    taken.push(...unitIds);
  };
  try {
    return (await billNext(ctx, key, { limit: 1, onTaken })) > 0;
  } catch (error) {
    const unitId = taken.at(-1);
    const cause = hopelessCause(error);
    if (unitId === undefined || cause === null) throw error;
    const failed = { billJobId: key.billJobId, unitId, error: error as Error, cause };
    await failUnit(ctx, systemWriter(ctx, key.orgId), failed);
    return true;
  }
}

type Taking = { readonly limit: number; readonly onTaken?: (unitIds: readonly string[]) => void };

/** Bills up to `limit` units in one transaction, which also ends the job when they were its last ones. */
function billNext(ctx: Context, key: JobKey, { limit, onTaken }: Taking): Promise<number> {
  return inTransaction(ctx.db, async (tx) => {
    await planByKey(tx);
    const job = await storedJob(tx, key);
    if (job?.status !== 'RUNNING') return 0;
    const unitIds = await takeUnits(tx, job, limit);
    onTaken?.(unitIds);
    if (unitIds.length > 0) await billUnits(ctx, tx, { job, unitIds });
    if (unitIds.length < limit) await completeWithoutUnits(ctx, tx, key);
    return unitIds.length;
  });
}

/**
 * Lets one plan do for all batches of a session: looking for the best one for these very accounts takes
 * longer than any plan by key. A plan that is made while tables are nearly empty must be one by key, too.
 */
async function planByKey(tx: Tx): Promise<void> {
  await sql`${withNext}select set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('enable_seqscan', 'off', true)`.execute(tx);
}

/** Takes units off the job's list and locks them: no two jobs calculate one unit at a time (spec 40 §8.3). */
async function takeUnits(tx: Tx, job: BillJob, limit: number): Promise<string[]> {
  // As an array the subquery runs once: run again for every row, it would take others each time.
  const { rows } = await sql<{ accountId: string }>`${prepared}
    delete from bill_job_unit
    where org_id = ${job.orgId} and bill_job_id = ${job.id} and account_id = any(array(
      select account_id from bill_job_unit where org_id = ${job.orgId} and bill_job_id = ${job.id}
      order by account_id limit ${limit} for update skip locked))
    returning account_id`.execute(tx);
  const unitIds = rows.map((row) => row.accountId).sort();
  if (unitIds.length > 0) await lockUnits(tx, unitIds);
  return unitIds;
}

/** Waits for whoever works on one of the units; in the order of the ids, so that nobody waits in a circle. */
export async function lockUnits(tx: Tx, sortedUnitIds: readonly string[]): Promise<void> {
  await sql`${withNext}select pg_advisory_xact_lock(hashtextextended(unit_id, 0))
    from unnest(${sortedUnitIds}::text[]) as unit (unit_id)`.execute(tx);
}

type Batch = { readonly job: BillJob; readonly unitIds: readonly string[] };

/** Load, ask, check, apply: the way of every bill (spec 40 §8.5). */
async function billUnits(ctx: Context, tx: Tx, { job, unitIds }: Batch): Promise<void> {
  const organization = await loadOrganization(tx, job.orgId, { keepLockDate: true });
  const target = job.scheduledAt === null ? targetOfJob(job) : scheduledTarget(job, organization);
  if (target === null) return;
  const writer = systemWriter(ctx, job.orgId);
  const request = { organization, unitIds, target, now: writer.now, lockBalances: true };
  const loaded = await loadBillFacts(tx, request);
  const units =
    job.scheduledAt === null ? loaded : await withSettledBills(ctx, tx, { orgId: job.orgId, units: loaded });
  const namesZone = job.type === 'CREATE' && job.scheduledAt === null;
  const timezoneText = namesZone ? job.timezone : null;
  const calculated = calculatedUnits(ctx, { db: tx, orgId: job.orgId }, units);
  const applying = { organization, writer, billJobId: job.id, timezoneText };
  await applyBills(tx, applying, withBrokenLogged(ctx, job, calculated));
}

async function* withBrokenLogged(ctx: Context, job: BillJob, units: AsyncIterable<CalculatedUnit>) {
  for await (const unit of units) {
    const { unitId, error } = unit;
    if (error) ctx.log.error({ err: error, unitId, billJobId: job.id }, 'the bills of a unit broke');
    yield unit;
  }
}

/**
 * The last run to come here finds no unit left: while another has one in hand, its taking is not seen yet.
 * Each sees what those before it took, because the job stays locked until they are done.
 */
async function completeWithoutUnits(ctx: Context, tx: Tx, key: JobKey): Promise<void> {
  const id = { orgId: key.orgId, id: key.billJobId };
  const before = await lockBillJob(tx, id);
  if (before?.status !== 'RUNNING' || (await openUnits(tx, id)) > 0) return;
  await updateBillJob(tx, systemWriter(ctx, key.orgId), { before, progress: { status: 'COMPLETE' } });
}
