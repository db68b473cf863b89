import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, type Runner, run, type TaskList, type WorkerEvents } from 'graphile-worker';
import type pg from 'pg';
import type { Context } from '../context.ts';
import { reasonOf } from '../kernel/start-error.ts';
import type { Task } from './task.ts';
import { openWorkerLease, type WorkerLease } from './worker-lease.ts';

export type Worker = {
  /** Takes no more jobs and lets the running ones end, for some seconds; a job cut off runs again later. */
  stop(): Promise<void>;
};

export type Work = {
  readonly tasks: readonly Task[];
  /** Lines of a crontab in UTC: `0 4 * * * closePeriods ?max=3`. */
  readonly cronLines: readonly string[];
};

const CONCURRENCY = 4;
/**
 * Its own connections: one to listen, one per running job, one for cron. They speak the driver's plain types.
 */
const CONNECTIONS = CONCURRENCY + 2;
const STOP_TIMEOUT_MS = 10_000;
const RESTART_PAUSE_MS = 5_000;
const RECLAIM_INTERVAL_MS = 10_000;

/** Runs the jobs of the queue in this process. A worker that loses its database comes back by itself. */
export async function startWorker(ctx: Context, work: Work): Promise<Worker> {
  const log = ctx.log.child({ part: 'jobs' });
  const lease = openWorkerLease(ctx.driverPool(1), (error) => log.warn(`worker lease: ${error.message}`));
  await reclaim(lease, log, ctx.ownsDatabase ? 0 : RECLAIM_INTERVAL_MS);
  const timer = setInterval(() => void reclaim(lease, log, RECLAIM_INTERVAL_MS), RECLAIM_INTERVAL_MS);
  const stopping = new AbortController();
  const pool = ctx.driverPool(CONNECTIONS);
  const start = () => startRunner(ctx, { work, pool, lease, log });
  const loop = keepRunning(await start(), { start, log, signal: stopping.signal });
  return {
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await loop;
      await pool.end();
      await lease.close();
    },
  };
}

type Log = Context['log'];

async function reclaim(lease: WorkerLease, log: Log, minimumAgeMs: number): Promise<void> {
  try {
    const workers = await lease.reclaim(minimumAgeMs);
    if (workers > 0) log.warn(`took over the jobs of ${workers} workers that are gone`);
  } catch (error) {
    log.warn(`the jobs of dead workers could not be looked for: ${reasonOf(error)}`);
  }
}

type Parts = { readonly work: Work; readonly pool: pg.Pool; readonly lease: WorkerLease; readonly log: Log };

async function startRunner(ctx: Context, { work, pool, lease, log }: Parts): Promise<Runner> {
  return run({
    pgPool: pool,
    concurrency: CONCURRENCY,
    noHandleSignals: true,
    // Without batches, a stop does not wait for the note that a job is done.
    preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    taskList: taskListOf(ctx, work.tasks),
    crontab: work.cronLines.join('\n'),
    logger: loggerTo(log),
    events: eventsFor(lease),
  });
}

function taskListOf(ctx: Context, tasks: readonly Task[]): TaskList {
  return Object.fromEntries(
    tasks.map((task) => [task.name, async (payload: unknown) => task.run(ctx, task.payload.parse(payload))]),
  );
}

function eventsFor(lease: WorkerLease): WorkerEvents {
  const events: WorkerEvents = new EventEmitter();
  events.on('pool:create', ({ workerPool }) => lease.add(workerPool.id));
  return events;
}

/** What the queue tells on its way is for debugging; failures of tasks are errors with their stack. */
function loggerTo(log: Log): Logger {
  return new Logger((scope) => (level, message, meta) => {
    const fields = { ...scope, err: meta?.['error'] };
    if (level === 'error') log.error(fields, message);
    else if (level === 'warning') log.warn(fields, message);
    else log.debug(fields, message);
  });
}

type Loop = { readonly start: () => Promise<Runner>; readonly log: Log; readonly signal: AbortSignal };

/** Starts again whatever ended by itself, until the signal; then stops what runs. */
async function keepRunning(first: Runner, { start, log, signal }: Loop): Promise<void> {
  let runner: Runner | null = first;
  while (!signal.aborted) {
    if (runner) await endOf(runner, signal, log);
    if (signal.aborted) break;
    await sleep(RESTART_PAUSE_MS, undefined, { signal }).catch(() => {});
    runner = signal.aborted ? null : await started(start, log);
  }
  if (runner) await stopRunner(runner, log);
}

async function endOf(runner: Runner, signal: AbortSignal, log: Log): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const ended = runner.promise.catch((error) => log.error({ err: error }, 'the job worker ended'));
  await Promise.race([stopped, ended]);
}

async function started(start: () => Promise<Runner>, log: Log): Promise<Runner | null> {
  try {
    return await start();
  } catch (error) {
    log.error(`the job worker did not start: ${reasonOf(error)}`);
    return null;
  }
}

async function stopRunner(runner: Runner, log: Log): Promise<void> {
  const quiet = runner.stop().then(
    () => true,
    () => true,
  );
  const patience = new AbortController();
  const waited = sleep(STOP_TIMEOUT_MS, false, { signal: patience.signal }).catch(() => false);
  const isQuiet = await Promise.race([quiet, waited]);
  patience.abort();
  if (isQuiet) return;
  log.warn('jobs are cut off; they run again later');
  await runner.kill().catch(() => {});
}
