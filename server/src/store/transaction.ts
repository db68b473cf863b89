import { isRetryable } from './constraint.ts';
import type { Db, Tx } from './database.ts';

const MAX_ATTEMPTS = 3;

/**
 * The result of `work` in one transaction. When PostgreSQL breaks a deadlock or a conflict by giving up on
 * this side, nothing has been written and `work` is run again, so it must not change anything outside of the
 * transaction.
 */
export async function inTransaction<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isRetryable(error)) throw error;
    }
  }
}
