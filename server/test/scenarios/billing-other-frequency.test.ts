import { afterAll, beforeAll, expect, test } from 'vitest';
import { attach, billsOf, pricedUsage, runJob, use } from '../support/billing.ts';
import { account, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

async function changed(path: string, fields: object): Promise<void> {
  const { body } = await server.request('GET', path);
  expect(await server.request('PUT', path, { ...(body as object), ...fields })).toMatchObject({
    status: 200,
  });
}

/** A plan that was billed for 2024 on 1 January of it and is a monthly one since. */
async function planOfOneYear(annual: object, monthly: object) {
  await changed('/organizationconfig', { consolidateBills: true });
  const { plan, meter } = await pricedUsage(server, { template: { ...annual, billFrequency: 'ANNUALLY' } });
  const acme = await account(server);
  await attach(server, acme, plan);
  await runJob(server, { lastDateInBillingPeriod: '2023-12-31', accountIds: [acme.id] });
  const { body } = await server.request('GET', `/plans/${plan.id}`);
  const { planTemplateId } = body as Made & { readonly planTemplateId: string };
  await changed(`/plantemplates/${planTemplateId}`, { ...monthly, billFrequency: 'MONTHLY' });
  return { acme, meter };
}

async function totals(acme: Made): Promise<readonly string[]> {
  const bills = await billsOf(server, acme);
  return bills.map(({ billDate, billTotal }) => `${billDate} ${billTotal}`).toSorted();
}

test('what a year in advance has charged is left out of the monthly bills of all that year', async () => {
  const annual = { standingCharge: 1200, standingChargeBillInAdvance: true };
  const { acme } = await planOfOneYear(annual, { standingCharge: 100 });
  for (const last of ['2024-01-31', '2024-02-29', '2024-03-31', '2024-04-30', '2024-10-31', '2024-11-30']) {
    await runJob(server, { lastDateInBillingPeriod: last, accountIds: [acme.id] });
  }
  // The bill of 1 December opens December, the last month of the year paid for; January is opened next.
  await runJob(server, { lastDateInBillingPeriod: '2024-12-31', accountIds: [acme.id] });
  expect(await totals(acme)).toEqual([
    '2024-01-01 1200',
    '2024-02-01 0',
    '2024-03-01 0',
    '2024-04-01 0',
    '2024-05-01 0',
    '2024-11-01 0',
    '2024-12-01 0',
    '2025-01-01 100',
  ]);
});

test('a minimum of a year in advance is given back once by the monthly bills of that year', async () => {
  const annual = { minimumSpend: 1200, minimumSpendBillInAdvance: true };
  const { acme, meter } = await planOfOneYear(annual, { minimumSpend: 100 });
  for (const [month, last] of ['31', '29', '31', '30', '31', '30'].entries()) {
    const date = `2024-0${month + 1}`;
    await use(server, { account: acme, meter, ts: `${date}-10T00:00:00Z`, qty: 300 });
    await runJob(server, { lastDateInBillingPeriod: `${date}-${last}`, accountIds: [acme.id] });
  }
  // 300 a month: four months spend the 1200.
  expect(await totals(acme)).toEqual([
    '2024-01-01 1200',
    '2024-02-01 0',
    '2024-03-01 0',
    '2024-04-01 0',
    '2024-05-01 0',
    '2024-06-01 300',
    '2024-07-01 300',
  ]);
});
