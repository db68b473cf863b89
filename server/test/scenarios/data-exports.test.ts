import { afterAll, beforeAll, expect, test } from 'vitest';
import { purgeExports } from '../../src/areas/exports/index.ts';
import { attach, pricedUsage, runJob, theBillOf, use } from '../support/billing.ts';
import { account, created, freshCode, type Made, product } from '../support/configured.ts';
import { exported, filesOf, onlyFileOf } from '../support/exports.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import { ingest, meter } from '../support/usage.ts';

let server: TestServer;
let acme: Made;
let globex: Made;
let calls: Made;

beforeAll(async () => {
  server = await startTestServer();
  await server.moveTo('2025-05-20T12:00:00Z');
  acme = await account(server, { code: 'acme' });
  globex = await account(server, { code: 'globex' });
  calls = await meter(server, {
    code: 'calls',
    dataFields: [
      { category: 'MEASURE', code: 'qty' },
      { category: 'WHERE', code: 'region' },
    ],
    derivedFields: [{ category: 'MEASURE', code: 'double', calculation: 'qty * 2' }],
  });
  await ingest(server, [
    sent('u-1', 'acme', '2025-05-19T10:30:00Z', 1.25, 'eu'),
    sent('u-2', 'acme', '2025-05-20T11:00:00Z', 2, 'us, "west"'),
    sent('u-3', 'globex', '2025-05-20T11:30:00.500Z', 4, 'eu'),
    // Outside of what is exported below.
    sent('u-4', 'acme', '2025-05-01T00:00:00Z', 100, 'eu'),
  ]);
});
afterAll(() => server.close());

type Call = readonly [uid: string, account: string, ts: string, qty: number, region: string];

function sent(...[uid, code, ts, qty, region]: Call) {
  return { uid, meter: 'calls', account: code, ts, measure: { qty }, where: { region } };
}

const SPAN = { startDate: '2025-05-19T00:00:00Z', endDate: '2025-05-21T00:00:00Z' };

test('measurements are exported as CSV with a column for each field', async () => {
  const job = await exported(server, { sourceType: 'USAGE', ...SPAN, accountIds: [acme.id] });
  expect(job).toMatchObject({ status: 'SUCCEEDED', sourceType: 'USAGE', version: 3 });
  expect(job).toMatchObject({ dateCreated: '2025-05-20T12:00:00Z', startedAt: '2025-05-20T12:00:00Z' });
  const files = await filesOf(server, job);
  expect([...files.keys()]).toEqual([`${job.id}_measurements.csv.gz`]);
  const ids = { calls: calls.id, acme: acme.id };
  expect(await onlyFileOf(server, job)).toBe(
    'uid,meter,meterId,account,accountId,ts,ets,receivedAt,measure.qty,where.region,derived.double\n' +
      `u-1,calls,${ids.calls},acme,${ids.acme},2025-05-19T10:30:00Z,,2025-05-20T12:00:00Z,1.25,eu,2.5\n` +
      `u-2,calls,${ids.calls},acme,${ids.acme},2025-05-20T11:00:00Z,,2025-05-20T12:00:00Z,2,` +
      '"us, ""west""",4\n',
  );
});

test('aggregates are exported with a column for each group and function', async () => {
  const field = { meterId: calls.id, fieldCode: 'qty', fieldType: 'MEASURE' };
  const job = await exported(server, {
    sourceType: 'USAGE',
    exportFileFormat: 'JSONL',
    ...SPAN,
    aggregations: [
      { ...field, function: 'SUM' },
      { ...field, function: 'COUNT' },
    ],
    groups: [{ groupType: 'TIME', frequency: 'DAY' }, { groupType: 'ACCOUNT' }],
  });
  const lines = (await onlyFileOf(server, job)).trim().split('\n');
  const own = (...[code, { id }, time, sum]: readonly [string, Made, string, number]) =>
    `{"account":"${code}","accountId":"${id}","time":"${time}","sum_calls_qty":${sum},"count_calls_qty":1}`;
  expect(lines[0]).toBe(own('acme', acme, '2025-05-19T00:00:00Z', 1.25));
  expect(lines.slice(1).sort()).toEqual(
    [own('acme', acme, '2025-05-20T00:00:00Z', 2), own('globex', globex, '2025-05-20T00:00:00Z', 4)].sort(),
  );
});

