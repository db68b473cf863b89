import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aggregateUsage } from '../../src/areas/usage/index.ts';
import type { AggregationMethod } from '../../src/engine/metering/usage-query.ts';
import { Temporal } from '../../src/kernel/time.ts';
import { type Bill, runJob, theBillOf } from '../support/billing.ts';
import { account, created, type Made } from '../support/configured.ts';
import { usageQuery } from '../support/questions.ts';
import { fetched, MAY, measure, priced, regionalUsage, stated } from '../support/statements.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

function at(text: string) {
  return Temporal.Instant.from(text);
}

describe('a question that leaves out a part of an account’s time', () => {
  const months = [1, 2, 3, 4].map((month) => ({
    start: `2024-0${month}-01T00:00:00Z`,
    end: `2024-0${month + 1}-01T00:00:00Z`,
  }));

  /** What is measured on the 5th, 15th and 25th of each month: 1, 10 and 100 times the account's factor. */
  async function threeAccounts() {
    const { meter } = await regionalUsage(server);
    const ids: string[] = [];
    for (const factor of [1, 2, 3]) {
      const made = await account(server);
      ids.push(made.id);
      const rows = [1, 2, 3, 4].flatMap((month) =>
        [5, 15, 25].map(
          (day, place) =>
            [`2024-0${month}-${String(day).padStart(2, '0')}T00:00:00Z`, 'eu', factor * 10 ** place] as const,
        ),
      );
      await measure(server, [meter, made], rows);
    }
    return { meter, ids };
  }

  function asked(meter: Made, accountIds: readonly string[], window: { start: string; end: string }) {
    const target = { meter, method: 'SUM' as AggregationMethod, target: 'qty' };
    return usageQuery({ ...target, ...window, accountIds, key: `${accountIds.join()} ${window.start}` });
  }

  async function answered(queries: Parameters<typeof aggregateUsage>[2]) {
    const texts: string[] = [];
    const { clickhouse } = server.context;
    const counting = { ...server.context, clickhouse: Object.create(clickhouse) };
    counting.clickhouse.query = (params: { query: string }) => {
      texts.push(params.query);
      return clickhouse.query(params as never);
    };
    const answers = await aggregateUsage(counting, server.orgId, queries);
    const values = queries.map(({ key }) => answers.get(key)?.[0]?.value?.toString() ?? null);
    return { values, queries: texts.length };
  }

  test('counts the rest, and all such questions of a window are one query', async () => {
    const { meter, ids } = await threeAccounts();
    const [a = '', b = '', c = ''] = ids;
    const window = months[0] ?? { start: '', end: '' };
    const from = (accountId: string, start: string, end: string) => ({
      ...{ accountId, start: at(`2024-01-${start}T00:00:00Z`), end: at(`2024-01-${end}T00:00:00Z`) },
    });
    const pool = { ...asked(meter, [a, b], window), absences: [from(b, '15', '25')] };
    const twice = {
      ...asked(meter, [c], window),
      absences: [from(c, '20', '31'), from(c, '05', '15')],
    };
    // 111 of a and 202 of b without the 15th; 30 of c without the 5th and the 25th
    expect(await answered([pool, twice])).toEqual({ values: ['313', '30'], queries: 1 });
    expect(await answered([{ ...pool, absences: [from(b, '01', '31')] }])).toMatchObject({ values: ['111'] });
  });

  test('is answered together with the other windows of the same accounts', async () => {
    const { meter, ids } = await threeAccounts();
    const queries = months.map((window) => {
      const absence = { accountId: ids[1] ?? '', start: at(window.start), end: at(window.start) };
      const end = absence.start.add({ hours: 240 });
      return { ...asked(meter, ids, window), absences: [{ ...absence, end }] };
    });
    // 666 of all three without the 2 of the 5th
    expect(await answered(queries)).toEqual({ values: ['664', '664', '664', '664'], queries: 1 });
  });
});

/**
 * A parent on a plan, with a child that has its own from 16 May on: 80 of the parent on the 5th and on the
 * 25th, 20 of the child on the 6th and 7 on the 26th.
 */
