import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { billsOf, billText, pricedUsage, runJob, theBillOf, use } from '../support/billing.ts';
import { account, created, type Made, plan } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

function adopt(child: Made, parent: Made) {
  return server.request('PUT', `/accounts/${child.id}`, { ...child, parentAccountId: parent.id });
}

async function threeAccounts(): Promise<[Made, Made, Made]> {
  return [await account(server), await account(server), await account(server)];
}

test('there are two levels, and a child can be let go', async () => {
  const [top, middle, bottom] = await threeAccounts();
  expect(await adopt(middle, top)).toMatchObject({ status: 200 });
  expect(await adopt(bottom, middle), 'a child as parent').toMatchObject({ status: 400 });
  expect(await adopt(top, bottom), 'a parent as child').toMatchObject({ status: 400 });
  expect(await adopt(bottom, bottom), 'its own parent').toMatchObject({ status: 400 });
  const free = { ...middle, version: 2 };
  expect(await server.request('PUT', `/accounts/${middle.id}`, free)).toMatchObject({ status: 200 });
  expect(await adopt(bottom, middle)).toMatchObject({ status: 200 });
});

test.each([1, 2, 3, 4])('two changes at the same time do not make a third level (%i)', async () => {
  const [top, middle, bottom] = await threeAccounts();
  const answers = await Promise.all([adopt(bottom, middle), adopt(middle, top)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
});

test.each([1, 2, 3, 4])('two accounts do not become the parent of each other (%i)', async () => {
  const [one, other] = await threeAccounts();
  const answers = await Promise.all([adopt(one, other), adopt(other, one)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
});

test('a parent has at most 999 children, also when the last two come at the same time', async () => {
  const parent = await account(server);
  const { orgId } = server;
  // 998 children, made in one statement out of the parent's row.
  await sql`insert into account
    select (jsonb_populate_record(a, jsonb_build_object(
      'id', gen_random_uuid(), 'code', 'child ' || n, 'parent_account_id', a.id))).*
    from account a, generate_series(1, 998) n where a.org_id = ${orgId} and a.id = ${parent.id}
  `.execute(server.context.db);
  const [one, other] = await threeAccounts();
  const answers = await Promise.all([adopt(one, parent), adopt(other, parent)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
  const { body } = await server.request('GET', `/accounts/${parent.id}/children?pageSize=200`);
  expect((body as { data: unknown[] }).data).toHaveLength(200);
});

test('a child that is let go keeps the contract of its former parent that its plan names', async () => {
  await server.moveTo('2024-06-02T00:00:00Z');
  const parent = await account(server);
  const child = await account(server, { parentAccountId: parent.id });
  const { id: contractId } = await created(server, '/contracts', {
    accountId: parent.id,
    name: 'Terms of 2024',
    startDate: '2024-01-01',
    endDate: '2025-01-01',
  });
  const { id: planId } = await plan(server, { standingCharge: 31 });
  const startDate = '2024-05-01T00:00:00Z';
  await created(server, '/accountplans', { accountId: child.id, planId, contractId, startDate });
  const { parentAccountId: _, ...free } = child;
  expect(await server.request('PUT', `/accounts/${child.id}`, free)).toMatchObject({ status: 200 });
  await runJob(server, { accountIds: [child.id], lastDateInBillingPeriod: '2024-05-31' });
  expect(await theBillOf(server, child)).toMatchObject({
    billTotal: 31,
    lineItems: [{ lineItemType: 'STANDING_CHARGE', contractId }],
  });
});

/** A child whose plan, 10 a month and at least 100 in advance, is on the April bill of its parent. */
async function billedByParent() {
  await server.moveTo('2024-07-02T00:00:00Z');
  const template = { standingCharge: 10, minimumSpend: 100, minimumSpendBillInAdvance: true };
  const { meter, plan: priced } = await pricedUsage(server, { template });
  const parent = await account(server);
  const child = await account(server, { parentAccountId: parent.id });
  const attached = await created(server, '/accountplans', {
    ...{ accountId: child.id, planId: priced.id, childBillingMode: 'PARENT_BREAKDOWN' },
    startDate: '2024-04-01T00:00:00Z',
  });
  await use(server, { account: child, meter, ts: '2024-05-10T00:00:00Z', qty: 40 });
  await runJob(server, { accountIds: [parent.id], lastDateInBillingPeriod: '2024-04-30' });
  return { parent, child, attached, bill: await theBillOf(server, parent) };
}

async function lock(bill: Made): Promise<void> {
  await server.request('PUT', `/bills/${bill.id}/status`, { status: 'APPROVED' });
  expect(await server.request('PUT', `/bills/${bill.id}/lock`)).toMatchObject({ status: 200 });
}

async function letGo({ parentAccountId: _, ...free }: Made & { readonly parentAccountId?: unknown }) {
  expect(await server.request('PUT', `/accounts/${free.id}`, free)).toMatchObject({ status: 200 });
}

test('a child that is let go is not charged again for what its former parent was', async () => {
  const { child, bill } = await billedByParent();
  await lock(bill);
  await letGo(child);
  for (const last of ['2024-04-30', '2024-05-31']) {
    await runJob(server, { accountIds: [child.id], lastDateInBillingPeriod: last });
  }
  // April and the minimum of May are on the parent's bill: 40 of that are given back.
  expect((await billsOf(server, child)).map(billText)).toEqual([
    [
      'USAGE 2024-05-01 → 2024-06-01 40 u 40.00',
      'STANDING_CHARGE 2024-05-01 → 2024-06-01 1 u 10.00',
      'MINIMUM_SPEND_REFUND 2024-05-01 → 2024-06-01 1 u -40.00',
      'MINIMUM_SPEND 2024-06-01 → 2024-07-01 1 u 100.00',
      'TOTAL 110.00',
    ].join('\n'),
  ]);
  const [made] = await billsOf(server, child);
  const verified = await server.request('POST', `/bills/${made?.id}/verify`);
  expect(verified.body).toMatchObject({ result: 'identical' });
});

test('a plan on the locked bill of a former parent cannot be deleted', async () => {
  const { child, attached, bill } = await billedByParent();
  await lock(bill);
  await letGo(child);
  expect(await server.request('DELETE', `/accountplans/${attached.id}`)).toMatchObject({
    ...{ status: 400, body: { code: 'ENTITY_IN_USE' } },
  });
});
