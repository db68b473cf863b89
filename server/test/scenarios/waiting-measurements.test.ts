import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bill, billsOf, eventually, pricedUsage, scheduledRun, use } from '../support/billing.ts';
import { account, created, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import { emptied, submit, waiting } from '../support/usage.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** Runs `work` while the pump can take measurements from the inbox but store none. */
async function whileNothingIsStored(work: () => Promise<void>): Promise<void> {
  await server.context.db.transaction().execute(async (tx) => {
    await sql`lock table measurement_uid in access exclusive mode`.execute(tx);
    await work();
  });
  await emptied(server);
}

async function mayBill(acme: Made): Promise<Bill> {
  const bills = await billsOf(server, acme);
  return bills.find((bill) => bill.billDate === '2024-06-01') as Bill;
}

/** How many measurements of the usage line came in time, and how many late. */
async function sources(bill: Bill): Promise<readonly number[]> {
  const line = bill.lineItems.find(({ lineItemType }) => lineItemType === 'USAGE');
  const { body } = await server.request('GET', `/bills/${bill.id}/lineitems/${line?.id}/explain`);
  const { counted, late } = body as Record<'counted' | 'late', { readonly data: readonly object[] }>;
  return [counted.data.length, late.data.length];
}

test('what waited in the inbox while an approved bill was calculated is new to it', async () => {
  await server.moveTo('2024-05-31T12:00:00Z');
  const config = (await server.request('GET', '/organizationconfig')).body as Made;
  await server.request('PUT', '/organizationconfig', {
    ...{ ...config, scheduledBillInterval: 12 },
    ...{ autoApproveBillsGracePeriod: 1, autoApproveBillsGracePeriodUnit: 'MINUTES' },
  });
  const { meter, plan } = await pricedUsage(server, { template: { standingCharge: 31 } });
  const acme = await account(server);
  const terms = { accountId: acme.id, planId: plan.id, startDate: '2024-05-01T00:00:00Z' };
  await created(server, '/accountplans', terms);
  await use(server, { account: acme, meter, ts: '2024-05-05T00:00:00Z', qty: 5 });

  await whileNothingIsStored(async () => {
    await server.moveTo('2024-05-31T23:59:58Z');
    const sent = { uid: 'calls', meter: meter['code'], account: acme['code'], measure: { qty: 100 } };
    await submit(server, [{ ...sent, ts: '2024-05-31T20:00:00Z' }]);
    await eventually('the pump to take it', async () => {
      const { rows } = await sql`select from measurement_batch where insert_id is not null`.execute(
        server.context.db,
      );
      return rows.length > 0 ? true : null;
    });
    await scheduledRun(server, '2024-06-01T00:00:00Z');
    expect(await waiting(server)).toBe(1);
  });
  // 5 calls and the standing charge
  const before = await mayBill(acme);
  expect(before).toMatchObject({ billTotal: 36, status: 'PENDING' });
  expect(await sources(before)).toEqual([1, 1]);
  const verified = await server.request('POST', `/bills/${before.id}/verify`);
  expect(verified.body).toMatchObject({ result: 'identical', measurements: 'CHANGED' });
  await server.moveTo('2024-06-01T00:02:00Z');
  await server.request('PUT', `/bills/${before.id}/status`, { status: 'APPROVED' });

  await scheduledRun(server, '2024-06-01T12:00:00Z');
  const after = await mayBill(acme);
  expect(after).toMatchObject({ billTotal: 136, status: 'PENDING' });
  expect(await sources(after)).toEqual([2, 0]);

  // Nothing has come since, which is told by the time of the calculation where that is all that was kept.
  await sql`update bill_manifest set measured_before = null where bill_id = ${after.id}`.execute(
    server.context.db,
  );
  await server.request('PUT', `/bills/${after.id}/status`, { status: 'APPROVED' });
  await scheduledRun(server, '2024-06-02T00:00:00Z');
  expect(await mayBill(acme)).toMatchObject({
    billTotal: 136,
    status: 'APPROVED',
    version: after.version + 1,
  });
});