async function billedFamily(aggregation: object = {}) {
  await server.moveTo('2024-06-02T00:00:00Z');
  const { meter, metric, plan, productId } = await regionalUsage(server, aggregation);
  const { id: planTemplateId } = await created(server, '/plantemplates', {
    ...{ name: 'Own', currency: 'USD', standingCharge: 0, billFrequency: 'MONTHLY', productId },
  });
  const own = await created(server, '/plans', { planTemplateId, name: 'Own', code: `own-${planTemplateId}` });
  const tiers = [
    { lowerLimit: 0, fixedPrice: 10, unitPrice: 1 },
    { lowerLimit: 100, fixedPrice: 0, unitPrice: 0.5 },
  ];
  await priced(server, plan, { aggregationId: metric.id, pricingBands: tiers });
  await priced(server, own, { aggregationId: metric.id, unitPrice: 2 });
  const parent = await account(server);
  const child = await account(server, { parentAccountId: parent.id });
  await created(server, '/accountplans', {
    ...{ accountId: parent.id, planId: plan.id, startDate: '2024-01-01T00:00:00Z' },
    childBillingMode: 'PARENT_SUMMARY',
  });
  await created(server, '/accountplans', {
    ...{ accountId: child.id, planId: own.id, startDate: '2024-05-16T00:00:00Z', childBillingMode: 'CHILD' },
  });
  await measure(
    server,
    [meter, parent],
    [
      ['2024-05-05T00:00:00Z', 'eu', 80],
      ['2024-05-25T00:00:00Z', 'eu', 80],
    ],
  );
  await measure(
    server,
    [meter, child],
    [
      ['2024-05-06T00:00:00Z', 'eu', 20],
      ['2024-05-26T00:00:00Z', 'eu', 7],
    ],
  );
  await server.moveTo('2024-06-02T01:00:00Z');
  await runJob(server, { ...MAY, accountIds: [parent.id] });
  const bill = await theBillOf(server, parent);
  return { parent, child, bill, childBill: await theBillOf(server, child) };
}

async function explained(bill: Bill) {
  const [line] = bill.lineItems;
  const { body } = await server.request('GET', `/bills/${bill.id}/lineitems/${line?.id}/explain`);
  return body as { counted: { data: { ts: string }[] }; line: { queries: object[] } };
}

test('a child’s own plan takes its measurements out of the parent’s block and does not cut it', async () => {
  const { bill, childBill, child } = await billedFamily();
  // 10 + 100 × 1 + 80 × 0.5 = 150; 7 × 2 = 14
  expect([bill.billTotal, childBill.billTotal]).toEqual([150, 14]);
  expect(bill.lineItems).toMatchObject([
    { servicePeriodStartDate: '2024-05-01T00:00:00Z', servicePeriodEndDate: '2024-06-01T00:00:00Z' },
  ]);
  const { counted, line } = await explained(bill);
  expect(counted.data.map(({ ts }) => ts)).toEqual([
    '2024-05-05T00:00:00Z',
    '2024-05-06T00:00:00Z',
    '2024-05-25T00:00:00Z',
  ]);
  expect(line.queries).toMatchObject([
    { absences: [{ accountId: child.id, start: '2024-05-16T00:00:00Z', end: '2024-06-01T00:00:00Z' }] },
  ]);
  const { body } = await server.request('POST', `/bills/${bill.id}/verify`);
  expect(body).toMatchObject({ result: 'identical', measurements: 'SAME' });
});

test('the statement of such a block lists what it counts', async () => {
  const { bill, parent, child } = await billedFamily();
  const job = await stated(server, bill);
  const statement = (await fetched(server, job.presignedJsonStatementUrl)) as {
    lineItems: { usage: { accountId: string; quantity: number }[] }[];
  };
  expect(statement.lineItems[0]?.usage.map((row) => [row.accountId, row.quantity])).toEqual([
    [parent.id, 160],
    [child.id, 20],
  ]);
});

test('a custom query of such a block sees what it counts', async () => {
  const customSql = 'select sum(qty) from measurements';
  const { bill } = await billedFamily({ aggregation: 'CUSTOM_SQL', customSql });
  expect(bill.billTotal).toBe(150);
  expect((await explained(bill)).counted.data).toHaveLength(3);
});
