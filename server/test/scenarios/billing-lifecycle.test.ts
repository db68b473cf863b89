import { afterAll, beforeAll, expect, test } from 'vitest';
import { attach, type Bill, billsOf, pricedUsage, runJob, theBillOf, use } from '../support/billing.ts';
import { account, created, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
let meter: Made;
let plan: Made;
beforeAll(async () => {
  server = await startTestServer();
  ({ meter, plan } = await pricedUsage(server, { template: { standingCharge: 10 } }));
});
afterAll(() => server.close());

const MAY = { lastDateInBillingPeriod: '2024-05-31', billingFrequency: 'MONTHLY' };

/** A new account with a bill of 10 for May. */
async function billed(): Promise<{ acme: Made; bill: Bill; accountPlan: Made }> {
  const acme = await account(server);
  const accountPlan = await attach(server, acme, plan);
  await runJob(server, { ...MAY, accountIds: [acme.id] });
  return { acme, bill: await theBillOf(server, acme), accountPlan };
}

function setStatus(bill: Made, status: string) {
  return server.request('PUT', `/bills/${bill.id}/status`, { status });
}

function lock(bill: Made) {
  return server.request('PUT', `/bills/${bill.id}/lock`);
}

async function approvedAndLocked() {
  const made = await billed();
  await setStatus(made.bill, 'APPROVED');
  expect(await lock(made.bill)).toMatchObject({ status: 200, body: { locked: true } });
  return made;
}

test('a PENDING bill cannot be locked', async () => {
  const { bill } = await billed();
  expect(await lock(bill)).toMatchObject({ status: 400, body: { code: 'ILLEGAL_STATE' } });
  expect((await server.request('GET', `/bills/${bill.id}`)).body).toEqual(bill);
});

test('an approval says who and when, and can be taken back', async () => {
  const { bill } = await billed();
  const { body } = await setStatus(bill, 'APPROVED');
  expect(body).toMatchObject({ status: 'APPROVED', version: 2, approvedBy: expect.any(String) });
  expect(body).toHaveProperty('dtApproved');
  const same = await setStatus(bill, 'APPROVED');
  expect(same.body, 'the same status again').toEqual(body);
  const back = await setStatus(bill, 'PENDING');
  expect(back.body).toMatchObject({ status: 'PENDING', version: 3 });
  expect(back.body).not.toHaveProperty('dtApproved');
});

test('calculating an approved bill again makes it PENDING, also when nothing has changed', async () => {
  const { acme, bill } = await billed();
  await setStatus(bill, 'APPROVED');
  await runJob(server, { billIds: [bill.id] }, '/billjobs/recalculate');
  const again = await theBillOf(server, acme);
  expect(again).toMatchObject({ id: bill.id, status: 'PENDING', version: 3, billTotal: 10 });
  expect(again).not.toHaveProperty('approvedBy');
});

test('nothing changes a locked bill', async () => {
  const { acme, bill, accountPlan } = await approvedAndLocked();
  const { body: locked } = await server.request('GET', `/bills/${bill.id}`);
  await use(server, { account: acme, meter, ts: '2024-05-10T00:00:00Z', qty: 5 });
  await runJob(server, { ...MAY, accountIds: [acme.id] });
  await runJob(server, { billIds: [bill.id] }, '/billjobs/recalculate');
  const refused = { status: 400, body: { code: 'BILL_LOCKED' } };
  expect(await server.request('DELETE', `/bills/${bill.id}`)).toMatchObject(refused);
  expect(await setStatus(bill, 'PENDING')).toMatchObject(refused);
  expect(await lock(bill)).toEqual({ status: 200, body: locked, headers: expect.anything() });
  const path = `/accountplans/${accountPlan.id}`;
  expect(await server.request('DELETE', path)).toMatchObject({
    status: 400,
    body: { code: 'ENTITY_IN_USE' },
  });
  expect((await server.request('GET', `/bills/${bill.id}`)).body).toEqual(locked);
});

test.each(['plan', 'group'])(
  'a %s of the parent stays while a locked child’s bill shows it',
  async (kind) => {
    const parent = await account(server);
    const child = await account(server, { parentAccountId: parent.id });
    const group = await created(server, '/plangroups', { name: 'Bundle', currency: 'USD' });
    await created(server, '/plangrouplinks', { planGroupId: group.id, planId: plan.id });
    const { id } = await created(server, '/accountplans', {
      accountId: parent.id,
      startDate: '2024-01-01T00:00:00Z',
      childBillingMode: 'CHILD',
      ...(kind === 'plan' ? { planId: plan.id } : { planGroupId: group.id }),
    });
    await use(server, { account: child, meter, ts: '2024-05-10T00:00:00Z', qty: 5 });
    await runJob(server, { ...MAY, accountIds: [parent.id] });
    const bill = await theBillOf(server, child);
    await setStatus(bill, 'APPROVED');
    await lock(bill);
    expect(await server.request('DELETE', `/accountplans/${id}`)).toMatchObject({
      status: 400,
      body: { code: 'ENTITY_IN_USE' },
    });
  },
);

test('a deleted bill is made anew by the next job, and its plan can go with it', async () => {
  const { acme, bill, accountPlan } = await billed();
  expect(await server.request('DELETE', `/bills/${bill.id}`)).toMatchObject({
    status: 200,
    body: { id: bill.id },
  });
  expect(await server.request('GET', `/bills/${bill.id}`)).toMatchObject({ status: 404 });
  await runJob(server, { ...MAY, accountIds: [acme.id] });
  expect((await theBillOf(server, acme)).id).not.toBe(bill.id);
  expect(await server.request('DELETE', `/accountplans/${accountPlan.id}`)).toMatchObject({ status: 200 });
});

test('approving many counts those that were still to approve', async () => {
  const [one, other] = [await billed(), await billed()];
  await setStatus(other.bill, 'APPROVED');
  const unknown = '00000000-0000-4000-8000-000000000000';
  const billIds = [one.bill.id, other.bill.id, unknown];
  const { body } = await server.request('POST', '/bills/approve', { billIds });
  expect(body).toEqual({ message: 'Approved 1 of 3 Bills' });
  expect(await theBillOf(server, one.acme)).toMatchObject({ status: 'APPROVED', version: 2 });
});

test('bills can be approved by account and by billing period', async () => {
  const [one, other] = [await billed(), await billed()];
  const byAccount = await server.request('POST', `/bills/approve?accountIds=${one.acme.id}`, {});
  expect(byAccount.body).toEqual({ message: 'Approved 1 of 1 Bills' });
  expect(await theBillOf(server, other.acme)).toMatchObject({ status: 'PENDING' });
  await server.request('POST', '/bills/billingperiod/2024-05-31/monthly/approve');
  expect(await theBillOf(server, other.acme)).toMatchObject({ status: 'APPROVED' });
});

test('the lock date locks what ends by then, and lets it go again', async () => {
  const elsewhere = await startTestServer();
  try {
    const { plan: monthly } = await pricedUsage(elsewhere, { template: { standingCharge: 10 } });
    const acme = await account(elsewhere);
    await attach(elsewhere, acme, monthly);
    await runJob(elsewhere, { ...MAY, accountIds: [acme.id] });
    await runJob(elsewhere, { ...MAY, lastDateInBillingPeriod: '2024-06-30', accountIds: [acme.id] });
    const putDate = (version: number, billLockDate: string | null) =>
      elsewhere.request('PUT', '/billconfig', { version, billLockDate });
    // The bill of May ends on 1 June.
    const refused = { status: 400, body: { code: 'ILLEGAL_STATE' } };
    expect(await putDate(1, '2024-06-01'), 'over a PENDING bill').toMatchObject(refused);
    await elsewhere.request('POST', `/bills/approve?accountIds=${acme.id}`, {});
    expect(await putDate(1, '2024-06-01')).toMatchObject({ status: 200, body: { version: 2 } });
    const locked = async () => (await billsOf(elsewhere, acme)).map((bill) => bill.locked);
    expect(await locked()).toEqual([true, false]);
    expect(await putDate(2, '2024-05-31')).toMatchObject({ status: 200 });
    expect(await locked()).toEqual([false, false]);

    // A bill that somebody locks meanwhile stays locked; a second time nothing is written.
    expect(await putDate(3, '2024-06-01')).toMatchObject({ status: 200 });
    const [may] = await billsOf(elsewhere, acme);
    const lockMay = () => elsewhere.request('PUT', `/bills/${may?.id}/lock`);
    const own = { locked: true, dtLocked: expect.anything(), lockedBy: expect.anything() };
    expect(may).not.toHaveProperty('dtLocked');
    const first = await lockMay();
    expect(first).toMatchObject({ status: 200, body: { ...own, version: (may?.version ?? 0) + 1 } });
    expect(await lockMay()).toMatchObject({ status: 200, body: first.body as object });
    expect(await putDate(4, null)).toMatchObject({ status: 200 });
    expect(await locked()).toEqual([true, false]);
  } finally {
    await elsewhere.close();
  }
});

test('every write of a bill is one event', async () => {
  const { bill } = await billed();
  await setStatus(bill, 'APPROVED');
  await server.request('DELETE', `/bills/${bill.id}`);
  const { body } = await server.request('GET', `/events?resourceId=${bill.id}`);
  const names = (body as { data: { eventName: string }[] }).data.map((event) => event.eventName);
  expect(names).toEqual(['billing.bill.deleted', 'billing.bill.updated', 'billing.bill.created']);
});
