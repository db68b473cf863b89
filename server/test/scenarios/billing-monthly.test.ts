import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  attach,
  type Bill,
  billsOf,
  billText,
  pricedUsage,
  runJob,
  theBillOf,
  use,
} from '../support/billing.ts';
import { account } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const MAY = { lastDateInBillingPeriod: '2024-05-31', billingFrequency: 'MONTHLY' };

/** 0.10 up to 100 calls, 0.05 above; 20 a month; at least 50 a month. */
async function tieredPlan() {
  return pricedUsage(server, {
    bands: [
      [0, 0, 0.1],
      [100, 0, 0.05],
    ],
    template: { standingCharge: 20, minimumSpend: 50, minimumSpendDescription: 'At least 50' },
  });
}

test('usage climbs the tiers, and what is missing to the minimum is added', async () => {
  const { meter, plan } = await tieredPlan();
  const acme = await account(server);
  await attach(server, acme, plan);
  await use(server, { account: acme, meter, ts: '2024-05-10T12:00:00Z', qty: 120 });
  await use(server, { account: acme, meter, ts: '2024-05-20T12:00:00Z', qty: 180 });
  await runJob(server, { ...MAY, accountIds: [acme.id] });
  // 300 calls = 100 × 0.10 + 200 × 0.05 = 20; the minimum of 50 counts usage only: 50 − 20 = 30.
  expect(billText(await theBillOf(server, acme))).toBe(
    [
      'USAGE 2024-05-01 → 2024-06-01 300 u 20.00',
      'STANDING_CHARGE 2024-05-01 → 2024-06-01 1 u 20.00',
      'MINIMUM_SPEND 2024-05-01 → 2024-06-01 1 u 30.00',
      'TOTAL 70.00',
    ].join('\n'),
  );
});

test('a measurement at the very end of the period is on the next bill', async () => {
  const { meter, plan } = await tieredPlan();
  const acme = await account(server);
  await attach(server, acme, plan);
  await use(server, { account: acme, meter, ts: '2024-05-31T23:59:59.999Z', qty: 10 });
  await use(server, { account: acme, meter, ts: '2024-06-01T00:00:00Z', qty: 7 });
  await runJob(server, { ...MAY, accountIds: [acme.id] });
  await runJob(server, { ...MAY, lastDateInBillingPeriod: '2024-06-30', accountIds: [acme.id] });
  const bills = await billsOf(server, acme);
  expect(bills.map((bill) => bill.lineItems[0]?.units)).toEqual([10, 7]);
});

/** What a further calculation must leave alone (spec 00 §7, invariant 20). */
function lasting({ version, lastCalculatedDate, billJobId, dtLastModified, ...bill }: Bill): object {
  return bill;
}

test('running a job again changes nothing but the version and who calculated last', async () => {
  const { meter, plan } = await tieredPlan();
  const acme = await account(server);
  await attach(server, acme, plan);
  await use(server, { account: acme, meter, ts: '2024-05-10T12:00:00Z', qty: 333 });
  await runJob(server, { ...MAY, accountIds: [acme.id] });
  const first = await theBillOf(server, acme);
  const again = await runJob(server, { ...MAY, accountIds: [acme.id] });
  const second = await theBillOf(server, acme);
  expect(lasting(second)).toEqual(lasting(first));
  expect(second).toMatchObject({ version: first.version + 1, billJobId: again.id });
  const lines = `/bills/${first.id}/lineitems`;
  const versions = (await server.request('GET', lines)).body as { data: { version: number }[] };
  expect(versions.data.map((line) => line.version)).toEqual([1, 1, 1]);
});

test('late usage is on the bill when it is calculated again, on the same lines', async () => {
  const { meter, plan } = await tieredPlan();
  const acme = await account(server);
  await attach(server, acme, plan);
  await use(server, { account: acme, meter, ts: '2024-05-10T12:00:00Z', qty: 100 });
  await runJob(server, { ...MAY, accountIds: [acme.id] });
  const before = await theBillOf(server, acme);
  await use(server, { account: acme, meter, ts: '2024-05-11T12:00:00Z', qty: 1000 });
  await runJob(server, { billIds: [before.id] }, '/billjobs/recalculate');
  // 1100 calls = 100 × 0.10 + 1000 × 0.05 = 60, which is more than the minimum: that line goes.
  const after = await theBillOf(server, acme);
  expect(billText(after)).toBe(
    [
      'USAGE 2024-05-01 → 2024-06-01 1100 u 60.00',
      'STANDING_CHARGE 2024-05-01 → 2024-06-01 1 u 20.00',
      'TOTAL 80.00',
    ].join('\n'),
  );
  expect(after.lineItems.map((line) => line.id)).toEqual(before.lineItems.slice(0, 2).map((line) => line.id));
});

test('a preview shows the bill and leaves no trace', async () => {
  const { meter, plan } = await tieredPlan();
  const acme = await account(server);
  await attach(server, acme, plan);
  await use(server, { account: acme, meter, ts: '2024-05-10T12:00:00Z', qty: 700 });
  const { body, status } = await server.request('POST', '/bills/preview', {
    ...MAY,
    billFrequencyInterval: 1,
    accountIds: [acme.id],
  });
  expect(status).toBe(200);
  // 100 × 0.10 + 600 × 0.05 = 40, 10 below the minimum; 20 standing charge.
  expect(body).toMatchObject({ accountId: acme.id, billTotal: 70, status: 'PENDING' });
  expect(await billsOf(server, acme)).toEqual([]);
});

test('a preview has the timezone that a job would write, with and without a bill', async () => {
  const path = '/organizationconfig';
  const config = (await server.request('GET', path)).body as Bill;
  const configured = await server.request('PUT', path, { ...config, timezone: 'GMT+1' });
  const { plan } = await tieredPlan();
  const acme = await account(server);
  await attach(server, acme, plan);
  const wanted = { ...MAY, accountIds: [acme.id] };
  const zones: unknown[] = [];
  const preview = async (fields: object) => {
    const sent = { ...wanted, billFrequencyInterval: 1, ...fields };
    zones.push(((await server.request('POST', '/bills/preview', sent)).body as Bill)['timezone']);
  };
  await preview({});
  await runJob(server, wanted);
  zones.push((await theBillOf(server, acme))['timezone']);
  await preview({});
  await preview({ timezone: 'UTC+2:00' });
  expect(zones).toEqual(['GMT+1', 'GMT+1', 'GMT+1', 'UTC+2:00']);
  await server.request('PUT', path, { ...config, version: (configured.body as Bill).version });
});
