import { afterAll, beforeAll, expect, test } from 'vitest';
import { account, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
let parent: Made;

beforeAll(async () => {
  server = await startTestServer();
  const body = await server.request('GET', '/organizationconfig');
  const zone = { ...(body.body as object), timezone: 'Europe/Berlin' };
  expect(await server.request('PUT', '/organizationconfig', zone)).toMatchObject({ status: 200 });
  await server.moveTo('2030-05-01T22:30:00Z');
  parent = await account(server, { name: 'Zebra Müller (GmbH)', code: 'zebra' });
  for (const name of ['Ant', 'Bee', 'Cat']) {
    await account(server, {
      name,
      code: name,
      parentAccountId: parent.id,
      purchaseOrderNumber: `PO ${name}`,
    });
  }
});
afterAll(() => server.close());

async function search(query: Record<string, string | number>) {
  const text = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const { status, body } = await server.request('GET', `/accounts/search?${text.join('&')}`);
  const { data = [], nextToken } = body as { data?: Made[]; nextToken?: string };
  return { status, names: data.map((item) => item['name']), nextToken };
}

const ZEBRA = 'Zebra Müller (GmbH)';

test.each([
  ['', ['Cat', 'Bee', 'Ant', ZEBRA]],
  ['code:Bee', ['Bee']],
  ['code:bee', []],
  ['codes:Ant,zebra,none', ['Ant', ZEBRA]],
  ['name~zeb', [ZEBRA]],
  ['name~müll', [ZEBRA]],
  ['name~(gmb', [ZEBRA]],
  ['name~ebra', []],
  ['name~.*', []],
  ['name>Bee', ['Cat', ZEBRA]],
  ['name>=Bee$name<=Cat', ['Cat', 'Bee']],
  ['purchaseOrderNumber:PO Ant', ['Ant']],
  // 1 May 22:30 in UTC is 2 May in Berlin.
  ['dtCreated>=2030-05-02$code:Ant', ['Ant']],
  ['dtCreated>=2030-05-02T00:00:00Z', []],
  // Beginnings are those of the text that answers show.
  ['dtCreated~2030-05-01T22:3$code~a', ['Ant']],
  ['dtCreated~2030-05-01t22:30:00z$code~a', ['Ant']],
  ['dtCreated~2030-05-02', []],
  ['dtCreated~soon', []],
])('%j finds %j', async (searchQuery, names) => {
  expect(await search({ searchQuery })).toMatchObject({ status: 200, names });
});

test('ids and references are compared as such', async () => {
  expect((await search({ searchQuery: `parentAccountId:${parent.id}` })).names).toEqual([
    'Cat',
    'Bee',
    'Ant',
  ]);
  expect((await search({ searchQuery: `ids:${parent.id}` })).names).toEqual([ZEBRA]);
  expect((await search({ searchQuery: `id:${parent.id.toUpperCase()}` })).names).toEqual([ZEBRA]);
});

test('terms combine by the operator', async () => {
  const searchQuery = 'code:Ant$name:Bee';
  expect((await search({ searchQuery })).names).toEqual([]);
  expect((await search({ searchQuery, operator: 'OR' })).names).toEqual(['Bee', 'Ant']);
});

test('hits are sorted and counted off', async () => {
  const sorted = { sortBy: 'name', sortOrder: 'DESC', pageSize: 3 };
  expect(await search(sorted)).toMatchObject({ names: [ZEBRA, 'Cat', 'Bee'], nextToken: '3' });
  expect(await search({ ...sorted, fromDocument: 3 })).toEqual({ status: 200, names: ['Ant'] });
});

test.each([
  { searchQuery: 'emailAddress:a' },
  { searchQuery: 'toString:a' },
  { searchQuery: 'code' },
  { searchQuery: 'id:zebra' },
  { searchQuery: 'ids>zebra' },
  { searchQuery: 'dtCreated>soon' },
  { sortBy: 'nowhere' },
  { sortBy: 'name; drop table account' },
  { sortOrder: 'UP' },
  { fromDocument: -1 },
])('%j is refused', async (query) => {
  expect(await search(query as Record<string, string>)).toMatchObject({ status: 400 });
});
