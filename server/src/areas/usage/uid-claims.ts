import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Instant } from '../../kernel/time.ts';
import type { Db, Tx } from '../../store/database.ts';

/** A uid is idempotent for 35 days from the receipt of its first stored copy (spec 20 §7.6). */
export const UID_WINDOW_DAYS = 35;

/**
 * 128 bits of SHA-256 over organization and uid, in the form of a UUID: short keys of one length for the
 * index.
 */
export function uidHash(orgId: string, uid: string): string {
  return createHash('sha256').update(orgId).update('\n').update(uid).digest('hex').slice(0, 32);
}

export type UidClaim = { readonly hash: string; readonly receivedAt: Instant };

/**
 * Claims uids for a group of measurements and answers the hashes that it now owns: new ones, expired ones,
 * and those that the same group claimed before a crash. A uid claimed by another transaction that is still
 * open is waited for. Claims are made in one order everywhere, so that two groups cannot wait for each
 * other.
 */
export async function claimUids(tx: Tx, insertId: string, claims: readonly UidClaim[]): Promise<Set<string>> {
  if (claims.length === 0) return new Set();
  const sorted = [...claims].sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const hashes = sorted.map((claim) => claim.hash);
  const times = sorted.map((claim) => String(claim.receivedAt));
  const { rows } = await sql<{ uidHash: string }>`
    insert into measurement_uid as known (uid_hash, insert_id, received_at)
    select claim.hash, ${insertId}::uuid, claim.received_at
    from unnest(${hashes}::uuid[], ${times}::timestamptz[]) as claim (hash, received_at)
    on conflict (uid_hash) do update
      set insert_id = excluded.insert_id, received_at = excluded.received_at
      where known.insert_id = excluded.insert_id
         or known.received_at < excluded.received_at - make_interval(days => ${UID_WINDOW_DAYS})
    returning replace(uid_hash::text, '-', '') as uid_hash`.execute(tx);
  return new Set(rows.map((row) => row.uidHash));
}

/**
 * Gives back claims of measurements that are not stored after all, so that they can be corrected and
 * resent.
 */
export async function releaseUids(tx: Tx, insertId: string, hashes: readonly string[]): Promise<void> {
  if (hashes.length === 0) return;
  await sql`delete from measurement_uid
    where insert_id = ${insertId} and uid_hash = any(${hashes}::uuid[])`.execute(tx);
}

/** A measurement that waits in the inbox may have been received while a uid was in its window. */
const LONGEST_WAIT_DAYS = 1;

/** Forgets uids whose window has passed. */
export async function forgetOldUids(db: Db, now: Instant): Promise<void> {
  const days = UID_WINDOW_DAYS + LONGEST_WAIT_DAYS;
  await sql`delete from measurement_uid
    where received_at < ${String(now)}::timestamptz - make_interval(days => ${days})`.execute(db);
}

/** Those of the uids that a group other than this one holds within their window. */
export async function takenUids(
  tx: Tx,
  insertId: string,
  { hashes, now }: { readonly hashes: readonly string[]; readonly now: Instant },
): Promise<Set<string>> {
  if (hashes.length === 0) return new Set();
  const { rows } = await sql<{ uidHash: string }>`
    select replace(uid_hash::text, '-', '') as uid_hash from measurement_uid
    where uid_hash = any(${[...hashes]}::uuid[]) and insert_id <> ${insertId}
      and received_at >= ${String(now)}::timestamptz - make_interval(days => ${UID_WINDOW_DAYS})`.execute(tx);
  return new Set(rows.map((row) => row.uidHash));
}
