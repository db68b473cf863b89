import { hash } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { Instant } from '../../kernel/time.ts';
import { isUniqueViolation } from '../../store/constraint.ts';
import type { Db, Tx } from '../../store/database.ts';
import { inTransaction } from '../../store/transaction.ts';

/** A uid is idempotent for 35 days from the receipt of its first stored copy (spec 20 §7.6). */
export const UID_WINDOW_DAYS = 35;

/**
 * 128 bits of SHA-256 over organization and uid in hexadecimal. The first half is the key of its row: an
 * index of 64 bits takes 70 % of the room of one of 128, and mostly fits into memory that the other would
 * not. Whether a uid is known is decided by both halves. One whose key belongs to another uid has its row
 * under its second half, as `displaced`; the row that is in its way stays at least as long.
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
      await sql`insert into measurement_uid (uid_key, uid_rest, insert_id, received_at)
        select key, rest, ${insertId}::uuid, received_at from (${claimRows(claims)}) as claim
        order by key`.execute(part);
    });
    return true;
  } catch (error) {
    if (isUniqueViolation(error)) return false;
    throw error;
  }
}

async function claimAnyUids(tx: Tx, insertId: string, claims: UidClaims): Promise<string[]> {
  const refused = await refusedClaims(tx, insertId, { claims, displaced: false });
  const tried = refused.filter(({ wasTried }) => wasTried).map(({ hash }) => hash);
  const displaced = new Set(await displacedUids(tx, tried));
  const lost = tried.filter((hash) => !displaced.has(hash));
  if (displaced.size > 0) {
    const swapped = someClaims(claims, displaced).map((of) => of.map(otherHalfFirst));
    const again = { claims: { ...claims, hashes: swapped }, displaced: true };
    for (const { hash } of await refusedClaims(tx, insertId, again)) lost.push(otherHalfFirst(hash));
  }
  if (tried.length === refused.length) return lost;
  const untried = new Set(refused.filter(({ wasTried }) => !wasTried).map(({ hash }) => hash));
  const rest = { ...claims, hashes: someClaims(claims, untried) };
  return [...lost, ...(await claimAnyUids(tx, insertId, rest))];
}

function someClaims({ hashes }: UidClaims, wanted: ReadonlySet<string>): string[][] {
  return hashes.map((of) => of.filter((hash) => wanted.has(hash)));
}

const HALF = 16;
const HASH = sql`lpad(to_hex(key), 16, '0') || lpad(to_hex(rest), 16, '0')`;

function otherHalfFirst(hash: string): string {
  return hash.slice(HALF) + hash.slice(0, HALF);
}

type Refused = { readonly hash: string; readonly wasTried: boolean };

/** The hashes that have not got their keys. Of those with one key, only the first is tried. */
async function refusedClaims(
  tx: Tx,
  insertId: string,
  { claims, displaced }: { readonly claims: UidClaims; readonly displaced: boolean },
): Promise<Refused[]> {
  const { rows } = await sql<Refused>`
    with claim as materialized (
      select key, rest, min(received_at) as received_at,
        row_number() over (partition by key order by rest) as nth
      from (${claimRows(claims)}) as given
      group by key, rest
    ), won as (
      insert into measurement_uid as known (uid_key, uid_rest, insert_id, received_at, displaced)
      select key, rest, ${insertId}::uuid, received_at, nullif(${displaced}, false)
      from claim where nth = 1 order by key
      on conflict (uid_key) do update
        set insert_id = excluded.insert_id, received_at = excluded.received_at
        where known.uid_rest = excluded.uid_rest and (known.insert_id = excluded.insert_id
          or known.received_at < excluded.received_at - make_interval(days => ${UID_WINDOW_DAYS}))
      returning uid_key, uid_rest
    )
    select ${HASH} as hash, nth = 1 as was_tried from claim
    where not exists (select from won where uid_key = key and uid_rest = rest)`.execute(tx);
  return rows;
}

/**
 * Those of the hashes whose key belongs to another uid, as it is now: what was waited for counts. Looked up
 * one by one, since a whole file may come again, and a join might read all uids for it.
 */
async function displacedUids(tx: Tx, hashes: readonly string[]): Promise<string[]> {
  if (hashes.length === 0) return [];
  const { rows } = await sql<{ hash: string }>`
    select ${HASH} as hash
    from (${halves(hashes)}) as claim
    cross join lateral (select from measurement_uid where uid_key = key and uid_rest <> rest limit 1) as other
    `.execute(tx);
  return rows.map(({ hash }) => hash);
}

function claimRows({ hashes, times }: UidClaims): RawBuilder<unknown> {
  let next = 1;
  const starts = hashes.map(({ length }) => {
    const start = next;
    next += length;
    return start;
  });
  return sql`select key, rest, (${arrayText(times)}::timestamptz[])
      [width_bucket(n, ${arrayText(starts)}::bigint[])] as received_at
    from (${halves(hashes.flat())}) as claim`;
}

/** Rows of `key`, `rest` and the place `n` of each hash from 1. */
function halves(hashes: readonly string[]): RawBuilder<unknown> {
  return sql`select * from unnest(${bigintArray(hashes, 0)}::bigint[], ${bigintArray(hashes, HALF)}::bigint[])
    with ordinality as half (key, rest, n)`;
}

/** One dimension, no nulls, of the type `bigint`; then how many and the first one's number. */
const BIGINT_ARRAY = '0000000100000000' + '00000014';
const FIRST_NUMBER = '00000001';
const BIGINT_LENGTH = '00000008';

/** A half of each hash as an array in PostgreSQL's binary form, which it reads in a third of the time. */
function bigintArray(hashes: readonly string[], from: number): Buffer {
  const count = hashes.length.toString(16).padStart(8, '0');
  const items = hashes.map((hash) => BIGINT_LENGTH + hash.slice(from, from + HALF));
  return Buffer.from(`${BIGINT_ARRAY}${count}${FIRST_NUMBER}${items.join('')}`, 'hex');
}

/** An array of values that need no quotes, as PostgreSQL reads it: the driver would quote each by itself. */
function arrayText(values: readonly (string | number | Instant)[]): string {
  return `{${values.join(',')}}`;
}

/**
 * Gives back claims of measurements that are not stored after all, so that they can be corrected and
 * resent. Their rows are as good as expired then, and go with the next purge.
 */
export async function releaseUids(tx: Tx, insertId: string, hashes: readonly string[]): Promise<void> {
  if (hashes.length === 0) return;
  const swapped = hashes.map(otherHalfFirst);
  await sql`update measurement_uid set received_at = '-infinity'
    where insert_id = ${insertId} and uid_key = any(${bigintArray([...hashes, ...swapped], 0)}::bigint[])
      and uid_rest = any(${bigintArray([...hashes, ...swapped], HALF)}::bigint[])`.execute(tx);
}

/** A measurement that waits in the inbox may have been received while a uid was in its window. */
const LONGEST_WAIT_DAYS = 1;

/** Forgets uids whose window has passed. */
export async function forgetOldUids(db: Db, now: Instant): Promise<void> {
  const days = UID_WINDOW_DAYS + LONGEST_WAIT_DAYS;
  await sql`delete from measurement_uid as old
    where received_at < ${now}::timestamptz - make_interval(days => ${days})
      and not exists (
        select from measurement_uid as other where other.displaced and other.uid_rest = old.uid_key
      )`.execute(db);
}
