import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMeasurementPump } from '../../src/areas/usage/index.ts';
import { account, freshCode, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import { accountOf, emptied, failures, meter, type Sent, submit, totals } from '../support/usage.ts';

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
  const made = await meter(server, {
    dataFields: [
      { category: 'MEASURE', code: 'qty' },
      { category: 'METADATA', code: 'id' },
    ],
  });
  const acme = await account(server);
  const before = await failureCount();
  const piece = (part: number): Sent[] =>
    Array.from({ length: 500 }, (_, index) => {
      const uid = `piece ${part} ${index}`;
      return { ...row(acme['code'], { uid, metadata: { id: uid } }), meter: made['code'] };
    });
  // More than two groups of measurements; each uid stands in two requests, which may be in different groups.
  for (let part = 0; part < 44; part += 1) {
    const answer = await submit(server, [...piece(part), ...piece((part + 21) % 44)]);
    expect(answer).toMatchObject({ status: 200 });
  }
  await pumped(4, async () => {});
  expect(await totals(server, { meter: made, account: acme, of: ['qty COUNT', 'id UNIQUE'] })).toEqual({
    'qty COUNT': 22_000,
    'id UNIQUE': 22_000,
  });
  expect((await failureCount()) - before).toBe(22_000);
});

async function failureCount(): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) from event
    where event_name = 'ingest.validation.failure'`.execute(server.context.db);
  return rows[0]?.count ?? 0;
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
