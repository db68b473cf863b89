import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import type { IngestFailure } from '../../engine/metering/ingest-failure.ts';
import { newId } from '../../kernel/ids.ts';
import { parseJson, writeJsonWithNulls } from '../../kernel/json.ts';
import type { Db, Tx } from '../../store/database.ts';
import type { BatchGroup, MeasurementBatch } from './measurement-inbox.ts';
import { recordFailedRows } from './record-failures.ts';
import type { StoredPlaces } from './submitted-group.ts';
import { releaseUids, uidHash } from './uid-claims.ts';
import { countUploadedRows, uploadedPlaces } from './upload-progress.ts';

/** What is wrong for longer than this lies in the group. */
const MAX_ATTEMPTS = 3;

/** PostgreSQL is not reachable, full, stopping or in a deadlock; ClickHouse answers with short numbers. */
const PASSING_CODE = /^(?:08|40|53|55|57|58|XX)...$|^E[A-Z_]+$|^\d{1,3}$/;

export type BrokenGroup = {
  readonly group: BatchGroup;
  readonly stored: StoredPlaces | null;
  readonly error: unknown;
};

/**
 * Counts that a group could not be enriched. After the third time the group is taken apart, so that one part
 * of it that can never be enriched does not hold up the others: into groups of one batch, a batch into
 * batches of one measurement, and that one becomes a failure that can be submitted again. Batches of which
 * something is stored stay as they are. Does nothing for failures that pass by themselves.
 */
export async function isolateBroken(ctx: Context, db: Db, broken: BrokenGroup): Promise<void> {
  const { group, stored, error } = broken;
  const code = (error as { readonly code?: unknown }).code;
  if (typeof code === 'string' && PASSING_CODE.test(code)) return;
  await db.transaction().execute(async (tx) => {
    if ((await countedAttempts(tx, group.insertId)) < MAX_ATTEMPTS) return;
    const movable = group.batches.filter(({ id }) => !isPartlyStored(stored, id));
    ctx.log.error({ err: error, insertId: group.insertId }, 'measurements cannot be enriched: taken apart');
    await releaseUids(
      tx,
      group.insertId,
      movable.flatMap((batch) => uidHashes(group.orgId, batch)),
    );
    if (group.batches.length > 1) await regroup(tx, movable);
    else for (const batch of movable) await takeApart(ctx, tx, { batch, group, error });
    await sql`delete from measurement_group_failure where insert_id = ${group.insertId}`.execute(tx);
  });
}

async function countedAttempts(tx: Tx, insertId: string): Promise<number> {
  const { rows } = await sql<{ attempts: number }>`
    insert into measurement_group_failure as known (insert_id, attempts) values (${insertId}, 1)
    on conflict (insert_id) do update set attempts = known.attempts + 1 returning attempts`.execute(tx);
  return rows[0]?.attempts ?? 0;
}

function isPartlyStored(stored: StoredPlaces | null, batchId: string): boolean {
  return [...(stored?.keys() ?? [])].some((place) => place.startsWith(`${batchId}:`));
}

/** Claims that an earlier attempt may have left behind; none of a body that cannot be read. */
function uidHashes(orgId: string, batch: MeasurementBatch): string[] {
  const uids = (measurementsOf(batch) ?? []).map((row) => (row as { readonly uid?: unknown } | null)?.uid);
  return uids.flatMap((uid) => (typeof uid === 'string' && uid !== '' ? [uidHash(orgId, uid)] : []));
}

function measurementsOf({ body }: MeasurementBatch): readonly unknown[] | null {
  try {
    const { measurements } = parseJson(body) as { readonly measurements?: unknown };
    return Array.isArray(measurements) ? measurements : null;
  } catch {
    return null;
  }
}

async function regroup(tx: Tx, batches: readonly MeasurementBatch[]): Promise<void> {
  const ids = batches.map(({ id }) => id);
  const insertIds = batches.map(() => newId());
  await sql`update measurement_batch set insert_id = alone.insert_id
    from unnest(${ids}::uuid[], ${insertIds}::uuid[]) as alone (id, insert_id)
    where measurement_batch.id = alone.id`.execute(tx);
}

type BrokenBatch = {
  readonly batch: MeasurementBatch;
  readonly group: BatchGroup;
  readonly error: unknown;
};

async function takeApart(ctx: Context, tx: Tx, broken: BrokenBatch): Promise<void> {
  const measurements = measurementsOf(broken.batch);
  if (measurements === null || measurements.length < 2) await failBatch(ctx, tx, broken);
  else await splitBatch(tx, broken.batch, measurements);
}

/** One batch and one group for each measurement, received when the whole was. */
async function splitBatch(tx: Tx, { id }: MeasurementBatch, measurements: readonly unknown[]): Promise<void> {
  const bodies = measurements.map((one) => `{"measurements":[${writeJsonWithNulls(one)}]}`);
  const ids = measurements.map(() => newId());
  const insertIds = measurements.map(() => newId());
  await sql`
    insert into measurement_batch
      (id, org_id, received_at, source, measurement_count, body, insert_id, row_numbers)
    select part.id, b.org_id, b.received_at, b.source, 1, part.body, part.insert_id,
      case when b.row_numbers is null then null else array[b.row_numbers[part.place::int]] end
    from measurement_batch b, unnest(${ids}::uuid[], ${insertIds}::uuid[], ${bodies}::text[])
      with ordinality as part (id, insert_id, body, place)
    where b.id = ${id}`.execute(tx);
  await sql`delete from measurement_batch where id = ${id}`.execute(tx);
}

/** The measurement leaves the inbox as a failure, whose file keeps it. */
async function failBatch(ctx: Context, tx: Tx, { batch, group, error }: BrokenBatch): Promise<void> {
  const { orgId, receivedAt, id } = batch;
  const uploaded = await uploadedPlaces(tx, group);
  const reason = error instanceof Error ? error.message : String(error);
  const [measurement] = measurementsOf(batch) ?? [];
  const errors = [{ field: '', message: `could not be enriched: ${reason.slice(0, 300)}` }];
  const text = measurement === undefined ? batch.body : writeJsonWithNulls(measurement);
  const place = uploaded.get(id);
  const row = { number: place?.rowNumbers[0] ?? null, type: 'InvalidMeasurement' as const, errors, text };
  const rows = { orgId, uploadId: place?.uploadId ?? null, receivedAt, rows: [row] };
  await recordFailedRows(ctx, tx, rows);
  const failure = { batch: 0, type: 'InvalidMeasurement' } as IngestFailure;
  await countUploadedRows(tx, { group, failures: [failure], uploaded, now: ctx.clock.now() });
  await sql`delete from measurement_batch where id = ${id}`.execute(tx);
}
