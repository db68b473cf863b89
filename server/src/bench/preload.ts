import { readEnv } from '../config.ts';
import { openContext } from '../context.ts';
import { newId } from '../kernel/ids.ts';
import { migrate } from '../store/migrate.ts';
import { insertMeasurements } from './query-rows.ts';

const BLOCK = 1_000_000;
const ACCOUNTS = 1_000;

/**
 * Puts stored measurements and their claimed uids into the stores of a data directory that no server uses
 * yet. They belong to the organization, under a meter of their own.
 */
export async function preload(dataDir: string, orgId: string, measurements: number): Promise<void> {
  const context = await openContext({ ...readEnv({}), dataDir, logLevel: 'warn' });
  try {
    await migrate(context);
    const load = { orgId, meterId: newId(), accounts: ACCOUNTS, count: measurements };
    await insertMeasurements(context, load);
    for (let from = 0; from < measurements; from += BLOCK) {
      await context.pool.query(
        `insert into measurement_uid (uid_key, uid_rest, insert_id, received_at)
          select ('x' || md5(n::text))::bit(64)::bigint, n, $1, now()
          from generate_series($2::int, $3::int) as n`,
        [newId(), from, Math.min(from + BLOCK, measurements) - 1],
      );
    }
    await context.pool.query('vacuum analyze measurement_uid');
  } finally {
    await context.close();
  }
}
