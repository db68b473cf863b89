import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attach, billsOf, pricedUsage, runJob, theBillOf, use } from '../support/billing.ts';
import { account, created, freshCode, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

type Fields = Record<string, unknown>;

async function read(path: string): Promise<Fields> {
  const answer = await server.request('GET', path);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return answer.body as Fields;
}

function committed(owner: Made, fields: Fields = {}): Promise<Made> {
  const terms = { amount: 1200, currency: 'USD', startDate: '2024-01-01', endDate: '2025-01-01' };
  return created(server, '/commitments', { accountId: owner.id, ...terms, ...fields });
}

const MAY = { lastDateInBillingPeriod: '2024-05-31' };

/** An account with 50 units of usage in May 2024 at 1.00 each, and a commitment with a monthly fee. */
async function billedAccount(fields: Fields = {}) {
  const { meter, plan } = await pricedUsage(server);
  const owner = await account(server);
  await attach(server, owner, plan);
  await use(server, { account: owner, meter, ts: '2024-05-10T00:00:00Z', qty: 50 });
  const term = await committed(owner, { billingPlanId: plan.id, ...fields });
  await runJob(server, { ...MAY, accountIds: [owner.id] });
  return { owner, meter, term };
}

async function movements({ id }: Made): Promise<readonly string[]> {
  const { rows } = await sql<{ kind: string; amount: unknown }>`
    select kind, amount from commitment_movement
    where org_id = ${server.orgId} and commitment_id = ${id} order by dt_created, id`.execute(
    server.context.db,
  );
  return rows.map(({ kind, amount }) => `${kind} ${amount}`).sort();
}

test('a bill bills the fee and draws; again it moves nothing, deleted it gives both back', async () => {
  const { owner, term } = await billedAccount();
  const bill = await theBillOf(server, owner);
  // 50 of usage, 1200 ÷ 12 = 100 of fee, 50 paid by the commitment.
  expect(bill.billTotal).toBe(100);
  expect(await read(`/commitments/${term.id}`)).toMatchObject({ amountSpent: 50, version: 2 });
  expect(await movements(term)).toEqual(['DRAW 50', 'FEE 100']);
  await runJob(server, { billIds: [bill.id] }, '/billjobs/recalculate');
  expect(await read(`/commitments/${term.id}`)).toMatchObject({ amountSpent: 50, version: 2 });
  await server.request('DELETE', `/bills/${bill.id}`);
  expect(await read(`/commitments/${term.id}`)).toMatchObject({ amountSpent: 0, version: 3 });
  expect(await movements(term)).toEqual(['DRAW -50', 'DRAW 50', 'FEE -100', 'FEE 100']);
});

test('late usage moves the difference only, and each draw is an event', async () => {
  const { owner, meter, term } = await billedAccount();
  await use(server, { account: owner, meter, ts: '2024-05-11T00:00:00Z', qty: 25 });
  await runJob(server, { ...MAY, accountIds: [owner.id] });
  expect(await movements(term)).toEqual(['DRAW 25', 'DRAW 50', 'FEE 100']);
  const { rows } = await sql<{ spent: string }>`
    select m3ter_event #>> '{eventData,newDto,amountSpent}' as spent from event
    where resource_id = ${term.id} order by id`.execute(server.context.db);
  expect(rows.map((row) => row.spent)).toEqual(['0', '50', '75']);
});

test('the currency of what is billed stays, and a locked bill keeps the commitment', async () => {
  const { owner, term } = await billedAccount();
  await created(server, '/picklists/currency', { name: 'Euro', code: freshCode('EUR').slice(0, 8) });
  const { data } = (await read('/picklists/currency')) as { data: Made[] };
  const other = data.find((row) => row['code'] !== 'USD')?.['code'];
  const body = { ...(await read(`/commitments/${term.id}`)), currency: other };
  const refused = await server.request('PUT', `/commitments/${term.id}`, body);
  expect(refused).toMatchObject({ status: 400, body: { code: 'IMMUTABLE_FIELD' } });
  const bill = await theBillOf(server, owner);
  await server.request('PUT', `/bills/${bill.id}/status`, { status: 'APPROVED' });
  await server.request('PUT', `/bills/${bill.id}/lock`);
  const kept = await server.request('DELETE', `/commitments/${term.id}`);
  expect(kept).toMatchObject({ status: 400, body: { code: 'ENTITY_IN_USE' } });
});

test('a deleted commitment leaves the bill when it is calculated again', async () => {
  const { owner, term } = await billedAccount();
  expect(await server.request('DELETE', `/commitments/${term.id}`)).toMatchObject({ status: 200 });
  await runJob(server, { ...MAY, accountIds: [owner.id] });
  expect((await theBillOf(server, owner)).lineItems.map((line) => line.lineItemType)).toEqual(['USAGE']);
});

test('a child that is let go takes a fee along when its date is billed again', async () => {
  const { plan } = await pricedUsage(server);
  const parent = await account(server);
  await attach(server, parent, plan);
  const { parentAccountId: _, ...child } = await account(server, { parentAccountId: parent.id });
  const period = { servicePeriodStartDate: '2024-01-01', servicePeriodEndDate: '2025-01-01' };
  const feeDates = ['2024-05-01', '2024-06-01'].map((date) => ({ date, amount: 300, ...period }));
  await committed(child, { feeDates });
  const bill = (owner: Made, last: string) =>
    runJob(server, { accountIds: [owner.id], lastDateInBillingPeriod: last });
  await bill(parent, '2024-04-30');
  await bill(parent, '2024-05-31');
  expect(await server.request('PUT', `/accounts/${child.id}`, child)).toMatchObject({ status: 200 });
  await bill(child, '2024-05-31');
  await bill(parent, '2024-05-31');
  await bill(child, '2024-06-30');
  const totals = async (owner: Made) =>
    (await billsOf(server, owner)).map((row) => `${row.billDate} ${row.billTotal}`).toSorted();
  expect(await totals(child)).toEqual(['2024-06-01 300']);
  expect(await totals(parent)).toEqual(['2024-05-01 300', '2024-06-01 0']);
});

test('two jobs at once draw the same money once', async () => {
  const { meter, plan } = await pricedUsage(server);
  const owner = await account(server);
  await attach(server, owner, plan);
  await use(server, { account: owner, meter, ts: '2024-05-10T00:00:00Z', qty: 50 });
  await use(server, { account: owner, meter, ts: '2024-06-10T00:00:00Z', qty: 50 });
  const term = await committed(owner, { amount: 60 });
  const job = (last: string) => runJob(server, { lastDateInBillingPeriod: last, accountIds: [owner.id] });
  await Promise.all([job('2024-05-31'), job('2024-06-30'), job('2024-05-31'), job('2024-06-30')]);
  const bills = await billsOf(server, owner);
  expect(bills).toHaveLength(2);
  // 100 of usage, of which 60 are paid.
  expect(bills.reduce((sum, bill) => sum + bill.billTotal, 0)).toBe(40);
  expect(await read(`/commitments/${term.id}`)).toMatchObject({ amountSpent: 60 });
});

test('end-dating shortens commitments, and a search finds them by product', async () => {
  const owner = await account(server);
  const { id: productId } = await created(server, '/products', { name: 'Core', code: freshCode('core') });
  const term = await committed(owner, { productIds: [productId] });
  const later = await committed(owner, { startDate: '2024-09-01', endDate: '2025-09-01' });
  const body = { billingEntities: ['PREPAYMENT'], endDate: '2024-07-01T00:00:00Z' };
  const ended = await server.request('PUT', `/accounts/${owner.id}/enddatebillingentities`, body);
  expect(ended.body).toMatchObject({
    updatedEntities: Object.fromEntries([['PREPAYMENT', [term.id]]]),
    failedEntities: Object.fromEntries([['PREPAYMENT', [later.id]]]),
  });
  expect(await read(`/commitments/${term.id}`)).toMatchObject({ endDate: '2024-07-01', version: 2 });
  const found = (await read(`/commitments/search?searchQuery=productId:${productId}`)) as { data: Made[] };
  expect(found.data.map((row) => row.id)).toEqual([term.id]);
  const refused = await server.request('DELETE', `/products/${productId}`);
  expect(refused).toMatchObject({ status: 400, body: { code: 'ENTITY_IN_USE' } });
});

test('a search sorts by what is spent, which is no stored field', async () => {
  const { owner, term } = await billedAccount();
  const unspent = await committed(owner, { startDate: '2024-09-01' });
  const path = `/commitments/search?searchQuery=accountId:${owner.id}&sortBy=amountSpent`;
  const sorted = async (order: string) =>
    ((await read(`${path}&sortOrder=${order}`)) as { data: Made[] }).data.map((row) => row.id);
  expect(await sorted('DESC')).toEqual([term.id, unspent.id]);
  expect(await sorted('ASC')).toEqual([unspent.id, term.id]);
  const refused = await server.request('GET', '/commitments/search?sortBy=constructor');
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ field: 'sortBy' }] } });
});

