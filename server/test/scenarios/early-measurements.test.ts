import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { billText, pricedUsage, runJob, theBillOf } from '../support/billing.ts';
import { account, created, type Made } from '../support/configured.ts';
import { priced } from '../support/statements.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import { ingest, usage } from '../support/usage.ts';

let server: TestServer;
let calls: Made;
let plan: Made;
let acme: Made;
beforeAll(async () => {
  server = await startTestServer();
  ({ meter: calls, plan } = await pricedUsage(server));
  acme = await account(server);
  const sent = { meter: calls['code'], account: acme['code'] };
  await ingest(server, [
    { ...sent, ts: '1900-01-01T00:00:00Z', measure: { qty: 100 } },
    { ...sent, ts: '1969-12-01T00:00:00Z', measure: { qty: 3 } },
    // The last millisecond before the moment that times are counted from, and that moment.
    { ...sent, ts: '1969-12-31T23:59:59.999Z', ets: '9999-12-31T23:59:59Z', measure: { qty: 4 } },
    { ...sent, ts: '1970-01-01T00:00:00Z', measure: { qty: 1000 } },
  ]);
});
afterAll(() => server.close());

const EVER = { startDate: '1800-01-01T00:00:00Z', endDate: '2000-01-01T00:00:00Z' };

test('measurements of before 1970 come back as they were sent, an open end as the last moment', async () => {
  const rows = await usage(server, EVER);
  expect(rows.map(({ timestamp, endTimestamp, qty }) => [timestamp, endTimestamp, qty])).toEqual([
    ['1970-01-01T00:00:00Z', undefined, 1000],
    ['1969-12-31T23:59:59.999Z', '2299-12-31T23:59:59.999Z', 4],
    ['1969-12-01T00:00:00Z', undefined, 3],
    ['1900-01-01T00:00:00Z', undefined, 100],
  ]);
});

describe('buckets lie before 1970 too:', () => {
  // 1970 began on a Thursday, 1900 and December 1969 on a Monday.
  test.each([
    ['HOUR', ['1970-01-01T00 1000', '1969-12-31T23 4', '1969-12-01T00 3', '1900-01-01T00 100']],
    ['DAY', ['1970-01-01T00 1000', '1969-12-31T00 4', '1969-12-01T00 3', '1900-01-01T00 100']],
    ['WEEK', ['1969-12-29T00 1004', '1969-12-01T00 3', '1900-01-01T00 100']],
    ['MONTH', ['1970-01-01T00 1000', '1969-12-01T00 7', '1900-01-01T00 100']],
    ['QUARTER', ['1970-01-01T00 1000', '1969-10-01T00 7', '1900-01-01T00 100']],
  ])('%s', async (frequency, expected) => {
    const aggregations = [{ meterId: calls.id, fieldCode: 'qty', fieldType: 'MEASURE', function: 'SUM' }];
    const rows = await usage(server, { ...EVER, aggregations, groups: [{ groupType: 'TIME', frequency }] });
    const name = `${calls['code']}.qty.SUM`;
    expect(rows.map((row) => `${String(row['startDate']).slice(0, 13)} ${row[name]}`)).toEqual(expected);
  });

  test('YEAR', async () => {
    const body = { meterCodes: [calls['code']], ...EVER, aggregationFrequency: 'YEAR', measures: [{}] };
    const answer = await server.request('POST', '/dataexplorer/usagedata', body);
    const { data } = answer.body as { data: { startDate: string; measures: object }[] };
    expect(data.map(({ startDate, measures }) => [startDate, measures])).toEqual([
      ['1970-01-01T00:00:00Z', { qty: { SUM: 1000 } }],
      ['1969-01-01T00:00:00Z', { qty: { SUM: 7 } }],
      ['1900-01-01T00:00:00Z', { qty: { SUM: 100 } }],
    ]);
  });
});

test('a period of before 1970 is billed like any other', async () => {
  const metric = await created(server, '/aggregations', {
    ...{ name: 'Calls', meterId: calls.id, targetField: 'qty', aggregation: 'SUM' },
    ...{ quantityPerUnit: 1, rounding: 'NONE', unit: 'calls' },
  });
  await priced(server, plan, { aggregationId: metric.id, unitPrice: 2, startDate: '1960-01-01T00:00:00Z' });
  await created(server, '/accountplans', {
    ...{ accountId: acme.id, planId: plan.id, startDate: '1969-06-01T00:00:00Z', billEpoch: '1969-06-01' },
  });
  await runJob(server, { lastDateInBillingPeriod: '1969-12-31', accountIds: [acme.id] });
  expect(billText(await theBillOf(server, acme))).toContain('7 u 14.00');
});
