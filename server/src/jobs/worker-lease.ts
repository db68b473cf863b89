import type pg from 'pg';

/**
 * Jobs that a killed process had in hand stay locked by its worker for four hours. Every worker therefore
 * holds an advisory lock for as long as its process lives: jobs of a worker without one are free to be taken
 * again.
 */
export type WorkerLease = {
  /** Declares a worker of this process to be alive, by the id that it locks jobs with. */
  add(workerId: string): void;
  /** Unlocks the jobs of dead workers that were taken at least so long ago; answers how many workers. */
  reclaim(minimumAgeMs: number): Promise<number>;
  close(): Promise<void>;
};

/**
 * Keeps the locks in the one session of a pool that does not end idle sessions; when it breaks, the next one
 * takes them again. Closing ends the pool.
 */
export function openWorkerLease(pool: pg.Pool, onError: (error: Error) => void): WorkerLease {
  const workerIds = new Set<string>();
  pool.on('connect', (client) => {
    for (const id of workerIds) client.query(TAKE, [id]).catch(onError);
  });
  return {
    add(workerId) {
      workerIds.add(workerId);
      pool.query(TAKE, [workerId]).catch(onError);
    },
    async reclaim(minimumAgeMs) {
      const dead = await pool.query<{ workers: string }>(RECLAIM, [minimumAgeMs, [...workerIds]]);
      return Number.parseInt(dead.rows[0]?.workers ?? '0', 10);
    },
    close: () => pool.end(),
  };
}

const TAKE = 'select pg_advisory_lock_shared(hashtextextended($1, 0))';

/** The exclusive lock is only tried for: it is given while nobody alive shares it. */
const RECLAIM = `
  with held as (
    select distinct locked_by from graphile_worker.jobs
    where locked_at <= now() - make_interval(secs => $1::float8 / 1000) and locked_by <> all($2::text[])
  ), dead as materialized (
    select array_agg(locked_by) as ids from held
    where pg_try_advisory_xact_lock(hashtextextended(locked_by, 0))
  )
  select cardinality(ids) as workers, graphile_worker.force_unlock_workers(ids)
  from dead where ids is not null`;
