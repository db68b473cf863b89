import { Readable } from 'node:stream';
import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import { newId } from '../../kernel/ids.ts';
import type { Db } from '../../store/database.ts';
import { isolateBroken } from './broken-group.ts';
import type { MeasurementInsert, Preparation } from './draft-group.ts';
import {
  type BatchGroup,
  finishGroup,
  isWaiting,
  loadGroup,
  takeGroup,
  unfinishedGroups,
} from './measurement-inbox.ts';
import { MEASUREMENT_COLUMNS } from './measurement-row.ts';
import { type PreparedGroup, prepareGroup } from './prepare-group.ts';
import { recordFailures } from './record-failures.ts';
import { placeName, type StoredPlaces } from './submitted-group.ts';
import { countUploadedRows, uploadedPlaces } from './upload-progress.ts';

/**
 * Takes the next waiting batches from the inbox to ClickHouse; false when nothing waits. Each step may be
 * the last before a crash: batches are marked as a group; its uids are claimed and unknown accounts made;
 * its rows are inserted under its id; the batches leave the inbox as the failure events are written. What
 * fails on the way stays marked and is left to `finishUnfinishedGroups`, so that it does not hold up the
 * batches behind it.
 */
export async function storeNextGroup(ctx: Context): Promise<boolean> {
  if (!(await isWaiting(ctx.db))) return false;
  const insertId = newId();
  return whileLocked(ctx, insertId, async (db) => {
    const group = await db.transaction().execute((tx) => takeGroup(tx, insertId));
    if (!group) return false;
    await storeGroup(ctx, db, { group, stored: null });
    return true;
  });
}

/**
 * Finishes groups whose worker failed or died between two steps, each by itself. What is already in
 * ClickHouse stays as it is; the rest is enriched again, and the group's own claims on uids hold.
 */
export async function finishUnfinishedGroups(ctx: Context): Promise<void> {
  for (const insertId of await unfinishedGroups(ctx.db)) {
    try {
      await whileLocked(ctx, insertId, (db) => finishUnfinishedGroup(ctx, db, insertId));
    } catch (error) {
      ctx.log.error({ err: error, insertId }, 'measurements could not be stored yet, they stay in the inbox');
    }
  }
}

async function finishUnfinishedGroup(ctx: Context, db: Db, insertId: string): Promise<boolean> {
  const group = await loadGroup(db, insertId);
  if (!group) return false;
  ctx.log.info(
    { insertId, batches: group.batches.length },
    'finishing measurements of an interrupted worker',
  );
  await storeGroup(ctx, db, { group, stored: await storedPlaces(ctx, group) });
  return true;
}

/**
 * Runs the work while this session holds the group's lock, which PostgreSQL drops when the process dies.
 * Answers false without running it when another worker holds the lock.
 */
async function whileLocked(
  ctx: Context,
  insertId: string,
  work: (db: Db) => Promise<boolean>,
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

async function storeGroup(ctx: Context, db: Db, unstored: Preparation): Promise<void> {
  const { group } = unstored;
  const { inserts, failures } = await decidedGroup(ctx, db, unstored);
  for (const insert of inserts) await insertMeasurements(ctx, insert);
  await db.transaction().execute(async (tx) => {
    const uploaded = await uploadedPlaces(tx, group);
    await recordFailures(ctx, tx, { group, failures, uploaded });
    await countUploadedRows(tx, { group, failures, uploaded, now: ctx.clock.now() });
    await finishGroup(tx, group.insertId);
  });
}

/** The fate of the group. One that cannot be enriched time and again is taken apart, and then fails here. */
async function decidedGroup(ctx: Context, db: Db, unstored: Preparation): Promise<PreparedGroup> {
  try {
    return await db.transaction().execute((tx) => prepareGroup(ctx, tx, unstored));
  } catch (error) {
    await isolateBroken(ctx, db, { ...unstored, error });
    throw error;
  }
}

async function insertMeasurements(ctx: Context, { token, lines }: MeasurementInsert): Promise<void> {
  await ctx.clickhouse.insert({
    table: 'measurement',
    columns: MEASUREMENT_COLUMNS,
    values: Readable.from([lines], { objectMode: false }),
    format: 'TabSeparated',
    clickhouse_settings: {
      insert_deduplication_token: token,
      max_partitions_per_insert_block: '0',
      // Splitting a group among threads takes more than it saves: another group is in work meanwhile.
      input_format_parallel_parsing: 0,
    },
  });
}

type StoredRow = {
  readonly batch_id: string;
  readonly position: number;
  readonly account_id: string;
  readonly year: number;
  readonly failed_fields: readonly string[];
};

/** Which measurements of the group are in ClickHouse already. */
async function storedPlaces(ctx: Context, group: BatchGroup): Promise<StoredPlaces> {
  const result = await ctx.clickhouse.query({
    query: `select toString(batch_id) as batch_id, position, toString(account_id) as account_id,
        toYear(ts) as year, failed_fields
      from measurement where org_id = {orgId:UUID} and insert_id = {insertId:UUID}`,
    query_params: { orgId: group.orgId, insertId: group.insertId },
    format: 'JSONEachRow',
  });
  const rows = await result.json<StoredRow>();
  return new Map(
    rows.map(({ batch_id: batchId, position, account_id: accountId, year, failed_fields: failedFields }) => [
      placeName(batchId, position),
      { accountId, year, failedFields },
    ]),
  );
}
