import { sql, type Transaction } from 'kysely';
import { writeJsonWithNulls } from '../kernel/json.ts';
import type { Instant } from '../kernel/time.ts';
import type { Task } from './task.ts';

export type Job<Payload> = {
  readonly task: Task<Payload>;
  readonly payload: Payload;
  /** A waiting job of the same key is replaced by this one. */
  readonly jobKey?: string;
  /**
   * `unsafe_dedupe` leaves a job of the same key as it is, even one that is running or has failed for good.
   */
  readonly jobKeyMode?: 'replace' | 'preserve_run_at' | 'unsafe_dedupe';
  /** Not before this moment; absent = now. */
  readonly runAt?: Instant;
  /** Jobs of one queue run one after the other. Few names only: lock a row to serialise by entity. */
  readonly queue?: string;
  /** How often it is tried; 25 times unless told otherwise, the last pauses being hours. */
  readonly maxAttempts?: number;
  /** Smaller runs earlier; 0 unless told otherwise. */
  readonly priority?: number;
};

/** Adds a job in the transaction that makes it necessary: it exists exactly when that commits. */
export async function enqueue<Payload>(
  tx: Transaction<Record<string, Record<string, unknown>>>,
  job: Job<Payload>,
): Promise<void> {
  await sql`select id from graphile_worker.add_job(
    identifier => ${job.task.name},
    payload => ${writeJsonWithNulls(job.payload)}::json,
    queue_name => ${job.queue ?? null},
    run_at => ${job.runAt?.toString() ?? null}::timestamptz,
    max_attempts => ${job.maxAttempts ?? null}::int,
    job_key => ${job.jobKey ?? null},
    priority => ${job.priority ?? null}::int,
    job_key_mode => ${job.jobKeyMode ?? 'replace'}
  )`.execute(tx);
}
