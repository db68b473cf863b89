import { sql } from 'kysely';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { enqueue } from '../../jobs/enqueue.ts';
import { defineTask } from '../../jobs/task.ts';
import { SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import { writeJson } from '../../kernel/json.ts';
import { reasonOf } from '../../kernel/start-error.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Tx } from '../../store/database.ts';
import { inTransaction } from '../../store/transaction.ts';
import { recordExportFailure } from './export-failure.ts';
import type { ExportJob } from './export-job.ts';
import type { ExportRequest } from './export-request.ts';
import { type Downloadable, makeExport } from './make-export.ts';

/** One try of a job: the one after so many failures. */
type Try = { readonly orgId: string; readonly jobId: string; readonly failures: number };

const MAX_TRIES = 3;
const PAUSE_MINUTES = 1;

/**
 * Makes the files of an export job and brings them to its destinations (spec 60 §8.5). Of three tries, a
 * minute apart, the first that succeeds counts; one during which the process dies is made again.
 */
export const runExportJob = defineTask<Try>({
  name: 'runExportJob',
  payload: z.object({ orgId: z.string(), jobId: z.string(), failures: z.number() }),
  run: async (ctx, attempt) => {
    const job = await begun(ctx, attempt);
    if (job === null) return;
    try {
      const files = await makeExport(ctx, job);
      await succeed(ctx, job, files);
    } catch (error) {
      ctx.log.warn({ err: error, jobId: job.id }, 'an export failed');
      await fail(ctx, job, reasonOf(error));
    }
  },
});

/** Two exports at a time, so that jobs of other kinds are not kept waiting by long ones. */
const QUEUES = 2;

/** Has a try of a job made, once: of two calls for the same try, the second changes nothing. */
export async function enqueueExport(tx: Tx, payload: Try, runAt?: Instant): Promise<void> {
  const queue = `exports ${Number.parseInt(payload.jobId.slice(-1), 16) % QUEUES}`;
  const jobKey = `export ${payload.jobId} ${payload.failures}`;
  const once = { jobKey, jobKeyMode: 'unsafe_dedupe' } as const;
  await enqueue(tx, { task: runExportJob, payload, queue, ...once, ...(runAt && { runAt }) });
}

export type RunningJob = ExportJob & { readonly request: ExportRequest; readonly startedAt: Instant };

/** The job, which runs now; null when it is not this try's turn (any more). */
async function begun({ db, clock }: Context, { orgId, jobId, failures }: Try): Promise<RunningJob | null> {
  const now = String(clock.now());
  const { rows } = await sql<RunningJob>`
    update export_job set status = 'RUNNING', started_at = coalesce(started_at, ${now}::timestamptz),
      version = version + (status = 'PENDING')::int,
      dt_last_modified = ${now}::timestamptz, last_modified_by = ${SYSTEM_PRINCIPAL}
    where org_id = ${orgId} and id = ${jobId} and failures = ${failures} and status in ('PENDING', 'RUNNING')
    returning *`.execute(db);
  return rows[0] ?? null;
}

async function succeed(ctx: Context, job: RunningJob, files: readonly Downloadable[]): Promise<void> {
  await inTransaction(ctx.db, (tx) => finish(tx, { job, status: 'SUCCEEDED', files, now: ctx.clock.now() }));
}

async function fail(ctx: Context, job: RunningJob, reason: string): Promise<void> {
  const now = ctx.clock.now();
  const failures = job.failures + 1;
  await inTransaction(ctx.db, async (tx) => {
    if (failures < MAX_TRIES) {
      await sql`update export_job set failures = ${failures}
        where org_id = ${job.orgId} and id = ${job.id}`.execute(tx);
      const next = { orgId: job.orgId, jobId: job.id, failures };
      await enqueueExport(tx, next, now.add({ minutes: PAUSE_MINUTES }));
      return;
    }
    await finish(tx, { job: { ...job, failures }, status: 'FAILED', files: [], now });
    await recordExportFailure(tx, { job, reason, now });
  });
}

type Ending = {
  readonly job: RunningJob;
  readonly status: 'SUCCEEDED' | 'FAILED';
  readonly files: readonly Downloadable[];
  readonly now: Instant;
};

/** Ends a job and starts the one of the same schedule that has waited for it. */
async function finish(tx: Tx, { job, status, files, now }: Ending): Promise<void> {
  const { orgId, id, scheduleId, failures } = job;
  // The lock of the schedule keeps a new job from being made between the end and the look for the next one.
  await sql`select from export_schedule where org_id = ${orgId} and id = ${scheduleId} for update`.execute(
    tx,
  );
  await sql`update export_job set status = ${status}, version = version + 1, failures = ${failures},
      finished_at = ${now}::timestamptz, files = ${writeJson(files)}::jsonb,
      dt_last_modified = ${now}::timestamptz, last_modified_by = ${SYSTEM_PRINCIPAL}
    where org_id = ${orgId} and id = ${id}`.execute(tx);
  const { rows } = await sql<{ id: string }>`select id from export_job
    where org_id = ${orgId} and schedule_id = ${scheduleId} and status = 'PENDING'
    order by dt_created, id limit 1`.execute(tx);
  const [next] = rows;
  if (next) await enqueueExport(tx, { orgId, jobId: next.id, failures: 0 });
}
