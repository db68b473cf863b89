import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { autoApproveBills, startScheduledBilling } from '../../src/areas/billing/index.ts';
import { attach, billsOf, pricedUsage, runJob, scheduledRun, use } from '../support/billing.ts';
import { account, created, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

async function configure(fields: object): Promise<void> {
  const { body } = await server.request('GET', '/organizationconfig');
  const next = { ...(body as Made), ...fields };
  const answer = await server.request('PUT', '/organizationconfig', next);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
}

async function runs(): Promise<number> {
  const { rows } = await sql<{ runs: number }>`select count(*) as runs from bill_job
    where scheduled_at is not null`.execute(server.context.db);
  return rows[0]?.runs ?? 0;
}

async function totals(acme: Made): Promise<readonly string[]> {
  const bills = await billsOf(server, acme);
  return bills.map((bill) => `${bill.billDate} ${bill.billTotal} ${bill.status}`).sort();
}

test('the schedule bills the period in progress and takes late usage for a day', async () => {
  await server.moveTo('2024-05-10T10:00:00Z');
  await configure({ scheduledBillInterval: 24, scheduledBillOffset: null });
  const { meter, plan } = await pricedUsage(server, { template: { standingCharge: 31 } });
  const acme = await account(server);
  const terms = { accountId: acme.id, planId: plan.id, startDate: '2024-05-01T00:00:00Z' };
  await created(server, '/accountplans', terms);
  const usage = { account: acme, meter };
  await use(server, { ...usage, ts: '2024-05-05T00:00:00Z', qty: 10 });

  // The schedule was configured at 10:00, so it begins at midnight.
  await scheduledRun(server, '2024-05-10T23:59:00Z');
  expect(await runs()).toBe(0);

  // 10 so far, and the standing charge for the whole period
  await scheduledRun(server, '2024-05-11T00:00:00Z');
  expect(await totals(acme)).toEqual(['2024-06-01 41 PENDING']);

  await scheduledRun(server, '2024-05-11T12:00:00Z');
  expect(await runs()).toBe(1);

  await server.moveTo('2024-05-20T10:00:00Z');
  await use(server, { ...usage, ts: '2024-05-20T00:00:00Z', qty: 5 });
  await scheduledRun(server, '2024-06-01T00:00:00Z');
  expect(await totals(acme)).toEqual(['2024-06-01 46 PENDING', '2024-07-01 31 PENDING']);

  // within a day of the run that closed May
  await server.moveTo('2024-06-01T20:00:00Z');
  await use(server, { ...usage, ts: '2024-05-21T00:00:00Z', qty: 1 });
  await scheduledRun(server, '2024-06-02T00:00:00Z');
  expect(await totals(acme)).toEqual(['2024-06-01 47 PENDING', '2024-07-01 31 PENDING']);

  // too late
  await use(server, { ...usage, ts: '2024-05-22T00:00:00Z', qty: 1 });
  await scheduledRun(server, '2024-06-03T00:00:00Z');
  expect(await totals(acme)).toEqual(['2024-06-01 47 PENDING', '2024-07-01 31 PENDING']);

  // a job that somebody orders takes it
  await runJob(server, { lastDateInBillingPeriod: '2024-05-31', accountIds: [acme.id] });
  expect(await totals(acme)).toEqual(['2024-06-01 48 PENDING', '2024-07-01 31 PENDING']);
});

test('a plan that has ended freezes a day later, also on a bill that another plan keeps open', async () => {
  await server.moveTo('2024-06-10T10:00:00Z');
  const [ended, going] = [await pricedUsage(server), await pricedUsage(server)];
  const acme = await account(server);
  const terms = { accountId: acme.id, startDate: '2024-06-01T00:00:00Z' };
  await created(server, '/accountplans', {
    ...{ ...terms, planId: ended.plan.id },
    endDate: '2024-06-08T00:00:00Z',
  });
  await created(server, '/accountplans', { ...terms, planId: going.plan.id });
  await server.moveTo('2024-06-08T10:00:00Z');
  await use(server, { account: acme, meter: ended.meter, ts: '2024-06-05T00:00:00Z', qty: 10 });
  await server.moveTo('2024-06-10T10:00:00Z');
  // Both too late for the first plan, whose limit was 9 June; the second takes what comes.
  await use(server, { account: acme, meter: ended.meter, ts: '2024-06-06T00:00:00Z', qty: 100 });
  await use(server, { account: acme, meter: going.meter, ts: '2024-06-06T00:00:00Z', qty: 7 });
  await scheduledRun(server, '2024-06-11T00:00:00Z');
  expect(await totals(acme)).toEqual(['2024-07-01 17 PENDING']);
  const [bill] = await billsOf(server, acme);
  const verified = await server.request('POST', `/bills/${bill?.id}/verify`);
  expect(verified.body).toMatchObject({ result: 'identical', measurements: 'SAME' });
  const [line] = bill?.lineItems ?? [];
  const { body } = await server.request('GET', `/bills/${bill?.id}/lineitems/${line?.id}/explain`);
  expect((body as { counted: { data: object[] } }).counted.data).toHaveLength(1);
});

test('an approved bill is calculated again only when something new was measured', async () => {
  await server.moveTo('2024-07-10T10:00:00Z');
  const { meter, plan } = await pricedUsage(server);
  const acme = await account(server);
  await created(server, '/accountplans', {
    ...{ accountId: acme.id, planId: plan.id },
    startDate: '2024-07-01T00:00:00Z',
  });
  const usage = { account: acme, meter };
  await use(server, { ...usage, ts: '2024-07-05T00:00:00Z', qty: 10 });
  await scheduledRun(server, '2024-08-01T00:00:00Z');
  const bills = await billsOf(server, acme);
  const july = bills.find((bill) => bill.billDate === '2024-08-01');
  await server.moveTo('2024-08-01T01:00:00Z');
  await server.request('PUT', `/bills/${july?.id}/status`, { status: 'APPROVED' });
  await configure({ scheduledBillInterval: 1 });
  await scheduledRun(server, '2024-08-01T02:00:00Z');
  expect(await totals(acme)).toContain('2024-08-01 10 APPROVED');
  await use(server, { ...usage, ts: '2024-07-06T00:00:00Z', qty: 2 });
  await scheduledRun(server, '2024-08-01T03:00:00Z');
  expect(await totals(acme)).toContain('2024-08-01 12 PENDING');
});

test('an approved bill that stays as it is still holds what is dated for it', async () => {
  await server.moveTo('2024-08-01T03:10:00Z');
  const { plan } = await pricedUsage(server);
  const acme = await account(server);
  const terms = { accountId: acme.id, startDate: '2024-07-01T00:00:00Z' };
  await created(server, '/accountplans', { ...terms, planId: plan.id });
  const year = { startDate: '2024-07-01', endDate: '2024-10-01' };
  const agreed = { accountId: acme.id, amount: 1000, currency: 'USD', billingPlanId: plan.id };
  await created(server, '/commitments', { ...agreed, ...year, commitmentFeeBillInAdvance: false });
  await scheduledRun(server, '2024-08-01T04:00:00Z');
  // 1000 in three fees: 333.33, 333.33 and 333.34
  expect(await totals(acme)).toEqual(['2024-08-01 333.33 PENDING', '2024-09-01 333.33 PENDING']);

  await server.moveTo('2024-08-01T04:10:00Z');
  const [july] = await billsOf(server, acme);
  await server.request('PUT', `/bills/${july?.id}/status`, { status: 'APPROVED' });
  const day = { billDate: '2024-08-01', servicePeriodStartDate: '2024-07-01T00:00:00Z' };
  await created(server, '/charges', {
    ...{ accountId: acme.id, code: 'setup', name: 'Setup', entityType: 'AD_HOC', lineItemType: 'AD_HOC' },
    ...{ amount: 9, currency: 'USD', servicePeriodEndDate: '2024-08-01T00:00:00Z', ...day },
  });
  await scheduledRun(server, '2024-08-01T05:00:00Z');
  expect(await totals(acme)).toEqual(['2024-08-01 333.33 APPROVED', '2024-09-01 333.33 PENDING']);

  await runJob(server, { accountIds: [acme.id], lastDateInBillingPeriod: '2024-07-31' });
  expect(await totals(acme)).toEqual(['2024-08-01 342.33 PENDING', '2024-09-01 333.33 PENDING']);
});

test('of two processes that start the same run, one does, and scheduled runs fill no queue', async () => {
  const before = await runs();
  await server.moveTo('2024-08-02T04:00:00Z');
  await Promise.all([1, 2, 3].map(() => startScheduledBilling.run(server.context, {})));
  await scheduledRun(server, '2024-08-02T04:01:00Z');
  expect(await runs()).toBe(before + 1);
});

test('a period whose end was missed is closed by the next run, however late', async () => {
  await server.moveTo('2024-08-20T10:00:00Z');
  const { meter, plan } = await pricedUsage(server);
  const acme = await account(server);
  await created(server, '/accountplans', {
    ...{ accountId: acme.id, planId: plan.id },
    startDate: '2024-08-01T00:00:00Z',
  });
  await use(server, { account: acme, meter, ts: '2024-08-05T00:00:00Z', qty: 10 });
  await scheduledRun(server, '2024-08-20T11:00:00Z');
  await server.moveTo('2024-08-31T10:00:00Z');
  await use(server, { account: acme, meter, ts: '2024-08-30T00:00:00Z', qty: 7 });
  await scheduledRun(server, '2024-09-10T00:00:00Z');
  expect(await totals(acme)).toContain('2024-09-01 17 PENDING');
  await configure({ scheduledBillInterval: 0 });
});

test('a bill is approved after its grace period, once, by the product itself', async () => {
  await server.moveTo('2024-03-01T08:00:00Z');
  const { meter, plan } = await pricedUsage(server);
  const acme = await account(server);
  await attach(server, acme, plan);
  await use(server, { account: acme, meter, ts: '2024-02-05T00:00:00Z', qty: 10 });
  await configure({ autoApproveBillsGracePeriod: 2, autoApproveBillsGracePeriodUnit: 'HOURS' });
  await runJob(server, { lastDateInBillingPeriod: '2024-02-29', accountIds: [acme.id] });

  // made at 08:00, later than its date began: two hours from then
  await server.moveTo('2024-03-01T09:59:00Z');
  await autoApproveBills.run(server.context, {});
  expect(await totals(acme)).toEqual(['2024-03-01 10 PENDING']);
  await server.moveTo('2024-03-01T10:00:00Z');
  await Promise.all([1, 2].map(() => autoApproveBills.run(server.context, {})));
  const [approved] = await billsOf(server, acme);
  expect(approved).toMatchObject({
    ...{ status: 'APPROVED', dtApproved: '2024-03-01T10:00:00Z', version: 2 },
    approvedBy: '00000000-0000-0000-0000-000000000000',
  });

  await use(server, { account: acme, meter, ts: '2024-02-06T00:00:00Z', qty: 1 });
  await runJob(server, { lastDateInBillingPeriod: '2024-02-29', accountIds: [acme.id] });
  await server.moveTo('2024-03-09T10:00:00Z');
  await autoApproveBills.run(server.context, {});
  expect(await totals(acme)).toEqual(['2024-03-01 11 PENDING']);
});
