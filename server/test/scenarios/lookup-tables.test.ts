import { afterAll, beforeAll, expect, test } from 'vitest';
import { account, created, freshCode, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import { failures, ingest, meter, totals } from '../support/usage.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const RATES = {
  name: 'Rates',
  fields: [
    { name: 'cur', type: 'STRING' },
    { name: 'rate', type: 'NUMBER' },
  ],
  keys: ['cur'],
};

const EUR = { cur: 'EUR', rate: 1.1 };
const GBP = { cur: 'GBP', rate: 1.3 };

function table(): Promise<Made> {
  return created(server, '/lookuptables', { name: 'Exchange rates', code: freshCode('fx') });
}

function revision({ id }: Made, fields: object = {}): Promise<Made> {
  return created(server, `/lookuptables/${id}/revisions`, { ...RATES, ...fields });
}

function pathOf(owner: Made, { id }: Made): string {
  return `/lookuptables/${owner.id}/revisions/${id}`;
}

async function put(path: string, body: object): Promise<Made> {
  const answer = await server.request('PUT', path, body);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return answer.body as Made;
}

async function refused(method: 'PUT' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
  const answer = await server.request(method, path, body);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 400 });
  return (answer.body as { code: unknown }).code;
}

async function body(path: string): Promise<unknown> {
  return (await server.request('GET', path)).body;
}

/** A revision with these items that is published over the one before. */
async function published(owner: Made, items: readonly object[], fields: object = {}): Promise<Made> {
  const draft = await revision(owner, fields);
  await put(`${pathOf(owner, draft)}/data`, { items });
  return put(`${pathOf(owner, draft)}/status`, { status: 'PUBLISHED', version: 1 });
}

test('publishing a revision archives the one before', async () => {
  const fx = await table();
  const [first, second] = [await published(fx, [EUR]), await published(fx, [EUR, GBP])];
  expect(await body(pathOf(fx, first))).toMatchObject({ status: 'ARCHIVED', version: 3, itemCount: 1 });
  expect(await body(`/lookuptables/${fx.id}?additional=activeRevision`)).toMatchObject({
    activeRevision: { id: second.id, status: 'PUBLISHED', itemCount: 2 },
  });
  expect(await body(`/lookuptables/${fx.id}`)).not.toHaveProperty('activeRevision');
  const listed = `/lookuptables?additional=activeRevision&codes=${String(fx['code'])}`;
  expect(await body(listed)).toMatchObject({ data: [{ activeRevision: { id: second.id } }] });
});

test.each([
  ['PUBLISHED', 'DRAFT'],
  ['PUBLISHED', 'PUBLISHED'],
  ['ARCHIVED', 'DRAFT'],
  ['ARCHIVED', 'PUBLISHED'],
])('a revision that is %s does not become %s', async (from, to) => {
  const fx = await table();
  const path = pathOf(fx, await revision(fx));
  await put(`${path}/status`, { status: from, version: 1 });
  expect(await refused('PUT', `${path}/status`, { status: to, version: 2 })).toBe('ILLEGAL_STATE');
});

test('only drafts change, and their shape only while they are empty', async () => {
  const fx = await table();
  const path = pathOf(fx, await revision(fx));
  await put(path, { ...RATES, keys: ['rate'], version: 1 });
  await put(path, { ...RATES, version: 2 });
  await put(`${path}/data`, { items: [EUR] });
  expect(await refused('PUT', path, { ...RATES, keys: ['rate'], version: 3 })).toBe('IMMUTABLE_FIELD');
  await put(`${path}/status`, { status: 'PUBLISHED', version: 3 });
  expect(await refused('PUT', `${path}/data`, { items: [GBP] })).toBe('ILLEGAL_STATE');
  expect(await refused('DELETE', `${path}/data/EUR`, {})).toBe('ILLEGAL_STATE');
  expect(await refused('DELETE', path)).toBe('ENTITY_IN_USE');
  expect(await put(path, { ...RATES, name: 'Rates of May', version: 4 })).toMatchObject({ version: 5 });
});

