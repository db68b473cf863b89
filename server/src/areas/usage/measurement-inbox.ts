import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import { newId } from '../../kernel/ids.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Db, Tx } from '../../store/database.ts';
import { prepared } from '../../store/value-client.ts';
import type { SubmittedCodes } from './submitted-codes.ts';

/**
 * Measurements taken into one group: enough to make ClickHouse inserts large, little enough to stay in
 * memory.
 */
const MAX_GROUP_MEASUREMENTS = 25_000;
const MAX_GROUP_BATCHES = 500;
const MAX_GROUP_BYTES = 32_000_000;

/** One accepted request or a piece of an uploaded file, as text in the form in which it was submitted. */
export type MeasurementBatch = {
  readonly id: string;
  readonly orgId: string;
  readonly receivedAt: Instant;
  readonly source: string;
  readonly body: string;
  /** The codes in the body, which `JSON.parse` reads exactly; null when it has to be looked at. */
  readonly codes: SubmittedCodes | null;
};

/** Batches that are enriched and stored together; `insertId` names their rows in ClickHouse. */
export type BatchGroup = {
  readonly insertId: string;
  readonly orgId: string;
  readonly batches: readonly MeasurementBatch[];
};

export type AcceptedBody = {
  readonly orgId: string;
  /** The moment against which it was checked. */
  readonly receivedAt: Instant;
  readonly source: string;
  readonly body: string;
  readonly measurementCount: number;
  /** As in `MeasurementBatch`. */
  readonly codes: SubmittedCodes | null;
};

/** Submissions being made durable at a time that are a crowd: they arrive faster than they are accepted. */
const CROWD = 2;

type Acceptances = { open: number; crowdedAtMs: number };
const acceptances = new WeakMap<Context['pool'], Acceptances>();

/** For how many milliseconds submissions have not crowded in this process. */
export function calmMs(ctx: Context): number {
  return performance.now() - (acceptances.get(ctx.pool)?.crowdedAtMs ?? Number.NEGATIVE_INFINITY);
}

function beginAcceptance(ctx: Context): Acceptances {
  const known = acceptances.get(ctx.pool) ?? { open: 0, crowdedAtMs: Number.NEGATIVE_INFINITY };
  acceptances.set(ctx.pool, known);
  known.open += 1;
  if (known.open >= CROWD) known.crowdedAtMs = performance.now();
  return known;
}

/** Makes a submission durable: when this resolves, the measurements are accepted (spec 20 §7.2). */
export async function acceptBatch(ctx: Context, accepted: AcceptedBody): Promise<void> {
  const begun = beginAcceptance(ctx);
  try {
    const { codes } = accepted;
    await sql`insert into measurement_batch
        (id, org_id, received_at, source, measurement_count, body, meter_codes, account_codes)
      values (${newId()}, ${accepted.orgId}, ${String(accepted.receivedAt)}, ${accepted.source},
              ${accepted.measurementCount}, ${accepted.body},
              ${codes && [...codes.meters]}::text[], ${codes && [...codes.accounts]}::text[])`.execute(
      ctx.db,
    );
  } finally {
    begun.open -= 1;
  }
}

/** Whether a batch waits that no worker has taken: a look without a lock, for workers that are idle. */
export async function isWaiting(db: Db): Promise<boolean> {
  const { rows } = await sql`${prepared}select 1 from measurement_batch
    where insert_id is null limit 1`.execute(db);
  return rows.length > 0;
}

/**
 * Locks the oldest waiting batches of one organization and marks them as the group `insertId`, all inside the
 * transaction; null when nothing waits. Other workers skip what is locked.
 */
export async function takeGroup(tx: Tx, insertId: string): Promise<BatchGroup | null> {
  const taken = await sql<BatchRow>`
    with first as (
      select org_id from measurement_batch where insert_id is null order by id limit 1 for update skip locked
    ), waiting as (
      select id, measurement_count, octet_length(body) as bytes from measurement_batch
      where insert_id is null and org_id = (select org_id from first)
      order by id limit ${MAX_GROUP_BATCHES} for update skip locked
    ), counted as (
      select id, sum(measurement_count) over (order by id) - measurement_count as before,
             sum(bytes) over (order by id) - bytes as bytes_before
      from waiting
    )
    update measurement_batch b set insert_id = ${insertId}
    from counted c where c.id = b.id
      and c.before < ${MAX_GROUP_MEASUREMENTS} and c.bytes_before < ${MAX_GROUP_BYTES}
    returning b.id, b.org_id, b.received_at, b.source, b.body, b.meter_codes, b.account_codes`.execute(tx);
  return groupOf(insertId, taken.rows);
}

/** Groups that some worker took and did not finish; they may be in work right now. */
export async function unfinishedGroups(db: Db): Promise<string[]> {
  const { rows } = await sql<{ insertId: string }>`
    select distinct insert_id from measurement_batch where insert_id is not null
    order by insert_id limit 100`.execute(db);
  return rows.map((row) => row.insertId);
}

/** The batches of a group that was taken before; null when it has been finished meanwhile. */
export async function loadGroup(db: Db, insertId: string): Promise<BatchGroup | null> {
  const { rows } = await sql<BatchRow>`
    select id, org_id, received_at, source, body, meter_codes, account_codes from measurement_batch
    where insert_id = ${insertId}`.execute(db);
  return groupOf(insertId, rows);
}

type BatchRow = Omit<MeasurementBatch, 'codes'> & {
  readonly meterCodes: readonly string[] | null;
  readonly accountCodes: readonly string[] | null;
};

function groupOf(insertId: string, rows: readonly BatchRow[]): BatchGroup | null {
  const [first] = rows;
  if (!first) return null;
  const sorted = [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
  const batches = sorted.map(({ meterCodes, accountCodes, ...row }) => {
    const codes = meterCodes && accountCodes;
    return { ...row, codes: codes && { meters: new Set(meterCodes), accounts: new Set(accountCodes) } };
  });
  return { insertId, orgId: first.orgId, batches };
}

/** The group is stored: its batches leave the inbox. */
export async function finishGroup(tx: Tx, insertId: string): Promise<void> {
  await sql`delete from measurement_batch where insert_id = ${insertId}`.execute(tx);
}
