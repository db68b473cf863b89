import { afterAll, beforeAll, expect, test } from 'vitest';
import { aggregateUsage } from '../../src/areas/usage/index.ts';
import type { AggregationDefinition, UsageQuery } from '../../src/engine/metering/usage-query.ts';
import { Temporal } from '../../src/kernel/time.ts';
import { pricedUsage, runJob, theBillOf, use } from '../support/billing.ts';
import { account, created, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await server.moveTo('2024-07-02T00:00:00Z');
});
afterAll(() => server.close());

function at(text: string) {
  return Temporal.Instant.from(text);
}

test('many windows of many pools are answered by one query, as if each were asked alone', async () => {
  const { meter } = await pricedUsage(server);
  const accounts = [await account(server), await account(server), await account(server)];
  const ids = accounts.map((row) => row.id);
  for (const [i, acme] of accounts.entries()) {
    for (const month of [1, 2, 3, 5]) {
      const usage = { account: acme as Made, meter, ts: `2024-0${month}-01T00:00:00Z` };
      await use(server, { ...usage, qty: month * (i + 1) });
    }
  }
  const aggregation: AggregationDefinition = {
    ...{ id: 'a', meterId: meter.id, targetField: 'qty', numericTarget: true, method: 'SUM' as const },
    ...{ segmentedFields: [], segments: [], customSql: null },
  };
  const pools = [[ids[0], ids[1]], [ids[2]], [ids[0]]] as string[][];
  // April is asked about too and has nothing; March to May of the last pool is one long window.
  const windows = [1, 2, 3, 4].map((month) => [
    `2024-0${month}-01T00:00:00Z`,
    `2024-0${month + 1}-01T00:00:00Z`,
  ]);
  const queries = pools.flatMap((accountIds, pool) =>
    windows.map(([start = '', end = '']): UsageQuery => {
      const key = `${pool} ${start.slice(0, 7)}`;
      return { key, aggregation, accountIds, start: at(start), end: at(end), filters: [] };
    }),
  );
  const asked: string[] = [];
  const { clickhouse } = server.context;
  const counting = { ...server.context, clickhouse: Object.create(clickhouse) };
  counting.clickhouse.query = (params: { query: string }) => {
    asked.push(params.query);
    return clickhouse.query(params as never);
  };
  const answers = await aggregateUsage(counting, server.orgId, queries);
  const values = Object.fromEntries(
    [...answers].map(([key, [entry]]) => [key, entry?.value?.toString() ?? null]),
  );
  // first and second account 1 + 2, 2 + 4, 3 + 6; the third three times the month; the first alone
  expect(values).toEqual({
    ...{ '0 2024-01': '3', '0 2024-02': '6', '0 2024-03': '9', '0 2024-04': null },
    ...{ '1 2024-01': '3', '1 2024-02': '6', '1 2024-03': '9', '1 2024-04': null },
    ...{ '2 2024-01': '1', '2 2024-02': '2', '2 2024-03': '3', '2 2024-04': null },
  });
  // The first account is in two pools, so these are two queries, not twelve.
  expect(asked).toHaveLength(2);
});

test('tiers that span the plan go on from all earlier months', async () => {
  const { meter, plan } = await pricedUsage(server, { bands: [[0, 0, 9]] });
  const { body } = await server.request('GET', `/pricings?planId=${plan.id}`);
  const [pricing] = (body as { data: Made[] }).data;
  const bands = [
    { lowerLimit: 0, fixedPrice: 0, unitPrice: 1 },
    { lowerLimit: 100, fixedPrice: 0, unitPrice: 0.5 },
  ];
  const change = { ...pricing, tiersSpanPlan: true, pricingBands: bands };
  expect(await server.request('PUT', `/pricings/${pricing?.id}`, change)).toMatchObject({ status: 200 });
  const acme = await account(server);
  const terms = { accountId: acme.id, planId: plan.id, startDate: '2024-01-01T00:00:00Z' };
  await created(server, '/accountplans', terms);
  for (const month of [1, 2, 3, 4, 5, 6]) {
    await use(server, { account: acme, meter, ts: `2024-0${month}-10T00:00:00Z`, qty: 30 });
  }
  await runJob(server, { lastDateInBillingPeriod: '2024-04-30', accountIds: [acme.id] });
  // 90 before: 10 at 1.00 and 20 at 0.50
  expect((await theBillOf(server, acme)).billTotal).toBe(20);
});
