import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMeasurementPump } from '../../src/areas/usage/index.ts';
import { account, freshCode, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import { accountOf, emptied, failures, meter, type Sent, submit, totals, usage } from '../support/usage.ts';

const AT_ONCE = 20;
const TS = '2024-03-05T10:00:00Z';

let server: TestServer;
let calls: Made;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
  calls = await meter(server, { dataFields: [{ category: 'MEASURE', code: 'qty' }] });
});
afterAll(() => server.close());

function row(accountCode: unknown, rest: Sent = {}): Sent {
  return { meter: calls['code'], account: accountCode, ts: TS, measure: { qty: 1 }, ...rest };
}

function atOnce<T>(run: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: AT_ONCE }, (_, index) => run(index)));
}

/** Runs several pumps over the one inbox, as several processes do, until it is empty. */
async function pumped<T>(pumps: number, work: () => Promise<T>): Promise<T> {
  const running = Array.from({ length: pumps }, () => startMeasurementPump(server.context));
  try {
    const result = await work();
    await emptied(server);
    return result;
  } finally {
    await Promise.all(running.map((pump) => pump.stop()));
  }
}

describe.each([1, 3])('with %i pumps', (pumps) => {
  test('twenty requests with one uid store one measurement and raise nineteen events', async () => {
    const acme = await account(server);
    const before = (await failures(server)).length;
    const uid = freshCode('uid');
    const answers = await pumped(pumps, () => atOnce(() => submit(server, [row(acme['code'], { uid })])));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: AT_ONCE }, () => 200));
    expect(await totals(server, { meter: calls, account: acme, of: ['qty COUNT'] })).toEqual({
      'qty COUNT': 1,
    });
    const raised = (await failures(server)).slice(before);
    expect(raised.map((failure) => `${failure.type} ${failure.uid}`)).toEqual(
      Array.from({ length: AT_ONCE - 1 }, () => `DuplicateUid ${uid}`),
    );
  });

  test('an account that nobody knows is created once, and all usage is its own', async () => {
    const code = freshCode('Fresh');
    await pumped(pumps, () => atOnce(() => submit(server, [row(code)])));
    const made = await accountOf(server, code);
    expect(made).toMatchObject({ name: `${code}-autocreated`, version: 1 });
    expect(await totals(server, { meter: calls, account: made as Made, of: ['qty COUNT'] })).toEqual({
      'qty COUNT': AT_ONCE,
    });
    const { body } = await server.request('GET', `/events?resourceId=${made?.id}`);
    expect((body as { data: object[] }).data).toHaveLength(1);
  });

  test('of codes that match closely one makes an account and the others are refused', async () => {
    const code = freshCode('mixed');
    const before = (await failures(server)).length;
    const spelling = (index: number) => code.slice(0, index % 5).toUpperCase() + code.slice(index % 5);
    await pumped(pumps, () => atOnce((index) => submit(server, [row(spelling(index))])));
    const spellings = Array.from({ length: 5 }, (_, index) => spelling(index));
    const made = (await Promise.all(spellings.map((one) => accountOf(server, one)))).filter(
      Boolean,
    ) as Made[];
    expect(made).toHaveLength(1);
    expect(await totals(server, { meter: calls, account: made[0] as Made, of: ['qty COUNT'] })).toEqual({
      'qty COUNT': AT_ONCE / 5,
    });
    const raised = (await failures(server)).slice(before);
    expect(new Set(raised.map(({ type }) => type))).toEqual(new Set(['InvalidAccountCode']));
    expect(raised).toHaveLength(AT_ONCE - AT_ONCE / 5);
  });
});

test('four pumps over one full inbox store everything once', async () => {
  const owners = await Promise.all(Array.from({ length: 4 }, () => account(server)));
  const uids = Array.from({ length: 2000 }, (_, index) => `bulk ${index}`);
  const owner = (index: number) => owners[index % owners.length]?.['code'];
  const batches = Array.from({ length: 100 }, (_, batch) =>
    // Each uid stands in two batches, which different pumps may take at the same time.
    [batch, (batch + 1) % 100].flatMap((part) =>
      uids.slice(part * 20, part * 20 + 20).map((uid, index) => row(owner(part + index), { uid })),
    ),
  );
  const before = (await failures(server)).length;
  expect(before).toBeLessThan(100);
  for (const batch of batches) expect(await submit(server, batch)).toMatchObject({ status: 200 });
  await pumped(4, async () => {});
  const rows = await usage(server, { accountIds: owners.map(({ id }) => id) });
  expect(rows.map(({ uid }) => uid).sort()).toEqual([...uids].sort());
  expect(await duplicates('bulk ')).toBe(2000);
});

/** Counts the events of duplicates, which are more than one page. */
async function duplicates(prefix: string): Promise<number> {
  let count = 0;
  let token = '';
  do {
    const path = `/events?eventName=ingest.validation.failure&pageSize=100${token && `&nextToken=${token}`}`;
    const { body } = await server.request('GET', path);
    const page = body as {
      data: { m3terEvent: { eventData: { type: string; uid?: string } } }[];
      nextToken?: string;
    };
    const found = page.data.map(({ m3terEvent }) => m3terEvent.eventData);
    count += found.filter(({ type, uid }) => type === 'DuplicateUid' && uid?.startsWith(prefix)).length;
    token = page.nextToken ?? '';
  } while (token !== '');
  return count;
}

test('twenty updates of one version have one winner, and the others change nothing', async () => {
  const acme = await account(server);
  const path = `/accounts/${acme.id}`;
  const answers = await atOnce((index) => server.request('PUT', path, { ...acme, name: `Winner ${index}` }));
  const won = answers.filter(({ status }) => status === 200);
  expect(won).toHaveLength(1);
  const lost = answers.filter(({ status }) => status !== 200);
  for (const answer of lost) {
    expect(answer).toMatchObject({ status: 400, body: { code: 'VERSION_MISMATCH' } });
  }
  const now = (await server.request('GET', path)).body;
  expect(now).toEqual(won[0]?.body);
  expect(now).toMatchObject({ version: 2 });
  const { body } = await server.request('GET', `/events?resourceId=${acme.id}`);
  expect((body as { data: object[] }).data).toHaveLength(2);
});
