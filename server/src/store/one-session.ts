import type { Reader } from './database.ts';

/**
 * The result of `work` with one session of the pool, or the transaction's. Statements that it begins without
 * waiting for each other go out at once and are answered in their order, where a transaction alone sends the
 * next one after the answer to the one before. What is begun must be awaited before `work` ends.
 */
export async function onOneSession<T>(db: Reader, work: (session: Reader) => Promise<T>): Promise<T> {
  const executor = db.getExecutor();
  return executor.provideConnection((connection) => {
    const own = executor.withConnectionProvider({ provideConnection: (use) => use(connection) });
    return work({ getExecutor: () => own });
  });
}