test('a commitment that ended earlier this month is still to be met in it', async () => {
  const owner = await account(server);
  await server.moveTo('2031-07-20T12:00:00Z');
  const ended = await committed(owner, { amount: 90, endDate: '2031-07-10' });
  await committed(owner, { amount: 70, endDate: '2031-07-01' });
  const dimensions = [{ name: 'account', filter: [owner['code']] }];
  const query = { startDate: '2031-01-01', endDate: '2032-01-01', dimensions };
  const due = await server.request('POST', '/dataexplorer/commitments/obligations', query);
  expect(due.body).toEqual([{ dateMonth: '2031-07', obligations: { [ended.id]: 90 } }]);
});

test('commitments are listed by account, by month still to be met, and as files', async () => {
  const owner = await account(server);
  const term = await committed(owner, { amount: 1000, startDate: '2024-01-01', endDate: '2099-01-01' });
  const accounts = (await read('/dataexplorer/commitments/accounts')) as { accountCodes: string[] };
  expect(accounts.accountCodes).toContain(owner['code']);
  const range = { startDate: '2024-01-01T00:00:00Z', endDate: '2099-01-01T00:00:00Z' };
  const dimensions = [{ name: 'account', filter: [owner['code']] }];
  const query = { ...range, dimensions };
  const due = await server.request('POST', '/dataexplorer/commitments/obligations', query);
  const months = due.body as { dateMonth: string; obligations: Record<string, number> }[];
  expect(months.at(-1)?.dateMonth).toBe('2098-12');
  const total = months.reduce((sum, month) => sum + (month.obligations[term.id] ?? 0), 0);
  expect(total).toBeCloseTo(1000, 6);
  for (const format of ['json', 'csv']) {
    const answer = await server.request('POST', `/dataexplorer/commitments/download/${format}`, query);
    const { downloadUrl } = answer.body as { downloadUrl: string };
    expect(downloadUrl).toMatch(/^http/);
  }
  const wrong = { ...range, dimensions: [{ name: 'product name', filter: ['x'] }] };
  const refused = await server.request('POST', '/dataexplorer/commitments/download/csv', wrong);
  expect(refused).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
});
