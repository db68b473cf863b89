import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runBillJob } from '../../src/areas/billing/index.ts';
import type { Context } from '../../src/context.ts';
import {
  attach,
  billsOf,
  finished,
  type Job,
  pricedUsage,
  runJob,
  theBillOf,
  use,
} from '../support/billing.ts';
import { account, created, freshCode, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await server.moveTo('2024-06-02T00:00:00Z');
});
afterAll(() => server.close());

const MAY = { lastDateInBillingPeriod: '2024-05-31' };

async function alertsOf(acme: Made): Promise<readonly string[]> {
  const { rows } = await sql<{ description: string }>`
    select m3ter_event #>> '{eventData,newDto,description}' as description from event
    where org_id = ${server.orgId} and event_name = 'configuration.alert.created'
      and m3ter_event #>> '{eventData,newDto,severity}' = 'ERROR'
      and m3ter_event #>> '{eventData,newDto,entityId}' = ${acme.id}`.execute(server.context.db);
  return rows.map((row) => row.description);
}

/** A account with 7 calls in May, and one with 3 whose bill cannot be stored or calculated. */
async function good() {
  const { meter, plan } = await pricedUsage(server);
  const acme = await account(server);
  await attach(server, acme, plan);
  await use(server, { account: acme, meter, ts: '2024-05-10T00:00:00Z', qty: 7 });
  return acme;
}

test('a currency that must not be rounded fails the bill that would be, with its amount', async () => {
  const code = 'XQZ';
  const currency = { name: code, code, maxDecimalPlaces: 0, roundingMode: 'UNNECESSARY' };
  await created(server, '/picklists/currency', currency);
  const { meter, plan } = await pricedUsage(server, {
    bands: [[0, 0, 0.5]],
    template: { currency: code },
  });
  const bad = await account(server, { currency: code });
  await attach(server, bad, plan);
  await use(server, { account: bad, meter, ts: '2024-05-10T00:00:00Z', qty: 4 });
  const fine = await good();
  const stamped = { ...MAY, billDate: '2024-06-05' };
  await runJob(server, { ...stamped, accountIds: [bad.id, fine.id] });
  // 4 × 0.5 = 2 needs no rounding
  const before = await theBillOf(server, bad);
  expect(before.billTotal).toBe(2);
  await use(server, { account: bad, meter, ts: '2024-05-11T00:00:00Z', qty: 1 });
  const job = await runJob(server, { ...MAY, accountIds: [bad.id, fine.id] });
  expect(job).toMatchObject({ status: 'COMPLETE', pending: 0 });
  expect(await theBillOf(server, bad)).toEqual(before);
  expect((await theBillOf(server, fine)).billTotal).toBe(7);
  const [alert] = await alertsOf(bad);
  expect(alert).toContain(String(bad['code']));
  expect(alert).toContain('2024-06-01');
  expect(alert).toContain('2.5');

  await runJob(server, { billIds: [before.id] }, '/billjobs/recalculate');
  await runJob(server, { ...MAY, billDate: '2024-06-10', accountIds: [bad.id] });
  // As a job would date it, as one has dated it, as another would.
  const dates = (await alertsOf(bad)).map((text) => /dated (\S+) /.exec(text)?.[1]);
  expect(dates.sort()).toEqual(['2024-06-01', '2024-06-05', '2024-06-10']);
  const wanted = { ...stamped, accountIds: [bad.id], billingFrequency: 'MONTHLY', billFrequencyInterval: 1 };
  expect(await server.request('POST', '/bills/preview', wanted)).toMatchObject({
    status: 400,
    body: { code: 'ILLEGAL_STATE', message: expect.stringContaining('dated 2024-06-05 ') },
  });
});

test('a calculation that gets out of all bounds fails its account only', async () => {
  const { meter, plan } = await pricedUsage(server);
  const { body } = await server.request('GET', `/pricings?planId=${plan.id}`);
  const [pricing] = (body as { data: Made[] }).data;
  const aggregation = (await server.request('GET', `/aggregations/${String(pricing?.['aggregationId'])}`))
    .body;
  const sum = aggregation as Made;
  const code = freshCode('sum');
  const renamed = await server.request('PUT', `/aggregations/${sum.id}`, { ...sum, code });
  expect(renamed).toMatchObject({ status: 200 });
  const compound = await created(server, '/compoundaggregations', {
    ...{ name: 'Huge', quantityPerUnit: 1, rounding: 'NONE', unit: 'u' },
    calculation: `aggregation.${code} ^ 60`,
  });
  await created(server, '/pricings', {
    ...{ planId: plan.id, compoundAggregationId: compound.id, startDate: '2020-01-01T00:00:00Z' },
    cumulative: true,
    pricingBands: [{ lowerLimit: 0, fixedPrice: 0, unitPrice: 1 }],
  });
  const bad = await account(server);
  await attach(server, bad, plan);
  await use(server, { account: bad, meter, ts: '2024-05-10T00:00:00Z', qty: 10 });
  const fine = await good();
  const job = await runJob(server, { ...MAY, accountIds: [bad.id, fine.id] });
  expect(job).toMatchObject({ status: 'COMPLETE', pending: 0 });
  expect((await theBillOf(server, fine)).billTotal).toBe(7);
  expect(await billsOf(server, bad)).toEqual([]);
  expect((await alertsOf(bad))[0]).toContain('compound aggregation "Huge" cannot be calculated');
});

