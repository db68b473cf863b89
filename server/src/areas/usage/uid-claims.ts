import { hash } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { Instant } from '../../kernel/time.ts';
import { isUniqueViolation } from '../../store/constraint.ts';
import type { Db, Tx } from '../../store/database.ts';
import { inTransaction } from '../../store/transaction.ts';

/** A uid is idempotent for 35 days from the receipt of its first stored copy (spec 20 §7.6). */
export const UID_WINDOW_DAYS = 35;

/**
 * 128 bits of SHA-256 over organization and uid, in the form of a UUID: short keys of one length for the
 * index.
 */
export function uidHash(orgId: string, uid: string): string {
  return hash('sha256', `${orgId}\n${uid}`, 'hex').slice(0, 32);
}

/** Uids of one group in the order of its measurements, by the receipt of the batches that they came in. */
export type UidClaims = {
  /** For each batch, the hashes of its uids. One may be there twice. */
  readonly hashes: readonly (readonly string[])[];
  readonly times: readonly Instant[];
};

/** Organizations whose last group repeated uids: their next ones will too. */
const repeating = new Set<string>();
const MAX_REPEATING = 10_000;

/** Whether uids of the organization's next group are likely to be taken. */
export function repeatsUids(orgId: string): boolean {
  return repeating.has(orgId);
}

/**
 * Claims uids for a group of measurements and answers the hashes that it could not have: those that another
 * group holds within their window. New ones, expired ones and those that the same group claimed before a
 * crash are its own now. A uid claimed by another transaction that is still open is waited for. Claims are
 * made in one order everywhere, so that two groups cannot wait for each other.
 */
export async function claimUids(
  tx: Tx,
  { orgId, insertId }: { readonly orgId: string; readonly insertId: string },
  claims: UidClaims,
): Promise<string[]> {
  if (claims.hashes.every((hashes) => hashes.length === 0)) return [];
  if (!repeating.has(orgId) && (await claimNewUids(tx, insertId, claims))) return [];
  const lost = await claimAnyUids(tx, insertId, claims);
  if (lost.length === 0) repeating.delete(orgId);
  else if (repeating.size < MAX_REPEATING) repeating.add(orgId);
  return lost;
}

/**
 * Claims all of them, or none when one is known: mostly all are new, and inserting without a way out takes
 * PostgreSQL little more than half of the time.
 */
async function claimNewUids(tx: Tx, insertId: string, claims: UidClaims): Promise<boolean> {
  try {
    await inTransaction(tx, async (part) => {
      await sql`insert into measurement_uid (uid_hash, insert_id, received_at)
        select hash, ${insertId}::uuid, received_at from (${claimRows(claims)}) as claim
        order by hash`.execute(part);
    });
    return true;
  } catch (error) {
    if (isUniqueViolation(error)) return false;
    throw error;
  }
}

async function claimAnyUids(tx: Tx, insertId: string, claims: UidClaims): Promise<string[]> {
  const { rows } = await sql<{ uidHash: string }>`
    with claim as materialized (
      select distinct on (hash) hash, received_at from (${claimRows(claims)}) as given
      order by hash, received_at
    ), won as (
      insert into measurement_uid as known (uid_hash, insert_id, received_at)
      select hash, ${insertId}::uuid, received_at from claim order by hash
      on conflict (uid_hash) do update
        set insert_id = excluded.insert_id, received_at = excluded.received_at
        where known.insert_id = excluded.insert_id
           or known.received_at < excluded.received_at - make_interval(days => ${UID_WINDOW_DAYS})
      returning uid_hash
    )
    select replace(hash::text, '-', '') as uid_hash from claim
    where not exists (select from won where won.uid_hash = claim.hash)`.execute(tx);
  return rows.map((row) => row.uidHash);
}

function claimRows({ hashes, times }: UidClaims): RawBuilder<unknown> {
  let next = 1;
  const starts = hashes.map(({ length }) => {
    const start = next;
    next += length;
    return start;
  });
  return sql`select hash, (${arrayText(times)}::timestamptz[])
      [width_bucket(n, ${arrayText(starts)}::bigint[])] as received_at
    from unnest(${uuidArray(hashes.flat())}::uuid[]) with ordinality as claim (hash, n)`;
}

/** One dimension, no nulls, of the type `uuid`; then how many and the first one's number. */
const UUID_ARRAY = '0000000100000000' + '00000b86';
const FIRST_NUMBER = '00000001';
const UUID_LENGTH = '00000010';

/** An array of UUIDs in PostgreSQL's binary form, which it reads in a third of the time of the text. */
function uuidArray(hashes: readonly string[]): Buffer {
  const count = hashes.length.toString(16).padStart(8, '0');
  const items = hashes.map((hash) => UUID_LENGTH + hash);
  return Buffer.from(`${UUID_ARRAY}${count}${FIRST_NUMBER}${items.join('')}`, 'hex');
}

/** An array of values that need no quotes, as PostgreSQL reads it: the driver would quote each by itself. */
function arrayText(values: readonly (string | number | Instant)[]): string {
  return `{${values.join(',')}}`;
}

/**
 * Gives back claims of measurements that are not stored after all, so that they can be corrected and
 * resent.
 */
export async function releaseUids(tx: Tx, insertId: string, hashes: readonly string[]): Promise<void> {
  if (hashes.length === 0) return;
  await sql`delete from measurement_uid
    where insert_id = ${insertId} and uid_hash = any(${uuidArray(hashes)}::uuid[])`.execute(tx);
}

/** A measurement that waits in the inbox may have been received while a uid was in its window. */
const LONGEST_WAIT_DAYS = 1;

/** Forgets uids whose window has passed. */
export async function forgetOldUids(db: Db, now: Instant): Promise<void> {
  const days = UID_WINDOW_DAYS + LONGEST_WAIT_DAYS;
  await sql`delete from measurement_uid
    where received_at < ${now}::timestamptz - make_interval(days => ${days})`.execute(db);
}
