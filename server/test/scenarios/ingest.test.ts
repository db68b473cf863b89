import { afterAll, beforeAll, expect, test } from 'vitest';
import { purgeIngest } from '../../src/areas/usage/index.ts';
import { account, freshCode, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import {
  accountOf,
  emptied,
  failures,
  ingest,
  meter,
  type Sent,
  submit,
  totals,
  usage,
  waiting,
} from '../support/usage.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const TS = '2024-03-05T10:00:00Z';

/** Fields of the example of spec 20 §19.1. */
const TRAFFIC = {
  dataFields: [
    { category: 'MEASURE', code: 'bytes' },
    { category: 'WHO', code: 'user' },
    { category: 'MEASURE', code: 'chunk' },
  ],
  derivedFields: [{ category: 'MEASURE', code: 'kb', calculation: 'bytes / chunk' }],
};

/** A meter with one number, `qty`, and a sender of it. */
async function simple(): Promise<{ meter: Made; sent: (attributes: Sent) => Sent }> {
  const made = await meter(server, { dataFields: [{ category: 'MEASURE', code: 'qty' }] });
  return { meter: made, sent: (rest) => ({ meter: made['code'], ts: TS, measure: { qty: 1 }, ...rest }) };
}

test('each measurement of a request is stored or refused by itself, with an event per failure', async () => {
  const m1 = await meter(server, { code: 'm1', ...TRAFFIC });
  const acme = await account(server, { code: 'acme' });
  const row = (uid: string, code: string, values: readonly [number, string | null, number]): Sent => {
    const [bytes, user, chunk] = values;
    return { uid, meter: 'm1', account: code, ts: TS, measure: { bytes, chunk }, who: { user } };
  };
  await ingest(server, [
    row('a', 'acme', [2000, 'x', 1000]),
    row('a', 'acme', [9000, 'y', 1000]),
    row('b', 'acme', [10, null, 1]),
    row('c', 'acme', [10, 'x', 0]),
    row('d', 'ACME', [1, 'x', 1]),
    row('e', 'Zed', [1, 'x', 1]),
  ]);
  // Stored: a (2000 bytes, 2 kb), c (10 bytes, no kb), e (for Zed).
  const of = ['bytes SUM', 'kb SUM', 'kb COUNT', 'bytes COUNT'];
  expect(await totals(server, { meter: m1, account: acme, of })).toEqual({
    'bytes SUM': 2010,
    'kb SUM': 2,
    'kb COUNT': 1,
    'bytes COUNT': 2,
  });
  const zed = await accountOf(server, 'Zed');
  expect(zed).toMatchObject({
    name: 'Zed-autocreated',
    emailAddress: expect.stringMatching(/^.+-autocreated@example\.com$/),
    version: 1,
  });
  expect(await totals(server, { meter: m1, account: zed as Made, of: ['kb SUM'] })).toEqual({ 'kb SUM': 1 });
  const common = { meterCode: 'm1', ts: '2024-03-05T10:00:00.000Z' };
  const found = await failures(server);
  expect(found).toHaveLength(4);
  expect(found).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ ...common, type: 'DuplicateUid', uid: 'a', accountCode: 'acme', fields: [] }),
      expect.objectContaining({
        ...common,
        ...{ type: 'MissingField', uid: 'b', accountCode: 'acme', fields: ['user'] },
        message: "Field 'user' (WHO) is missing",
      }),
      expect.objectContaining({
        ...common,
        ...{ type: 'CalculationError', uid: 'c', accountCode: 'acme', fields: ['kb'], accountId: acme.id },
      }),
      expect.objectContaining({ ...common, type: 'InvalidAccountCode', uid: 'd', accountCode: 'ACME' }),
    ]),
  );
  expect(await accountOf(server, 'ACME')).toBeNull();
  const [created] = (
    await server
      .request('GET', `/events?resourceId=${zed?.id}`)
      .then(({ body }) => body as { data: object[] })
  ).data;
  expect(created).toMatchObject({ eventName: 'configuration.account.created' });

  // The uid of the refused measurement is free, that of the one with the failed calculation is not.
  await ingest(server, [row('b', 'acme', [5, 'x', 5]), row('c', 'acme', [5, 'x', 5])]);
  expect(await totals(server, { meter: m1, account: acme, of })).toMatchObject({
    'bytes SUM': 2015,
    'kb SUM': 3,
  });
  expect((await failures(server)).slice(4)).toMatchObject([{ type: 'DuplicateUid', uid: 'c' }]);
});

