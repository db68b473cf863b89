import { Readable } from 'node:stream';
import type { ClickHouseClient } from '@clickhouse/client';
import { sql } from 'kysely';
import { type BatchGroup, takeGroup } from '../../src/areas/usage/measurement-inbox.ts';
import type { Context } from '../../src/context.ts';
import { present } from '../../src/kernel/assert.ts';
import { newId } from '../../src/kernel/ids.ts';
import { eventually } from './billing.ts';

/** Sends the lines of an insert to ClickHouse; may be called any number of times. */
export type Send = (lines: readonly string[]) => Promise<void>;

/** The context with a ClickHouse whose inserts go through `insert`. */
export function withInserts(
  ctx: Context,
  insert: (lines: readonly string[], send: Send) => Promise<void>,
): Context {
  const { clickhouse } = ctx;
  const intercepted = async (params: Parameters<ClickHouseClient['insert']>[0]) => {
    const lines = (await textOf(params.values as Readable)).split(/(?<=\n)/);
    await insert(lines, async (chosen) => {
      const values = Readable.from([chosen.join('')], { objectMode: false });
      if (chosen.length > 0) await clickhouse.insert({ ...params, values });
    });
  };
  return { ...ctx, clickhouse: Object.assign(Object.create(clickhouse), { insert: intercepted }) };
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

/** Marks all that waits as a group, as a worker that dies before it does more. */
export async function takenGroup({ db }: Context): Promise<BatchGroup> {
  const group = await db.transaction().execute((tx) => takeGroup(tx, newId()));
  return present(group, 'something that waits');
}

/** Resolves when a session of this database waits for another's lock. */
export async function somebodyWaits({ db }: Context): Promise<void> {
  await eventually('a session to wait for a lock', async () => {
    const { rows } = await sql<{ count: number }>`select count(*) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
    return (rows[0]?.count ?? 0) > 0 ? true : null;
  });
}
