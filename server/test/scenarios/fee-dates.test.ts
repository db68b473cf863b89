import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { billsOf, runJob, theBillOf } from '../support/billing.ts';
import { account, created, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const { body } = await server.request('GET', '/organizationconfig');
  const zone = { ...(body as object), timezone: 'Europe/Berlin' };
  expect(await server.request('PUT', '/organizationconfig', zone)).toMatchObject({ status: 200 });
});
afterAll(() => server.close());

const TERM = { amount: 1200, currency: 'USD', startDate: '2024-01-01', endDate: '2025-01-01' };
const MAY = { lastDateInBillingPeriod: '2024-05-31' };
/** Midnights in Berlin, where it is summer. */
const [START, END] = ['2024-04-30T22:00:00Z', '2024-05-31T22:00:00Z'];

type Period = { readonly servicePeriodStartDate: string; readonly servicePeriodEndDate: string };

function scheduled(owner: Made, period: Period): Promise<Made> {
  const feeDates = [{ date: '2024-06-01', amount: 100, ...period }];
  return created(server, '/commitments', { accountId: owner.id, ...TERM, feeDates });
}

/** As it was stored before bare dates were placed. */
async function overwrite({ id }: Made, period: Period): Promise<void> {
  await sql`update commitment set fee_dates = jsonb_set(fee_dates, '{0}',
    fee_dates -> 0 || ${JSON.stringify(period)}::jsonb) where id = ${id}`.execute(server.context.db);
}

test.each([
  ['both bare', '2024-05-01', '2024-06-01'],
  ['a bare start', '2024-05-01', END],
  ['a bare end', START, '2024-06-01'],
])('the service period of a fee begins and ends at midnight with %s', async (_, start, end) => {
  const owner = await account(server);
  const term = await scheduled(owner, { servicePeriodStartDate: start, servicePeriodEndDate: end });
  const placed = { servicePeriodStartDate: START, servicePeriodEndDate: END };
  expect(term['feeDates']).toMatchObject([{ date: '2024-06-01', ...placed }]);
  await runJob(server, { ...MAY, accountIds: [owner.id] });
  expect((await theBillOf(server, owner)).lineItems).toMatchObject([{ subtotal: 100, ...placed }]);
});

test('a period that ends before it begins is refused whichever form its dates have', async () => {
  const { id: accountId } = await account(server);
  const period = { servicePeriodStartDate: END, servicePeriodEndDate: '2024-05-31' };
  const feeDates = [{ date: '2024-06-01', amount: 100, ...period }];
  const refused = await server.request('POST', '/commitments', { accountId, ...TERM, feeDates });
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ field: 'feeDates' }] } });
});

test('a stored bare date is billed from its midnight', async () => {
  const owner = await account(server);
  const term = await scheduled(owner, { servicePeriodStartDate: START, servicePeriodEndDate: END });
  await overwrite(term, { servicePeriodStartDate: '2024-05-01', servicePeriodEndDate: '2024-06-01' });
  await runJob(server, { ...MAY, accountIds: [owner.id] });
  const placed = { servicePeriodStartDate: START, servicePeriodEndDate: END };
  expect((await theBillOf(server, owner)).lineItems).toMatchObject([placed]);
});

test('a stored value that cannot be read fails its account only', async () => {
  const [bad, fine] = [await account(server), await account(server)];
  const period = { servicePeriodStartDate: START, servicePeriodEndDate: END };
  const [broken] = [await scheduled(bad, period), await scheduled(fine, period)];
  await overwrite(broken, { ...period, servicePeriodEndDate: 'soon' });
  const job = await runJob(server, { ...MAY, accountIds: [bad.id, fine.id] });
  expect(job).toMatchObject({ status: 'COMPLETE', pending: 0 });
  expect(await theBillOf(server, fine)).toMatchObject({ billTotal: 100 });
  expect(await billsOf(server, bad)).toEqual([]);
  const { rows } = await sql<{ description: string }>`
    select m3ter_event #>> '{eventData,newDto,description}' as description from event
    where m3ter_event #>> '{eventData,newDto,entityId}' = ${bad.id}`.execute(server.context.db);
  expect(rows.map((row) => row.description).join()).toContain('a stored value cannot be read');
});