test.each([
  ['a key that is no field', { keys: ['currency'] }],
  ['nothing but keys', { keys: ['cur', 'rate'] }],
  ['a key twice', { keys: ['cur', 'cur'] }],
  ['a field twice', { fields: [...RATES.fields, { name: 'cur', type: 'NUMBER' }] }],
])('a revision with %s is refused', async (_, fields) => {
  const path = `/lookuptables/${(await table()).id}/revisions`;
  expect(await refused('POST', path, { ...RATES, ...fields })).toBe('VALIDATION_FAILED');
});

test('items are replaced by key and count their own version', async () => {
  const fx = await table();
  const path = `${pathOf(fx, await revision(fx))}/data`;
  expect(await body(path)).toEqual({ items: [] });
  expect(await put(path, { items: [EUR, GBP] })).toMatchObject({ version: 1, items: [EUR, GBP] });
  expect(await refused('PUT', path, { items: [EUR], version: 2 })).toBe('VERSION_MISMATCH');
  await put(path, { items: [{ cur: 'EUR', rate: 1.2 }], version: 1 });
  const items = [
    { cur: 'EUR', rate: 1.2, lookupKey: 'EUR' },
    { ...GBP, lookupKey: 'GBP' },
  ];
  expect(await body(`${path}?additional=lookupKey`)).toMatchObject({ items, version: 2 });
  expect(await body(`${path}?limit=1`)).toMatchObject({ items: [{ cur: 'EUR', rate: 1.2 }] });
  const gone = await server.request('DELETE', path);
  expect(gone).toMatchObject({ status: 200, body: { result: 'deleted' } });
  expect(await body(path)).toMatchObject({ items: [], version: 3 });
});

test.each([
  ['a missing field', { cur: 'EUR' }],
  ['a further field', { ...EUR, note: 'x' }],
  ['a wrong type', { cur: 'EUR', rate: '1.1' }],
  ['an empty key', { cur: '', rate: 1 }],
  ['null', { cur: 'EUR', rate: null }],
])('an item with %s is refused with all of its call', async (_, item) => {
  const fx = await table();
  const path = `${pathOf(fx, await revision(fx))}/data`;
  expect(await refused('PUT', path, { items: [GBP, item] })).toBe('VALIDATION_FAILED');
  expect(await body(path)).toEqual({ items: [] });
});

test('one item is found by its keys, in which a comma is encoded', async () => {
  const fx = await table();
  const fields = [...RATES.fields, { name: 'year', type: 'NUMBER' }];
  const path = `${pathOf(fx, await revision(fx, { fields, keys: ['cur', 'year'] }))}/data`;
  const item = { cur: 'a,b/c', rate: 2, year: 2024 };
  const one = `${path}/a%2Cb%2Fc,2024`;
  expect(await put(one, { item })).toMatchObject({ items: [item], version: 1 });
  expect(await body(`${path}/a%2Cb%2Fc,2024.0`)).toMatchObject({ items: [item] });
  expect(await body(`${path}?additional=lookupKey`)).toMatchObject({
    items: [{ lookupKey: 'a%2Cb%2Fc,2024' }],
  });
  expect(await refused('PUT', one, { item: { ...item, year: 2025 } })).toBe('VALIDATION_FAILED');
  expect(await server.request('GET', `${path}/a,b%2Fc,2024`)).toMatchObject({ status: 404 });
  expect(await refused('DELETE', one, { version: 7 })).toBe('VERSION_MISMATCH');
  expect(await server.request('DELETE', one, { version: 1 })).toMatchObject({ status: 200 });
  expect(await server.request('GET', one)).toMatchObject({ status: 404 });
});