test('usage that is not there gives a header only, in JSONL nothing', async () => {
  const nobody = { sourceType: 'USAGE', ...SPAN, accountIds: ['nobody'] };
  expect(await onlyFileOf(server, await exported(server, nobody))).toMatch(/^uid,meter[^\n]*\n$/);
  const lines = await exported(server, { ...nobody, exportFileFormat: 'JSONL' });
  expect(await onlyFileOf(server, lines)).toBe('');
});

test('entities are exported as the API answers them, each type in a file of its own', async () => {
  const types = ['PRODUCTS', 'ACCOUNTS', 'METERS'];
  const { id: productId } = await product(server);
  const job = await exported(server, {
    sourceType: 'OPERATIONAL',
    exportFileFormat: 'JSONL',
    operationalDataTypes: types,
  });
  const files = await filesOf(server, job);
  const names = ['product', 'account', 'meter'].map((type) => `${job.id}_${type}.jsonl.gz`);
  expect([...files.keys()]).toEqual(names);
  for (const [i, path] of ['products', 'accounts', 'meters'].entries()) {
    const rows = (files.get(names[i] ?? '') ?? '')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const { data } = (await server.request('GET', `/${path}`)).body as { data: object[] };
    expect(rows).toEqual(data.map((entity) => ({ ...entity, orgId: server.orgId })));
  }
  expect(files.get(names[0] ?? '')).toContain(productId);
});

test('an export from a date on has only what was changed since', async () => {
  await server.moveTo('2025-05-20T13:00:00Z');
  const code = freshCode('late');
  await created(server, '/products', { name: 'Late', code });
  const since = { operationalDataTypes: ['PRODUCTS'], startDate: '2025-05-20T13:00:00Z' };
  const text = await onlyFileOf(server, await exported(server, { sourceType: 'OPERATIONAL', ...since }));
  const [header, ...rows] = text.trim().split('\n');
  expect(header).toBe(
    'id,version,name,code,customFields,dtCreated,dtLastModified,createdBy,lastModifiedBy,orgId',
  );
  expect(rows).toHaveLength(1);
  expect(rows[0]).toContain(`,Late,${code},{},2025-05-20T13:00:00Z,`);
});

test('bills, their lines and bands of prices have a row each', async () => {
  await server.moveTo('2024-03-01T12:00:00Z');
  const priced = await pricedUsage(server, {
    bands: [
      [0, 0, 1],
      [10, 0, 0.5],
    ],
  });
  const billed = await account(server);
  await attach(server, billed, priced.plan);
  await use(server, { account: billed, meter: priced.meter, ts: '2024-01-10T00:00:00Z', qty: 12 });
  await runJob(server, { accountIds: [billed.id], billDate: '2024-02-01', billingFrequency: 'MONTHLY' });
  const { lineItems, ...bill } = await theBillOf(server, billed);
  const types = ['BILLS', 'BILL_LINE_ITEMS', 'PRICING_BANDS'];
  const request = { sourceType: 'OPERATIONAL', exportFileFormat: 'JSONL', operationalDataTypes: types };
  const files = [...(await filesOf(server, await exported(server, request))).values()];
  const [bills, lines, bands] = files.map((text) =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );
  expect(bills).toEqual([{ ...bill, orgId: server.orgId }]);
  expect(lines?.map((line) => line.id)).toEqual(expect.arrayContaining(lineItems.map(({ id }) => id)));
  const read = await server.request('GET', `/bills/${bill.id}/lineitems/${lines?.[0].id}`);
  expect(lines?.[0]).toEqual({ ...(read.body as object), orgId: server.orgId });
  expect(bands).toMatchObject([
    { lowerLimit: 0, unitPrice: 1, type: 'DEBIT', overage: false },
    { lowerLimit: 10, unitPrice: 0.5, type: 'DEBIT', overage: false },
  ]);
});

test('more measurements than fit a page are exported once each', async () => {
  const hour = (i: number) => `2024-04-01T${String(i % 3).padStart(2, '0')}:00:00Z`;
  const total = 11_000;
  await server.moveTo('2024-04-02T00:00:00Z');
  for (let from = 0; from < total; from += 1000) {
    await ingest(
      server,
      Array.from({ length: 1000 }, (_, i) => sent(`p-${from + i}`, 'acme', hour(i), 1, 'eu')),
    );
  }
  const span = { startDate: '2024-04-01T00:00:00Z', endDate: '2024-04-02T00:00:00Z' };
  const text = await onlyFileOf(server, await exported(server, { sourceType: 'USAGE', ...span }));
  const uids = text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[0]);
  expect(uids).toHaveLength(total);
  expect(new Set(uids).size).toBe(total);
});

