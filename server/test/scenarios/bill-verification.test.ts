import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { billCaseText, readBillCase } from '../../src/areas/billing/bill-case.ts';
import { captureBill, removeUnusedFacts } from '../../src/areas/billing/index.ts';
import { repeatedBill } from '../../src/areas/billing/verify-calculation.ts';
import { attach, pricedUsage, runJob, theBillOf, use } from '../support/billing.ts';
import { account, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await server.moveTo('2024-02-01T09:00:00Z');
});
afterAll(() => server.close());

const JANUARY = { lastDateInBillingPeriod: '2024-01-31' };

/** 150 calls at 1.00 up to 100 and 0.50 beyond: 100 + 25 = 125; standing charge 10. */
async function billed() {
  await server.moveTo('2024-02-01T09:00:00Z');
  const priced = await pricedUsage(server, {
    bands: [
      [0, 0, 1],
      [100, 0, 0.5],
    ],
    template: { standingCharge: 10 },
  });
  const acme = await account(server);
  await attach(server, acme, priced.plan);
  const usage = { account: acme, meter: priced.meter };
  await use(server, { ...usage, ts: '2024-01-10T00:00:00Z', qty: 90 });
  await use(server, { ...usage, ts: '2024-01-20T00:00:00Z', qty: 60 });
  await server.moveTo('2024-02-01T10:00:00Z');
  await runJob(server, { ...JANUARY, accountIds: [acme.id] });
  return { ...priced, acme, usage, bill: await theBillOf(server, acme) };
}

async function verified(bill: Made) {
  const answer = await server.request('POST', `/bills/${bill.id}/verify`);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return answer.body as Record<string, unknown>;
}

test('a bill comes out identical from its own facts, and today is as then', async () => {
  const { bill } = await billed();
  expect(bill.billTotal).toBe(135);
  expect(await verified(bill)).toMatchObject({
    result: 'identical',
    differences: [],
    configuration: 'SAME',
    measurements: 'SAME',
    manifest: {
      engineVersion: '3',
      roundingPoints: [
        { point: 'subtotal', currency: 'USD', decimalPlaces: 2, roundingMode: 'HALF_UP' },
        { point: 'convertedSubtotal', currency: 'USD', decimalPlaces: 2, roundingMode: 'HALF_UP' },
      ],
    },
  });
});

test('late usage and a new price show as changes, and the bill is still identical to its facts', async () => {
  const { bill, usage, plan, acme } = await billed();
  await use(server, { ...usage, ts: '2024-01-25T00:00:00Z', qty: 5 });
  const change = { ...plan, standingCharge: 99, accountId: undefined };
  const { status } = await server.request('PUT', `/plans/${plan.id}`, change);
  expect(status).toBe(200);
  expect(await verified(bill)).toMatchObject({
    result: 'identical',
    configuration: 'CHANGED',
    measurements: 'CHANGED',
    changedQuestions: 1,
  });
  await runJob(server, { ...JANUARY, accountIds: [acme.id] });
  // 155 calls: 100 + 27.50, and the new standing charge of 99
  expect((await theBillOf(server, acme)).billTotal).toBe(226.5);
  expect(await verified(bill)).toMatchObject({ result: 'identical', configuration: 'SAME' });
});

test('a figure that somebody changed in the store is found, line and field', async () => {
  const { bill } = await billed();
  const line = bill.lineItems.find((row) => row.lineItemType === 'USAGE');
  await sql`update bill_line_item set subtotal = 124, converted_subtotal = 124
    where org_id = ${server.orgId} and id = ${line?.id}`.execute(server.context.db);
  const { result, differences } = await verified(bill);
  expect(result).toBe('different');
  const found = differences as readonly Record<string, unknown>[];
  expect(found.map(({ field, stored, recalculated }) => [field, stored, recalculated])).toEqual([
    ['calculatedTotal', '134', '135'],
    ['subtotal', '124', '125'],
    ['convertedSubtotal', '124', '125'],
  ]);
  expect(found[1]).toMatchObject({ lineItemType: 'USAGE', description: 'API calls' });
});

test('facts are kept once, and removed with the last bill that needs them', async () => {
  const { bill } = await billed();
  const count = async () => {
    const { rows } = await sql<{ sets: number }>`select count(*) as sets from bill_fact_set s
      join bill_manifest m on m.org_id = s.org_id
        and s.digest in (m.catalog_digest, m.unit_digest, m.run_digest)
      where m.bill_id = ${bill.id}`.execute(server.context.db);
    return rows[0]?.sets;
  };
  await removeUnusedFacts.run(server.context, {});
  expect(await count()).toBe(3);
  const { rows } = await sql<{ digest: string }>`
    select run_digest as digest from bill_manifest where bill_id = ${bill.id}`.execute(server.context.db);
  await server.request('DELETE', `/bills/${bill.id}`);
  await removeUnusedFacts.run(server.context, {});
  const left = await sql`select from bill_fact_set where digest = ${rows[0]?.digest}`.execute(
    server.context.db,
  );
  expect(left.rows).toHaveLength(0);
});

