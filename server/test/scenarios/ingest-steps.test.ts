import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startMeasurementPump } from '../../src/areas/usage/index.ts';
import { MEASUREMENT_COLUMNS } from '../../src/areas/usage/measurement-row.ts';
import { type PreparedGroup, prepareGroup } from '../../src/areas/usage/prepare-group.ts';
import { finishUnfinishedGroups, storeNextGroup } from '../../src/areas/usage/store-group.ts';
import type { Context } from '../../src/context.ts';
import { eventually } from '../support/billing.ts';
import { account, freshCode } from '../support/configured.ts';
import { type Send, somebodyWaits, takenGroup, withInserts } from '../support/ingest-steps.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import { accountOf, failures, meter, type Sent, submit, usage, waiting } from '../support/usage.ts';

let server: TestServer;
beforeAll(async () => {
  // Without a worker: each test makes the steps itself.
  server = await startTestServer({ role: 'api' });
});
afterAll(() => server.close());
afterEach(async () => expect(await waiting(server)).toBe(0));

const FIELDS = {
  dataFields: [{ category: 'MEASURE', code: 'qty' }],
  derivedFields: [{ category: 'MEASURE', code: 'inverse', calculation: '1 / qty' }],
};

async function accept(measurements: readonly Sent[]): Promise<void> {
  expect(await submit(server, measurements)).toMatchObject({ status: 200 });
}

function row(code: unknown, accountCode: unknown, rest: Sent = {}): Sent {
  return { meter: code, account: accountCode, ts: '2024-03-05T10:00:00Z', measure: { qty: 2 }, ...rest };
}

/** The uids of stored measurements, sorted, each as often as it is stored. */
async function storedUids(prefix: string): Promise<string[]> {
  const rows = await usage(server);
  return rows
    .map(({ uid }) => String(uid))
    .filter((uid) => uid.startsWith(prefix))
    .sort();
}

async function raised(prefix: string): Promise<string[]> {
  const found = (await failures(server)).filter(({ uid }) => uid?.startsWith(prefix));
  return found.map(({ type, uid }) => `${type} ${uid}`).sort();
}

/** Stores everything that waits, as a worker that nothing happens to. */
async function storeAll(): Promise<void> {
  await finishUnfinishedGroups(server.context);
  while (await storeNextGroup(server.context));
}

type Death = (lines: readonly string[], send: Send) => Promise<void>;

const DEATHS: Record<'before' | 'halfway' | 'after', Death> = {
  before: async () => {},
  /** ClickHouse keeps each year by itself; of one insert some may be there and some not. */
  halfway: (lines, send) => send(lines.filter((line) => line.includes('\t1678'))),
  after: (lines, send) => send(lines),
};

/** A worker that dies on its way to ClickHouse. */
async function storeAndDie(death: keyof typeof DEATHS): Promise<void> {
  const ctx = withInserts(server.context, async (lines, send) => {
    await DEATHS[death](lines, send);
    throw new Error('killed');
  });
  await expect(storeNextGroup(ctx)).rejects.toThrow('killed');
  expect(await waiting(server)).toBeGreaterThan(0);
}

