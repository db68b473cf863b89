import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
});
afterAll(() => server.close());

const DATES = { startDate: '2024-01-01', endDate: '2024-02-01T00:00:00Z' };
const REVERSED = { startDate: '2024-02-01', endDate: '2024-01-01' };

function save(usageQuery: object) {
  return server.request('POST', '/usage/savedqueries', { name: 'Mine', usageQuery });
}

test.each([
  ['fixed dates', DATES, { startDate: '2024-01-01T00:00:00Z' }],
  ['a period', { timePeriod: 'LAST_YEAR' }, { timePeriod: 'LAST_YEAR' }],
  ['a period that overrides dates', { ...REVERSED, timePeriod: 'TODAY' }, { timePeriod: 'TODAY' }],
])('a query over %s is saved', async (_, usageQuery, shown) => {
  const made = await save(usageQuery);
  expect(made).toMatchObject({ status: 200, body: { name: 'Mine', version: 1 } });
  const { id } = made.body as { id: string };
  const read = await server.request('GET', `/usage/savedqueries/${id}`);
  expect(read).toMatchObject({ status: 200, body: { usageQuery: shown } });
});

test.each([
  ['neither dates nor a period', {}, 'VALIDATION_FAILED'],
  ['a start only', { startDate: '2024-01-01' }, 'VALIDATION_FAILED'],
  ['dates in the wrong order', REVERSED, 'VALIDATION_FAILED'],
  ['an unknown period', { timePeriod: 'NEXT_WEEK' }, 'VALIDATION_FAILED'],
  ['groups alone', { ...DATES, groups: [{ groupType: 'ACCOUNT' }] }, 'VALIDATION_FAILED'],
  [
    'a meter that does not exist',
    { timePeriod: 'TODAY', dimensionFilters: [{ meterId: 'none', fieldCode: 'a', values: ['b'] }] },
    'REFERENCE_NOT_FOUND',
  ],
])('a query with %s is refused', async (_, usageQuery, code) => {
  expect(await save(usageQuery)).toMatchObject({ status: 400, body: { code } });
});