test('a custom query that gives no number fails its account only', async () => {
  const { meter, plan } = await pricedUsage(server);
  const metric = await created(server, '/aggregations', {
    ...{ name: 'Text', meterId: meter.id, targetField: 'qty', aggregation: 'CUSTOM_SQL' },
    ...{ customSql: "select 'many' from measurements", quantityPerUnit: 1, rounding: 'NONE', unit: 'u' },
  });
  await created(server, '/pricings', {
    ...{ planId: plan.id, aggregationId: metric.id, startDate: '2020-01-01T00:00:00Z', cumulative: true },
    pricingBands: [{ lowerLimit: 0, fixedPrice: 0, unitPrice: 1 }],
  });
  const bad = await account(server);
  await attach(server, bad, plan);
  await use(server, { account: bad, meter, ts: '2024-05-10T00:00:00Z', qty: 10 });
  const fine = await good();
  await runJob(server, { ...MAY, accountIds: [bad.id, fine.id] });
  expect((await theBillOf(server, fine)).billTotal).toBe(7);
  expect(await billsOf(server, bad)).toEqual([]);
  const [alert] = await alertsOf(bad);
  expect(alert).toContain('aggregation "Text" cannot be calculated: the result is of type String');
});

test('a figure that a store refuses fails its account only, and the job comes to its end', async () => {
  const [bad, fine] = [await good(), await good()];
  await runJob(server, { ...MAY, accountIds: [bad.id, fine.id] });
  const before = await theBillOf(server, bad);
  const job = (await created(server, '/billjobs', { ...MAY, accountIds: [bad.id, fine.id] })) as Job;
  await finished(server, job);
  const next = await waitingJob([bad.id, fine.id]);
  const query = (params: { readonly query: string }) => {
    if (!params.query.includes(bad.id)) return server.context.clickhouse.query(params as never);
    throw Object.assign(new Error('Decimal math overflow'), { code: '407' });
  };
  const breaking = { ...server.context, clickhouse: { query } as unknown as Context['clickhouse'] };
  await runBillJob.run(breaking, { orgId: server.orgId, billJobId: next });
  const { body } = await server.request('GET', `/billjobs/${next}`);
  expect(body).toMatchObject({ status: 'COMPLETE', pending: 0 });
  expect((await theBillOf(server, bad)).version).toBe(before.version + 1);
  expect((await theBillOf(server, fine)).version).toBe(3);
  expect(await alertsOf(bad)).toEqual([
    `Bills of account ${bad['code']} could not be calculated: ` +
      'a figure is out of the range that can be stored',
  ]);
  expect(await alertsOf(fine)).toEqual([]);
});

/** A job that no worker knows of, for the test to run. */
async function waitingJob(accountIds: readonly string[]): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    insert into bill_job select (jsonb_populate_record(j, jsonb_build_object('id', gen_random_uuid(),
      'status', 'PENDING', 'account_ids', ${JSON.stringify(accountIds)}::jsonb))).*
    from bill_job j where org_id = ${server.orgId} limit 1 returning id`.execute(server.context.db);
  return rows[0]?.id ?? '';
}

test('a child whose bill has no rate leaves the bill and the charges of its parent alone', async () => {
  await created(server, '/picklists/currency', { name: 'XQP', code: 'XQP' });
  const { plan } = await pricedUsage(server, { template: { standingCharge: 10 } });
  const parent = await account(server);
  const child = await account(server, { parentAccountId: parent.id, currency: 'XQP' });
  const startDate = '2024-01-01T00:00:00Z';
  await created(server, '/accountplans', { accountId: parent.id, planId: plan.id, startDate });
  await created(server, '/accountplans', {
    ...{ accountId: child.id, planId: plan.id, startDate },
    childBillingMode: 'CHILD',
  });
  const charge = await created(server, '/charges', {
    ...{ accountId: parent.id, name: 'Setup', code: freshCode('charge'), currency: 'USD', amount: 5 },
    ...{ entityType: 'AD_HOC', lineItemType: 'AD_HOC', billDate: '2024-06-01' },
    ...{ servicePeriodStartDate: '2024-05-01T00:00:00Z', servicePeriodEndDate: '2024-06-01T00:00:00Z' },
  });
  await runJob(server, { ...MAY, accountIds: [parent.id] });
  expect((await theBillOf(server, parent)).billTotal).toBe(15);
  expect(await billsOf(server, child)).toEqual([]);
  const cause = expect.stringContaining('no conversion rate USD → XQP for STANDING_CHARGE');
  expect([await alertsOf(parent), await alertsOf(child)]).toEqual([[], [cause]]);
  const changed = await server.request('PUT', `/charges/${charge.id}`, { ...charge, amount: 7 });
  expect(changed).toMatchObject({ status: 200 });
  expect((await theBillOf(server, parent)).billTotal).toBe(17);
});