test('a calculation sees the uid that is stored, also where none was given', async () => {
  const made = await meter(server, {
    dataFields: [{ category: 'MEASURE', code: 'qty' }],
    derivedFields: [{ category: 'METADATA', code: 'own', calculation: 'uid' }],
  });
  const acme = await account(server);
  const sent = { meter: made['code'], account: acme['code'], ts: TS, measure: { qty: 1 } };
  await ingest(server, [sent, sent, { ...sent, uid: freshCode('uid') }]);
  const rows = await usage(server, { meterIds: [made.id] });
  expect(rows.map(({ own }) => own)).toEqual(rows.map(({ uid }) => uid));
  expect(new Set(rows.map(({ uid }) => uid)).size).toBe(3);
});

test('whatever is wrong with one measurement, those around it are stored', async () => {
  const made = await meter(server, {
    dataFields: [
      { category: 'MEASURE', code: 'qty' },
      { category: 'OTHER', code: 'note' },
    ],
    derivedFields: [
      { category: 'MEASURE', code: 'cube', calculation: 'qty * qty * qty' },
      { category: 'OTHER', code: 'twice', calculation: 'note + note' },
    ],
  });
  const known = freshCode('Known');
  await account(server, { code: known });
  const good = { meter: made['code'], account: known, ts: TS, measure: { qty: 1 }, other: { note: '' } };
  const before = (await failures(server)).length;
  const odd: Sent[] = [
    { meter: 'nobody knows it' },
    { account: known.toUpperCase() },
    { measure: {} },
    { measure: { qty: null } },
    { measure: { qty: 1, note: 2 } },
    { measure: { qty: 1e35 } },
    { measure: { qty: 1e-30 } },
    { measure: { qty: -1e35 }, uid: 'tab\tand\nnewline \\ \'quote\' "double" \\N' },
    { ets: '2299-12-31T23:59:59.999Z' },
    { ts: '1970-01-01T00:00:00Z' },
    { other: { note: 'tab\tline\nreturn\r back\\slash \'single\' "double" {,:} \\N 😀 \u0001' } },
    { who: { "it's": 'undeclared', '\t\\': '\n' } },
    { other: { note: 'x'.repeat(50_000) } },
    { unknown: { deep: [[[{ tiny: 1e-300 }]]] }, measure: {} },
  ];
  await ingest(
    server,
    odd.flatMap((change, index) => [
      { ...good, uid: `good ${index}` },
      { ...good, ...change },
    ]),
  );
  const rows = await usage(server, { meterIds: [made.id] });
  const uids = new Set(rows.map((row) => row['uid']));
  expect(odd.map((_, index) => uids.has(`good ${index}`))).toEqual(odd.map(() => true));
  expect(
    (await failures(server))
      .slice(before)
      .map(({ type }) => type)
      .sort(),
  ).toEqual([
    'CalculationError',
    'CalculationError',
    'DuplicateField',
    'InvalidAccountCode',
    ...['MissingField', 'MissingField', 'MissingField'],
    'UndefinedMeter',
  ]);
  const texts = rows.map((row) => row['note']);
  expect(texts).toContain('tab\tline\nreturn\r back\\slash \'single\' "double" {,:} \\N 😀 \u0001');
  expect(rows.map((row) => row['uid'])).toContain('tab\tand\nnewline \\ \'quote\' "double" \\N');
  expect(rows.map((row) => row['endTimestamp'])).toContain('2299-12-31T23:59:59.999Z');
  expect(rows.every((row) => row['twice'] === `${row['note']}${row['note']}`)).toBe(true);
});

