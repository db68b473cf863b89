import { afterAll, beforeAll, expect, test } from 'vitest';
import { account, created, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
let counterId: string;
let accountId: string;

beforeAll(async () => {
  server = await startTestServer();
  counterId = (await created(server, '/counters', { name: 'Seats', unit: 'seat' })).id;
  accountId = (await account(server)).id;
  for (const date of ['2024-02-01', '2024-01-01', '2024-03-01']) {
    await created(server, '/counteradjustments', { counterId, accountId, date, value: 8 });
  }
  const stranger = await account(server);
  await created(server, '/counteradjustments', {
    counterId,
    accountId: stranger.id,
    date: '2024-01-15',
    value: 1,
  });
});
afterAll(() => server.close());

async function list(query: string) {
  const answer = await server.request('GET', `/counteradjustments?${query}`);
  const { data = [], nextToken } = answer.body as { data?: Made[]; nextToken?: string };
  return { status: answer.status, dates: data.map((item) => String(item['date']).slice(5)), nextToken };
}

test.each([
  ['', ['03-01', '02-01', '01-15', '01-01']],
  ['sortOrder=ASC', ['01-01', '01-15', '02-01', '03-01']],
  ['accountId=A', ['03-01', '02-01', '01-01']],
  ['accountId=A&date=2024-02-01', ['02-01']],
  ['accountId=A&dateStart=2024-02-01', ['03-01', '02-01']],
  ['accountId=A&dateEnd=2024-02-01', ['01-01']],
  // The first one ends on 1 February, the second on 1 March, the last one of each account never.
  ['endDateStart=2024-03-01', ['03-01', '02-01', '01-15']],
  ['endDateEnd=2024-03-01', ['01-01']],
  ['endDateStart=2099-01-01', ['03-01', '01-15']],
])('%j lists %j', async (query, dates) => {
  const filters = query.replace('A&', `${accountId}&`).replace(/A$/, accountId);
  expect(await list(`counterId=${counterId}&${query.includes('accountId') ? filters : query}`)).toMatchObject(
    {
      status: 200,
      dates,
    },
  );
});

test.each(['ASC', 'DESC'])('pages go on where the last one ended (%s)', async (sortOrder) => {
  const query = `counterId=${counterId}&sortOrder=${sortOrder}`;
  const first = await list(`${query}&pageSize=3`);
  const second = await list(`${query}&pageSize=3&nextToken=${first.nextToken}`);
  expect(second).toMatchObject({ status: 200, nextToken: undefined });
  expect([...first.dates, ...second.dates]).toEqual((await list(query)).dates);
});

test.each([
  'accountId=A',
  'counterId=C&date=2024-01-01',
  'counterId=C&dateStart=2024-01-01',
  'counterId=C&dateEnd=2024-01-01',
])('%j is refused', async (query) => {
  expect(await list(query.replace('C', counterId).replace('A', accountId))).toMatchObject({ status: 400 });
});

test('there is one adjustment a day, also after an update', async () => {
  const body = { counterId, accountId, date: '2024-01-01', value: 3 };
  expect(await server.request('POST', '/counteradjustments', body)).toMatchObject({
    status: 400,
    body: { code: 'DUPLICATE' },
  });
  const { id } = await created(server, '/counteradjustments', { ...body, date: '2024-12-01' });
  const moved = await server.request('PUT', `/counteradjustments/${id}`, { ...body, version: 1 });
  expect(moved).toMatchObject({ status: 400, body: { code: 'DUPLICATE' } });
  expect(await server.request('DELETE', `/counteradjustments/${id}`)).toMatchObject({ status: 200 });
});

test('an account takes its adjustments along, unless it cannot be deleted', async () => {
  const owner = await account(server);
  const made = await created(server, '/counteradjustments', {
    ...{ counterId, accountId: owner.id },
    ...{ date: '2024-01-01', value: 3 },
  });
  const path = `/counteradjustments/${made.id}`;
  const kept = await account(server, { parentAccountId: owner.id });
  expect(await server.request('DELETE', `/accounts/${owner.id}`)).toMatchObject({
    ...{ status: 400, body: { code: 'ENTITY_IN_USE' } },
  });
  expect(await server.request('GET', path)).toMatchObject({ status: 200 });
  expect(await server.request('DELETE', `/accounts/${kept.id}`)).toMatchObject({ status: 200 });
  expect(await server.request('DELETE', `/accounts/${owner.id}`)).toMatchObject({ status: 200 });
  expect(await server.request('GET', path)).toMatchObject({ status: 404 });
});