test('a captured bill is calculated again from its files alone', async () => {
  const { bill } = await billed();
  const folder = await mkdtemp(join(tmpdir(), 'meterbook-capture-'));
  try {
    await captureBill(server.context, bill.id, folder);
    const given = readBillCase(await readFile(join(folder, 'given.json'), 'utf8'));
    const { draft } = repeatedBill(given, given.identity);
    const text = await readFile(join(folder, 'bill.txt'), 'utf8');
    expect(draft && billCaseText(draft)).toBe(text);
    expect(text).toContain('135 USD');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a bill of another organization cannot be verified or explained', async () => {
  const id = '11111111-1111-4111-8111-111111111111';
  expect(await server.request('POST', `/bills/${id}/verify`)).toMatchObject({ status: 404 });
  expect(await server.request('GET', `/bills/${id}/explain`)).toMatchObject({ status: 404 });
  expect(await server.request('GET', `/bills/${id}/lineitems/${id}/explain`)).toMatchObject({ status: 404 });
});

test('a line tells its rule, bands, rounding and measurements, late and rejected ones apart', async () => {
  const { bill, usage, acme, meter } = await billed();
  await server.moveTo('2024-02-02T10:00:00Z');
  await use(server, { ...usage, ts: '2024-01-25T00:00:00Z', qty: 5 });
  const line = bill.lineItems.find((row) => row.lineItemType === 'USAGE');
  const path = `/bills/${bill.id}/lineitems/${line?.id}/explain`;
  const { status, body } = await server.request('GET', `${path}?pageSize=1`);
  expect(status, JSON.stringify(body)).toBe(200);
  const { counted } = body as { counted: { nextToken: string } };
  expect(body).toMatchObject({
    billId: bill.id,
    line: {
      rule: { id: '30 §7' },
      account: { id: acme.id, code: acme['code'] },
      aggregation: { name: 'API calls' },
      window: { start: '2024-01-01T00:00:00Z', end: '2024-02-01T00:00:00Z' },
      quantity: { measured: 150, quantityPerUnit: 1, rounding: 'NONE', units: 150 },
      bands: [
        { lowerLimit: 0, bandUnits: 100, unitPrice: 1, bandSubtotal: 100 },
        { lowerLimit: 100, bandUnits: 50, unitPrice: 0.5, bandSubtotal: 25 },
      ],
      amount: { exact: 125, subtotal: 125, conversionRate: 1, rounding: { decimalPlaces: 2 } },
      queries: [{ meterId: meter.id, targetField: 'qty', method: 'SUM' }],
    },
    counted: { data: [{ ts: '2024-01-10T00:00:00Z', values: { qty: 90 } }] },
    late: { data: [{ ts: '2024-01-25T00:00:00Z', values: { qty: 5 } }] },
    rejected: { data: [] },
  });
  const second = `${path}?pageSize=1&list=COUNTED&nextToken=${encodeURIComponent(counted.nextToken)}`;
  const next = await server.request('GET', second);
  expect(next.body).toMatchObject({ counted: { data: [{ values: { qty: 60 } }] } });
  expect(next.body).not.toHaveProperty('counted.nextToken');
});

test('a whole bill is explained, line by line up to its total', async () => {
  const { bill } = await billed();
  const { status, body } = await server.request('GET', `/bills/${bill.id}/explain`);
  expect(status, JSON.stringify(body)).toBe(200);
  expect(body).toMatchObject({
    billId: bill.id,
    billTotal: 135,
    sumOfLines: 135,
    engineVersion: '3',
    lines: [
      { lineItemType: 'USAGE', rule: { id: '30 §7' } },
      { lineItemType: 'STANDING_CHARGE', rule: { id: '30 §13' }, proration: '1/1' },
    ],
  });
});

test('the measurements of a custom query are all that it could see', async () => {
  const { usage, acme, plan } = await billed();
  const { body: pricings } = await server.request('GET', `/pricings?planId=${plan.id}`);
  const [pricing] = (pricings as { data: Made[] }).data;
  const path = `/aggregations/${String(pricing?.['aggregationId'])}`;
  const { body: aggregation } = await server.request('GET', path);
  const custom = { aggregation: 'CUSTOM_SQL', customSql: 'select max(qty) from measurements' };
  const put = await server.request('PUT', path, { ...(aggregation as Made), ...custom });
  expect(put, JSON.stringify(put.body)).toMatchObject({ status: 200 });
  await use(server, { ...usage, ts: '2024-01-26T00:00:00Z', qty: 2 });
  await server.moveTo('2024-02-01T11:00:00Z');
  await runJob(server, { ...JANUARY, accountIds: [acme.id] });
  const bill = await theBillOf(server, acme);
  // the most of 90, 60 and 2, and the standing charge of 10
  expect(bill.billTotal).toBe(100);
  const line = bill.lineItems.find((row) => row.lineItemType === 'USAGE');
  const { body } = await server.request('GET', `/bills/${bill.id}/lineitems/${line?.id}/explain`);
  expect((body as { counted: { data: object[] } }).counted.data).toHaveLength(3);
  expect(await verified(bill)).toMatchObject({ result: 'identical', measurements: 'SAME' });
});