test('every type of entities can be exported, and its rows have no field without a column', async () => {
  const { data } = (await server.request('GET', '/dataexports/jobs?status=FAILED')).body as {
    data: object[];
  };
  expect(data).toEqual([]);
  const { OPERATIONAL_TYPES, operationalType } = await import('../../src/areas/exports/operational-types.ts');
  expect(OPERATIONAL_TYPES).toHaveLength(20);
  const job = await exported(server, { sourceType: 'OPERATIONAL', operationalDataTypes: OPERATIONAL_TYPES });
  const files = await filesOf(server, job);
  expect(files.size).toBe(20);
  for (const type of OPERATIONAL_TYPES) {
    const { name, columns, rows } = operationalType(type);
    expect(files.get(`${job.id}_${name}.csv.gz`)?.split('\n')[0]).toBe(columns.join(','));
    const scope = { orgId: server.orgId, changedSince: null };
    for await (const page of rows(server.context, scope)) {
      expect(columns).toEqual(expect.arrayContaining(page.flatMap((row) => Object.keys(row))));
    }
  }
});

test.each([
  ['no end', { sourceType: 'USAGE', startDate: SPAN.startDate }],
  ['no start', { sourceType: 'USAGE', endDate: SPAN.endDate }],
  ['no span', { sourceType: 'USAGE', startDate: SPAN.startDate, endDate: SPAN.startDate }],
  ['an end after tomorrow', { sourceType: 'USAGE', ...SPAN, endDate: '2025-05-21T00:00:01Z' }],
  ['groups alone', { sourceType: 'USAGE', ...SPAN, groups: [{ groupType: 'ACCOUNT' }] }],
  ['no types', { sourceType: 'OPERATIONAL' }],
  ['an unknown type', { sourceType: 'OPERATIONAL', operationalDataTypes: ['USERS'] }],
  ['an unknown source', { sourceType: 'AUDIT', operationalDataTypes: ['PRODUCTS'] }],
])('an export with %s is refused', async (_what, body) => {
  expect(await server.request('POST', '/dataexports/adhoc', body)).toMatchObject({
    status: 400,
    body: { code: 'VALIDATION_FAILED' },
  });
});

test('a destination that does not exist is refused', async () => {
  const body = { sourceType: 'OPERATIONAL', operationalDataTypes: ['PRODUCTS'], destinationIds: [acme.id] };
  expect(await server.request('POST', '/dataexports/adhoc', body)).toMatchObject({
    status: 400,
    body: { code: 'REFERENCE_NOT_FOUND' },
  });
});

test('files are there for 24 hours, by links of 15 minutes, jobs for 90 days', async () => {
  await server.moveTo('2025-05-20T14:00:00Z');
  const job = await exported(server, { sourceType: 'OPERATIONAL', operationalDataTypes: ['PRODUCTS'] });
  const path = `/dataexports/jobs/${job.id}/getdownloadurl`;
  const first = await server.request('GET', path);
  expect(first.body).toMatchObject({ expirationTime: '2025-05-20T14:15:00Z' });
  const { url } = first.body as { url: string };
  await server.moveTo('2025-05-20T14:15:00Z');
  const late = await fetch(url.replace(server.context.config.publicUrl, server.address));
  expect(late.status).toBe(403);
  await server.moveTo('2025-05-21T14:00:00Z');
  await purgeExports.run(server.context, {});
  const over = await server.request('GET', path);
  expect(over).toMatchObject({ status: 400, body: { code: 'ILLEGAL_STATE' } });
  expect(
    await server.context.files.size(`${server.orgId}/exports/${job.id}/${job.id}_product.csv.gz`),
  ).toBeNull();
  await server.moveTo('2025-08-18T13:59:59Z');
  await purgeExports.run(server.context, {});
  expect((await server.request('GET', `/dataexports/jobs/${job.id}`)).status).toBe(200);
  await server.moveTo('2025-08-18T14:00:00Z');
  await purgeExports.run(server.context, {});
  expect((await server.request('GET', `/dataexports/jobs/${job.id}`)).status).toBe(404);
});