describe.each(['before', 'halfway', 'after'] as const)('a worker that dies %s the insert', (death) => {
  /** Measurements of 2023 and 2024 with everything that can become of them. */
  async function given() {
    const made = await meter(server, FIELDS);
    const acme = await account(server);
    const id = freshCode('death');
    const of = (name: string, rest: Sent = {}) =>
      row(made['code'], acme['code'], { uid: `${id} ${name}`, ...rest });
    const old = { ts: '2023-03-05T10:00:00Z' };
    const sent = [
      of('a', old),
      of('b'),
      of('c', { ...old, measure: { qty: 0 } }),
      of('d', { measure: { qty: 0 } }),
      of('a'),
      of('e', { measure: {} }),
    ];
    return { made, acme, id, sent };
  }

  const uids = (id: string, ...names: string[]) => names.map((name) => `${id} ${name}`);

  test('leaves a group that another finishes once', async () => {
    const { sent, id } = await given();
    await accept(sent);
    await storeAndDie(death);
    await Promise.all([finishUnfinishedGroups(server.context), finishUnfinishedGroups(server.context)]);
    const events = [
      ...uids('CalculationError', `${id} c`, `${id} d`),
      `DuplicateUid ${id} a`,
      `MissingField ${id} e`,
    ];
    expect(await storedUids(id)).toEqual(uids(id, 'a', 'b', 'c', 'd'));
    expect(await raised(id)).toEqual(events);
    const rows = await usage(server);
    expect(
      rows
        .filter(({ uid }) => String(uid).startsWith(id))
        .map((item) => item['inverse'] ?? null)
        .sort(),
    ).toEqual([0.5, 0.5, null, null]);
    // Sent again, all of it is there or refused as before.
    await accept(sent);
    await storeAll();
    expect(await storedUids(id)).toEqual(uids(id, 'a', 'b', 'c', 'd'));
  });

  test('and a meter that is deleted meanwhile: what is stored stays, the rest may come again', async () => {
    const { made, acme, sent, id } = await given();
    await accept(sent);
    await storeAndDie(death);
    expect(await server.request('DELETE', `/meters/${made.id}`)).toMatchObject({ status: 200 });
    await finishUnfinishedGroups(server.context);
    const stored = { before: [], halfway: uids(id, 'a', 'c'), after: uids(id, 'a', 'b', 'c', 'd') }[death];
    const unknown = { before: 'aabcde', halfway: 'bde', after: 'e' }[death];
    expect(await storedUids(id)).toEqual(stored);
    const again = { before: [], halfway: ['c'], after: ['c', 'd'] }[death].map(
      (name) => `CalculationError ${id} ${name}`,
    );
    expect(await raised(id)).toEqual([
      ...again,
      ...(death === 'before' ? [] : [`DuplicateUid ${id} a`]),
      ...[...unknown].map((name) => `UndefinedMeter ${id} ${name}`),
    ]);
    await meter(server, { ...FIELDS, code: String(made['code']) });
    await accept(
      ['a', 'b', 'c', 'd'].map((name) => row(made['code'], acme['code'], { uid: `${id} ${name}` })),
    );
    await storeAll();
    expect(await storedUids(id)).toEqual(uids(id, 'a', 'b', 'c', 'd'));
  });

  test('and a meter that is made meanwhile: its measurements are stored with the others', async () => {
    const { acme, sent, id } = await given();
    const late = freshCode('late');
    await accept([...sent, row(late, acme['code'], { uid: `${id} x` })]);
    await storeAndDie(death);
    await meter(server, { ...FIELDS, code: late });
    await finishUnfinishedGroups(server.context);
    expect(await storedUids(id)).toEqual(uids(id, 'a', 'b', 'c', 'd', 'x'));
  });

  test('and an account that is renamed meanwhile: what is stored stays its own', async () => {
    const { acme, sent, id } = await given();
    await accept(sent);
    await storeAndDie(death);
    const renamed = { ...acme, code: freshCode('renamed') };
    expect(await server.request('PUT', `/accounts/${acme.id}`, renamed)).toMatchObject({ status: 200 });
    await finishUnfinishedGroups(server.context);
    expect(await storedUids(id)).toEqual(uids(id, 'a', 'b', 'c', 'd'));
    const other = await accountOf(server, String(acme['code']));
    const own = (await usage(server, { accountIds: [acme.id] })).map(({ uid }) => uid);
    expect(own.length).toBe({ before: 0, halfway: 2, after: 4 }[death]);
    expect(other === null).toBe(death === 'after');
  });
});

test('a worker that dies before it decides anything leaves a group that another finishes', async () => {
  const made = await meter(server, FIELDS);
  const uid = freshCode('taken');
  await accept([row(made['code'], 'Somebody', { uid })]);
  await takenGroup(server.context);
  expect(await storeNextGroup(server.context)).toBe(false);
  await finishUnfinishedGroups(server.context);
  expect(await storedUids(uid)).toEqual([uid]);
});

test('an insert that arrives twice is stored once', async () => {
  const made = await meter(server, FIELDS);
  const id = freshCode('twice');
  await accept([1, 2, 3].map((index) => row(made['code'], 'Twice', { uid: `${id} ${index}` })));
  const twice = withInserts(server.context, async (lines, send) => {
    await send(lines);
    await send(lines.toReversed());
  });
  expect(await storeNextGroup(twice)).toBe(true);
  expect(await storedUids(id)).toEqual([`${id} 1`, `${id} 2`, `${id} 3`]);
});

