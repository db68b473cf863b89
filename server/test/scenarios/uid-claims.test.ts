import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimUids, forgetOldUids, releaseUids } from '../../src/areas/usage/uid-claims.ts';
import type { Context } from '../../src/context.ts';
import { newId } from '../../src/kernel/ids.ts';
import { type Instant, Temporal } from '../../src/kernel/time.ts';
import { openTestContext } from '../support/stores.ts';

let ctx: Context;
beforeAll(async () => {
  ctx = await openTestContext({ logLevel: 'silent' });
});
afterAll(() => ctx.close());

const START = Temporal.Instant.from('2026-01-01T00:00:00Z');

function day(days: number): Instant {
  return START.add({ hours: 24 * days });
}

function half(): string {
  return randomBytes(8).toString('hex');
}

/** Different hashes with the same key. */
function colliding(count: number): string[] {
  const key = half();
  return Array.from({ length: count }, () => key + half());
}

type Claim = { readonly hashes: readonly string[]; readonly at?: Instant; readonly insertId?: string };

/** What one group could not have; each group is of an organization of its own, so none expects repeats. */
async function refused({ hashes, at = START, insertId = newId() }: Claim): Promise<string[]> {
  return ctx.db
    .transaction()
    .execute((tx) => claimUids(tx, { orgId: newId(), insertId }, { hashes: [hashes], times: [at] }));
}

test('a uid whose key belongs to another uid is claimed once', async () => {
  const [first = '', second = '', third = ''] = colliding(3);
  expect(await refused({ hashes: [first] })).toEqual([]);
  expect(await refused({ hashes: [second, half() + half()] })).toEqual([]);
  expect(await refused({ hashes: [second] })).toEqual([second]);
  expect(await refused({ hashes: [first] })).toEqual([first]);
  expect((await refused({ hashes: [third, second, first] })).sort()).toEqual([first, second].sort());
  expect(await refused({ hashes: [third] })).toEqual([third]);
});

test('uids of one group with the same key are each claimed', async () => {
  const hashes = colliding(3);
  const insertId = newId();
  expect(await refused({ hashes, insertId })).toEqual([]);
  expect(await refused({ hashes, insertId })).toEqual([]);
  expect((await refused({ hashes })).sort()).toEqual([...hashes].sort());
});

test('a displaced uid stays known when the one in its way has expired', async () => {
  const [first = '', second = ''] = colliding(2);
  expect(await refused({ hashes: [first], at: day(0) })).toEqual([]);
  expect(await refused({ hashes: [second], at: day(30) })).toEqual([]);
  await forgetOldUids(ctx.db, day(40));
  expect(await refused({ hashes: [second], at: day(40) })).toEqual([second]);
  expect(await refused({ hashes: [first], at: day(40) })).toEqual([]);
  expect(await refused({ hashes: [second], at: day(66) })).toEqual([]);
});

test.each([0, 1])('a displaced uid and the one in its way can be given back (%i)', async (returned) => {
  const hashes = colliding(2);
  const insertIds = [newId(), newId()];
  for (const [i, hash] of hashes.entries()) {
    expect(await refused({ hashes: [hash], insertId: insertIds[i] ?? '' })).toEqual([]);
  }
  await ctx.db
    .transaction()
    .execute((tx) => releaseUids(tx, insertIds[returned] ?? '', [hashes[returned] ?? '']));
  expect(await refused({ hashes })).toEqual([hashes[1 - returned]]);
  expect((await refused({ hashes })).sort()).toEqual([...hashes].sort());
});

test('uids are forgotten after their window', async () => {
  const hashes = [...colliding(2), half() + half()];
  expect(await refused({ hashes })).toEqual([]);
  // What was in the way goes in a later run than what it displaced.
  for (const days of [37, 37, 37]) await forgetOldUids(ctx.db, day(days));
  const keys = hashes.flatMap((hash) => [hash.slice(0, 16), hash.slice(16)]);
  const { rows } = await sql`
    select 1 from measurement_uid where lpad(to_hex(uid_key), 16, '0') = any(${keys})`.execute(ctx.db);
  expect(rows).toEqual([]);
});

test('two groups that claim the same colliding uid at a time have it once', async () => {
  for (let round = 0; round < 10; round += 1) {
    const [first = '', second = ''] = colliding(2);
    expect(await refused({ hashes: [first] })).toEqual([]);
    const lost = await Promise.all([refused({ hashes: [second] }), refused({ hashes: [second] })]);
    expect(lost.flat()).toEqual([second]);
  }
});
