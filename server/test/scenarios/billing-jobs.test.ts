import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lockBillJob } from '../../src/areas/billing/bill-job-status.ts';
import { attach, billsOf, finished, type Job, pricedUsage, runJob, theBillOf } from '../support/billing.ts';
import { account, created, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
let plan: Made;
beforeAll(async () => {
  server = await startTestServer();
  ({ plan } = await pricedUsage(server, { template: { standingCharge: 10 } }));
});
afterAll(() => server.close());

const MAY = { lastDateInBillingPeriod: '2024-05-31', billingFrequency: 'MONTHLY' };

async function attachedAccount(attached: Made = plan): Promise<Made> {
  const acme = await account(server);
  await attach(server, acme, attached);
  return acme;
}

function attachedAccounts(count: number): Promise<readonly Made[]> {
  return Promise.all(Array.from({ length: count }, () => attachedAccount()));
}

function start(body: object): Promise<Job> {
  return created(server, '/billjobs', body) as Promise<Job>;
}

test('a job goes through its states and names its bills', async () => {
  const accounts = await attachedAccounts(3);
  const job = await start({ ...MAY, accountIds: accounts.map(({ id }) => id) });
  expect(job).toMatchObject({
    status: 'PENDING',
    type: 'CREATE',
    total: 0,
    pending: 0,
    billIds: [],
    version: 1,
  });
  expect(job).toMatchObject({ timezone: 'UTC', accountIds: accounts.map(({ id }) => id) });
  const done = await finished(server, job);
  // PENDING, INITIALIZING, RUNNING, COMPLETE: each is a version.
  expect(done).toMatchObject({ status: 'COMPLETE', total: 3, pending: 0, version: 4 });
  const bills = await Promise.all(accounts.map((acme) => theBillOf(server, acme)));
  expect([...done.billIds].sort()).toEqual(bills.map((bill) => bill.id).sort());
});

test.each([1, 2, 3])('two jobs at the same time bill each account once (%i)', async () => {
  const accounts = await attachedAccounts(5);
  const accountIds = accounts.map(({ id }) => id);
  const jobs = await Promise.all([start({ ...MAY, accountIds }), start({ ...MAY, accountIds })]);
  const done = await Promise.all(jobs.map((job) => finished(server, job)));
  const bills = await Promise.all(accounts.map((acme) => theBillOf(server, acme)));
  // Either job has written every bill: one made it, the other calculated it again.
  expect(bills.map((bill) => bill.version)).toEqual([2, 2, 2, 2, 2]);
  for (const job of done) expect([...job.billIds].sort()).toEqual(bills.map((bill) => bill.id).sort());
});

test('a job with more accounts than are written at a time bills new ones and the others again', async () => {
  const idsOf = (made: readonly { readonly id: string }[]) => made.map(({ id }) => id).sort();
  const old = await attachedAccounts(90);
  const first = await finished(server, await start({ ...MAY, accountIds: idsOf(old) }));
  const accounts = [...old, ...(await attachedAccounts(10))];
  const second = await finished(server, await start({ ...MAY, accountIds: idsOf(accounts) }));
  const bills = await Promise.all(accounts.map((acme) => theBillOf(server, acme)));
  expect([...first.billIds].sort()).toEqual(idsOf(bills.slice(0, 90)));
  expect([...second.billIds].sort()).toEqual(idsOf(bills));
  const versions = bills.map((bill) => bill.version);
  expect(versions).toEqual([...Array.from({ length: 90 }, () => 2), ...Array.from({ length: 10 }, () => 1)]);
  const verified = await Promise.all(idsOf(bills).map((id) => created(server, `/bills/${id}/verify`, {})));
  expect(new Set(verified.map(({ result }) => result))).toEqual(new Set(['identical']));
});

test('two runs that come to the end of a job with bills that name it end in turn', async () => {
  const job = await runJob(server, { ...MAY, accountIds: [(await attachedAccount()).id] });
  const key = { orgId: server.orgId, id: job.id };
  const { db } = server.context;
  const [first, second] = [await db.startTransaction().execute(), await db.startTransaction().execute()];
  for (const tx of [first, second]) {
    // As the row of a bill of the job does.
    await sql`select from bill_job where org_id = ${key.orgId} and id = ${key.id} for key share`.execute(tx);
  }
  await lockBillJob(first, key);
  const later = lockBillJob(second, key);
  await first.commit().execute();
  expect(await later).toMatchObject({ status: 'COMPLETE' });
  await second.commit().execute();
});

test('an account that cannot be billed does not stop the others, and an alert says why', async () => {
  const { plan: foreign } = await pricedUsage(server, { template: { currency: 'XTS', standingCharge: 10 } });
  const good = await attachedAccount();
  const bad = await attachedAccount(foreign);
  const job = await runJob(server, { ...MAY, accountIds: [bad.id, good.id] });
  expect(job).toMatchObject({ status: 'COMPLETE', total: 2, pending: 0 });
  expect(await theBillOf(server, good)).toMatchObject({ billTotal: 10 });
  expect(await billsOf(server, bad)).toEqual([]);
  const alert = await errorAlertOf(bad);
  expect(alert).toContain(String(bad['code']));
  expect(alert).toContain('2024-06-01');
  expect(alert).toContain('XTS → USD');
});

async function errorAlertOf(acme: Made): Promise<string> {
  const { rows } = await sql<{ description: string }>`
    select m3ter_event #>> '{eventData,newDto,description}' as description from event
    where org_id = ${server.orgId} and event_name = 'configuration.alert.created'
      and m3ter_event #>> '{eventData,newDto,severity}' = 'ERROR'
      and m3ter_event #>> '{eventData,newDto,entityId}' = ${acme.id}`.execute(server.context.db);
  expect(rows).toHaveLength(1);
  return rows[0]?.description ?? '';
}

test('a bill that cannot be calculated any more stays as it was', async () => {
  const { plan: own } = await pricedUsage(server, { template: { standingCharge: 10 } });
  const acme = await attachedAccount(own);
  await runJob(server, { ...MAY, accountIds: [acme.id] });
  const before = await theBillOf(server, acme);
  const path = `/plantemplates/${String(own['planTemplateId'])}`;
  const { body: template } = await server.request('GET', path);
  const put = await server.request('PUT', path, { ...(template as object), currency: 'XTS' });
  expect(put).toMatchObject({ status: 200 });
  await runJob(server, { ...MAY, accountIds: [acme.id] });
  expect(await theBillOf(server, acme)).toEqual(before);
});

test('invoice numbers count up from the start and survive a recalculation', async () => {
  const { body } = await server.request('GET', '/organizationconfig');
  const config = { ...(body as object), billPrefix: 'AC-', sequenceStartNumber: 500 };
  expect(await server.request('PUT', '/organizationconfig', config)).toMatchObject({ status: 200 });
  const [one, other] = [await attachedAccount(), await attachedAccount()];
  await runJob(server, { ...MAY, accountIds: [one.id] });
  const first = await theBillOf(server, one);
  await server.request('DELETE', `/bills/${first.id}`);
  await runJob(server, { ...MAY, accountIds: [other.id] });
  await runJob(server, { ...MAY, accountIds: [other.id, one.id] });
  expect(first).toMatchObject({ sequentialInvoiceNumber: 'AC-501' });
  expect(await theBillOf(server, other)).toMatchObject({ sequentialInvoiceNumber: 'AC-502', version: 2 });
  expect(await theBillOf(server, one)).toMatchObject({ sequentialInvoiceNumber: 'AC-503', version: 1 });
});

test('ids that name nothing are refused', async () => {
  const unknown = '00000000-0000-4000-8000-000000000000';
  const refused = { status: 400, body: { code: 'REFERENCE_NOT_FOUND' } };
  expect(await server.request('POST', '/billjobs', { accountIds: [unknown] })).toMatchObject(refused);
  const recalculation = await server.request('POST', '/billjobs/recalculate', { billIds: [unknown] });
  expect(recalculation).toMatchObject(refused);
});

test('a job that has ended cannot be cancelled', async () => {
  const acme = await attachedAccount();
  const job = await runJob(server, { ...MAY, accountIds: [acme.id] });
  const answer = await server.request('POST', `/billjobs/${job.id}/cancel`);
  expect(answer).toMatchObject({ status: 400, body: { code: 'ILLEGAL_STATE' } });
});