test('what ClickHouse refuses does not hold up what comes after', async () => {
  const made = await meter(server, FIELDS);
  const id = freshCode('poison');
  const refusing = withInserts(server.context, async (lines, send) => {
    if (lines.some((line) => line.includes(`${id} bad`))) throw new Error('this cannot be stored');
    await send(lines);
  });
  await accept([row(made['code'], 'Poison', { uid: `${id} bad` })]);
  await expect(storeNextGroup(refusing)).rejects.toThrow('this cannot be stored');
  const quiet = { ...refusing, log: refusing.log.child({}, { level: 'silent' }) };
  const pump = startMeasurementPump(quiet);
  try {
    await accept([row(made['code'], 'Poison', { uid: `${id} good` })]);
    await eventually('the good one', async () => ((await storedUids(id)).length > 0 ? true : null));
  } finally {
    await pump.stop();
  }
  expect(await storedUids(id)).toEqual([`${id} good`]);
  await finishUnfinishedGroups(server.context);
  expect(await storedUids(id)).toEqual([`${id} bad`, `${id} good`]);
});

describe('of two groups at the same time', () => {
  /** Prepares one group, and the other before the first is committed. */
  async function interleaved(first: Sent, second: Sent, end: 'commit' | 'rollback'): Promise<PreparedGroup> {
    await accept([first]);
    const one = await takenGroup(server.context);
    await accept([second]);
    const other = await takenGroup(server.context);
    const { db } = server.context;
    const prepare = (ctx: Context, group: typeof one, then: () => Promise<void>) =>
      db.transaction().execute(async (tx) => {
        const prepared = await prepareGroup(ctx, tx, { group, stored: null });
        await then();
        return prepared;
      });
    let later: Promise<PreparedGroup> | null = null;
    const earlier = prepare(server.context, one, async () => {
      later = prepare(server.context, other, async () => {});
      await somebodyWaits(server.context);
      if (end === 'rollback') throw new Error('rolled back');
    });
    if (end === 'rollback') await expect(earlier).rejects.toThrow('rolled back');
    else await earlier;
    const result = await (later as unknown as Promise<PreparedGroup>);
    await storeAll();
    return result;
  }

  const types = ({ inserts, failures: found }: PreparedGroup) => [
    inserts.reduce((sum, { count }) => sum + count, 0),
    found.map(({ type }) => type),
  ];

  test('the later waits for a uid and finds it taken', async () => {
    const made = await meter(server, FIELDS);
    const uid = freshCode('both');
    const sent = row(made['code'], (await account(server))['code'], { uid });
    expect(types(await interleaved(sent, sent, 'commit'))).toEqual([0, ['DuplicateUid']]);
    expect(await storedUids(uid)).toEqual([uid]);
  });

  test('the later gets the uid when the first fails', async () => {
    const made = await meter(server, FIELDS);
    const uid = freshCode('both');
    const sent = row(made['code'], (await account(server))['code'], { uid });
    expect(types(await interleaved(sent, sent, 'rollback'))).toEqual([1, []]);
    expect(await storedUids(uid)).toEqual([uid]);
    expect(await raised(uid)).toEqual([`DuplicateUid ${uid}`]);
  });

  test('the later finds the account that the first made', async () => {
    const made = await meter(server, FIELDS);
    const code = freshCode('Made');
    const result = await interleaved(row(made['code'], code), row(made['code'], code), 'commit');
    expect(types(result)).toEqual([1, []]);
    const values = String(result.inserts[0]?.lines).split('\t');
    const accountId = values[MEASUREMENT_COLUMNS.indexOf('account_id')];
    expect(await accountOf(server, code)).toMatchObject({ id: accountId });
  });

  test('the later is refused when the first made an account that matches closely', async () => {
    const made = await meter(server, FIELDS);
    const code = freshCode('close');
    const result = await interleaved(
      row(made['code'], code),
      row(made['code'], code.toUpperCase()),
      'commit',
    );
    expect(types(result)).toEqual([0, ['InvalidAccountCode']]);
    expect(await accountOf(server, code.toUpperCase())).toBeNull();
  });
});