test('a derived field reads the published revision', async () => {
  const fx = await table();
  const code = String(fx['code']);
  const calculation = `amount * Lookup.findNumber("${code}", "rate", 1, "cur")`;
  const sales = await meter(server, {
    dataFields: [
      { category: 'MEASURE', code: 'amount' },
      { category: 'WHAT', code: 'cur' },
    ],
    derivedFields: [{ category: 'MEASURE', code: 'dollars', calculation }],
  });
  const acme = await account(server);
  const sell = (cur: string) =>
    ingest(server, [
      {
        meter: sales['code'],
        account: acme['code'],
        ts: '2024-03-05T10:00:00Z',
        measure: { amount: 10 },
        what: { cur },
      },
    ]);
  const dollars = () => totals(server, { meter: sales, account: acme, of: ['dollars SUM'] });
  await sell('GBP');
  expect(await dollars()).toEqual({ 'dollars SUM': 10 }); // no revision is published: 10 * 1
  await published(fx, [EUR, GBP]);
  await sell('GBP');
  await sell('USD');
  expect(await dollars()).toEqual({ 'dollars SUM': 33 }); // and 10 * 1.3, 10 * 1
  await published(fx, [{ cur: 'GBP', rate: 2 }]);
  await sell('GBP');
  expect(await dollars()).toEqual({ 'dollars SUM': 53 }); // and 10 * 2
  expect(await refused('DELETE', `/lookuptables/${fx.id}`)).toBe('ENTITY_IN_USE');
  expect((await failures(server)).filter(({ meterCode }) => meterCode === sales['code'])).toEqual([]);
});

test('keys that come from other rows are followed, for accounts made meanwhile too', async () => {
  const [fx, names] = [await table(), await table()];
  const [rates, currencies] = [String(fx['code']), String(names['code'])];
  await published(fx, [EUR]);
  const fields = [
    { name: 'country', type: 'STRING' },
    { name: 'cur', type: 'STRING' },
  ];
  await published(names, [{ country: 'FR', cur: 'EUR' }], { fields, keys: ['country'] });
  const inner = `Lookup.findString("${currencies}", "cur", "", "country")`;
  const outer = `Lookup.findNumber("${rates}", "rate", 0, ${inner})`;
  const sales = await meter(server, {
    dataFields: [{ category: 'WHERE', code: 'country' }],
    derivedFields: [{ category: 'MEASURE', code: 'rate', calculation: outer }],
  });
  const unknown = freshCode('unknown');
  const where = { country: 'FR' };
  const sale = { meter: sales['code'], account: unknown, ts: '2024-03-05T10:00:00Z', where };
  await ingest(server, [sale]);
  const listed = (await body(`/accounts?codes=${unknown}`)) as { data: [Made] };
  const owner = listed.data[0];
  const sums = await totals(server, { meter: sales, account: owner, of: ['rate SUM'] });
  expect(sums).toEqual({ 'rate SUM': 1.1 });
});

test('a calculation that names an unknown table fails', async () => {
  const calculation = 'Lookup.findNumber("nowhere", "rate", 1, "cur")';
  const sales = await meter(server, {
    dataFields: [{ category: 'WHAT', code: 'cur' }],
    derivedFields: [{ category: 'MEASURE', code: 'rate', calculation }],
  });
  const acme = await account(server);
  const what = { cur: 'EUR' };
  const sale = { meter: sales['code'], account: acme['code'], ts: '2024-03-05T10:00:00Z', what };
  await ingest(server, [sale]);
  const raised = (await failures(server)).filter(({ meterCode }) => meterCode === sales['code']);
  expect(raised).toMatchObject([{ type: 'CalculationError', fields: ['rate'] }]);
});

test('2000 items fit into one call and 2001 do not', async () => {
  const fx = await table();
  const path = `${pathOf(fx, await revision(fx))}/data`;
  const items = Array.from({ length: 2001 }, (_, i) => ({ cur: `${i}`.padStart(400, 'x'), rate: i }));
  await put(path, { items: items.slice(1) });
  expect(await body(pathOf(fx, { ...fx, id: path.split('/')[4] ?? '' }))).toMatchObject({ itemCount: 2000 });
  expect(await refused('PUT', path, { items })).toBe('VALIDATION_FAILED');
});

test('a table is deleted with its revisions and items', async () => {
  const fx = await table();
  const first = await published(fx, [EUR]);
  expect(await server.request('DELETE', `/lookuptables/${fx.id}`)).toMatchObject({ status: 200 });
  expect(await server.request('GET', pathOf(fx, first))).toMatchObject({ status: 404 });
  expect(await server.request('GET', `/lookuptables/${fx.id}/revisions`)).toMatchObject({ status: 404 });
  const { body } = await server.request('GET', `/audit?entityId=${first.id}&pageSize=1`);
  expect(body).toMatchObject({ data: [{ entityType: 'LookupTableRevision', action: 'deleted' }] });
});