test('numbers are stored with all their digits', async () => {
  const { meter: made, sent } = await simple();
  const acme = await account(server);
  const body = JSON.stringify({ measurements: [sent({ account: acme['code'] })] });
  const literal = (qty: string) => body.replace('"qty":1', `"qty":${qty}`);
  const post = async (path: string, body: string) => {
    const headers = { authorization: server.authorization };
    const url = `${server.address}/organizations/${server.orgId}${path}`;
    const answer = await fetch(url, { method: 'POST', headers, body });
    expect(answer.status).toBe(200);
    return answer.text();
  };
  for (const qty of ['0.1', '0.2', '12345678901234567890.123456789012345678', '1e-20']) {
    await post('/measurements', literal(qty));
  }
  await emptied(server);
  // 0.3 + 12345678901234567890.123456789012345678 + 0.00000000000000000001
  const sum = { meterId: made.id, fieldCode: 'qty', fieldType: 'MEASURE', function: 'SUM' };
  const query = { startDate: '2024-01-01', endDate: '2025-01-01', aggregations: [sum] };
  expect(await post('/usage/query', JSON.stringify(query))).toContain(
    '.SUM":12345678901234567890.42345678901234567801}',
  );
});

test('a measurement can be queried within two seconds of the answer', async () => {
  const { meter: made, sent } = await simple();
  const acme = await account(server);
  const begin = performance.now();
  expect(await submit(server, [sent({ account: acme['code'] })])).toMatchObject({ status: 200 });
  await expect
    .poll(() => totals(server, { meter: made, account: acme, of: ['qty COUNT'] }), {
      timeout: 2_000,
      interval: 20,
    })
    .toEqual({ 'qty COUNT': 1 });
  expect(performance.now() - begin).toBeLessThan(2_000);
});

test('usage stays with its account whatever the code becomes; a free code makes a new account', async () => {
  const { meter: made, sent } = await simple();
  const code = freshCode('first');
  const first = await account(server, { code });
  await ingest(server, [sent({ account: code })]);
  const renamed = await server.request('PUT', `/accounts/${first.id}`, {
    ...first,
    code: freshCode('renamed'),
  });
  expect(renamed).toMatchObject({ status: 200 });
  await ingest(server, [sent({ account: code, measure: { qty: 5 } })]);
  const second = await accountOf(server, code);
  expect(second?.id).not.toBe(first.id);
  expect(await totals(server, { meter: made, account: first, of: ['qty SUM'] })).toEqual({ 'qty SUM': 1 });
  expect(await totals(server, { meter: made, account: second as Made, of: ['qty SUM'] })).toEqual({
    'qty SUM': 5,
  });
});

test('a uid is taken for 35 days from the receipt of its first copy, and then free', async () => {
  const { meter: made, sent } = await simple();
  const acme = await account(server);
  const copies = async () =>
    (await totals(server, { meter: made, account: acme, of: ['qty COUNT'] }))['qty COUNT'];
  const copy = sent({ account: acme['code'], uid: 'monthly' });
  await server.moveTo('2030-01-01T00:00:00Z');
  await ingest(server, [copy]);
  await server.moveTo('2030-02-05T00:00:00Z');
  await purgeIngest.run(server.context, {});
  await ingest(server, [copy, { ...copy, uid: 'MONTHLY' }]);
  expect(await copies()).toBe(2);
  // One moment beyond 35 days; the window of the new copy begins now.
  await server.moveTo('2030-02-05T00:00:00.001Z');
  await ingest(server, [copy, copy]);
  expect(await copies()).toBe(3);
  await server.moveTo('2030-03-01T00:00:00Z');
  await ingest(server, [copy]);
  expect(await copies()).toBe(3);
  await server.moveTo('2030-06-01T00:00:00Z');
  await purgeIngest.run(server.context, {});
  await ingest(server, [copy]);
  expect(await copies()).toBe(4);
});

test('a clock that is set back does not hold up what was accepted before', async () => {
  const { meter: made, sent } = await simple();
  const acme = await account(server);
  await server.moveTo('2031-01-01T00:00:00Z');
  expect(await submit(server, [sent({ account: acme['code'], ts: '2031-01-01T00:00:00Z' })])).toMatchObject({
    status: 200,
  });
  await server.moveTo('2030-12-01T00:00:00Z');
  await emptied(server);
  expect(await waiting(server)).toBe(0);
  expect(await totals(server, { meter: made, account: acme, of: ['qty COUNT'] })).toEqual({ 'qty COUNT': 1 });
});
