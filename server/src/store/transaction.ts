import { sql } from 'kysely';
import { isRetryable } from './constraint.ts';
import type { Database, Db, Tx } from './database.ts';

const MAX_ATTEMPTS = 3;

/** What one request has done to the store so far. */
export type WriteTrace = { hasCommitted: boolean };

const traces = new WeakMap<Db, WriteTrace>();

/** The same database, for one request: commits of `inTransaction` calls with it are noted in the trace. */
export function tracedDb(db: Db, trace: WriteTrace): Db {
  const own = db.withTables<Database>();
  traces.set(own, trace);
  return own;
}

/**
 * The result of `work` in one transaction. When PostgreSQL breaks a deadlock or a conflict by giving up on
 * this side, nothing has been written and `work` is run again, so it must not change anything outside of the
 * transaction. Within a transaction it becomes a part of that, which is undone alone when it throws.
 */
export async function inTransaction<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  if (db.isTransaction) return inSavepoint(db as Tx, work);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const result = await db.transaction().execute(work);
      const trace = traces.get(db);
      if (trace) trace.hasCommitted = true;
      return result;
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isRetryable(error)) throw error;
    }
  }
}

/** Of savepoints with one name, the innermost counts. */
async function inSavepoint<T>(tx: Tx, work: (tx: Tx) => Promise<T>): Promise<T> {
  await sql`savepoint part`.execute(tx);
  try {
    const result = await work(tx);
    await sql`release savepoint part`.execute(tx);
    return result;
  } catch (error) {
    await sql`rollback to savepoint part`.execute(tx);
    await sql`release savepoint part`.execute(tx);
    throw error;
  }
}
