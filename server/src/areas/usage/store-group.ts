import { Readable } from 'node:stream';
import { type Kysely, sql } from 'kysely';
import type { Context } from '../../context.ts';
import { newId } from '../../kernel/ids.ts';
import type { Database, Tx } from '../../store/database.ts';
import { type BatchGroup, finishGroup, loadGroup, takeGroup, unfinishedGroups } from './measurement-inbox.ts';
import { MEASUREMENT_COLUMNS, type MeasurementRow, measurementLine } from './measurement-row.ts';
import { type PreparedGroup, prepareGroup } from './prepare-group.ts';
import { recordFailures } from './record-failures.ts';

/**
 * Takes the next waiting batches from the inbox to ClickHouse; false when nothing waits. Three steps, of which
 * each may be the last before a crash: batches are marked as a group, with their uids claimed and unknown accounts
 * made; rows are inserted under the group's id; the batches leave the inbox as the failure events are written.
 */
export async function storeNextGroup(ctx: Context): Promise<boolean> {
  const insertId = newId();
  return whileLocked(ctx, insertId, async (db) => {
    const prepared = await db.transaction().execute(async (tx) => {
      const group = await takeGroup(tx, insertId);
      return group && prepareGroup(ctx, tx, { group, stored: new Set() });
    });
    if (!prepared) return false;
    await completeGroup(ctx, db, prepared);
    return true;
  });
}

/**
 * Finishes groups whose worker died between two steps. What is already in ClickHouse stays as it is; the rest is
 * enriched again, and the group's own claims on uids hold.
 */
export async function finishUnfinishedGroups(ctx: Context): Promise<void> {
  for (const insertId of await unfinishedGroups(ctx.db)) {
    await whileLocked(ctx, insertId, async (db) => {
      const group = await loadGroup(db, insertId);
      if (!group) return false;
      ctx.log.info(
        { insertId, batches: group.batches.length },
        'finishing measurements of an interrupted worker',
      );
      const stored = await storedPositions(ctx, group);
      const prepared = await db.transaction().execute((tx) => prepareGroup(ctx, tx, { group, stored }));
      await completeGroup(ctx, db, prepared);
      return true;
    });
  }
}

/**
 * Runs the work while this session holds the group's lock, which PostgreSQL drops when the process dies. Answers
 * false without running it when another worker holds the lock.
 */
async function whileLocked(
  ctx: Context,
  insertId: string,
  work: (db: Kysely<Database>) => Promise<boolean>,
): Promise<boolean> {
  return ctx.db.connection().execute(async (db) => {
    const { rows } = await sql<{ locked: boolean }>`
      select pg_try_advisory_lock(hashtextextended(${insertId}, 0)) as locked`.execute(db);
    if (rows[0]?.locked !== true) return false;
    try {
      return await work(db);
    } finally {
      await sql`select pg_advisory_unlock(hashtextextended(${insertId}, 0))`.execute(db);
    }
  });
}

async function completeGroup(ctx: Context, db: Kysely<Database>, prepared: PreparedGroup): Promise<void> {
  await insertRows(ctx, prepared);
  await db.transaction().execute(async (tx: Tx) => {
    await recordFailures(ctx, tx, prepared);
    await finishGroup(tx, prepared.group.insertId);
  });
}

/** One block under the group's id as token: sent twice because an answer was lost, it is stored once. */
async function insertRows(ctx: Context, { group, rows }: PreparedGroup): Promise<void> {
  if (rows.length === 0) return;
  await ctx.clickhouse.insert({
    table: 'measurement',
    columns: MEASUREMENT_COLUMNS,
    values: Readable.from([linesOf(rows)], { objectMode: false }),
    format: 'TabSeparated',
    clickhouse_settings: { insert_deduplication_token: group.insertId, max_partitions_per_insert_block: '0' },
  });
}

function linesOf(rows: readonly MeasurementRow[]): string {
  return rows.map(measurementLine).join('');
}

/** Which measurements of the group are in ClickHouse already, as `batch id:position`. */
async function storedPositions(ctx: Context, group: BatchGroup): Promise<Set<string>> {
  const result = await ctx.clickhouse.query({
    query: `select toString(batch_id) as batch_id, position from measurement
      where org_id = {orgId:UUID} and insert_id = {insertId:UUID}`,
    query_params: { orgId: group.orgId, insertId: group.insertId },
    format: 'JSONEachRow',
  });
  const rows = await result.json<{ batch_id: string; position: number }>();
  return new Set(rows.map((row) => `${row.batch_id}:${row.position}`));
}
