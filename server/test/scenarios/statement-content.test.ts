import { afterAll, beforeAll, expect, test } from 'vitest';
import { attach, runJob, theBillOf } from '../support/billing.ts';
import { account, created } from '../support/configured.ts';
import {
  billed,
  fetched,
  MAY,
  measure,
  priced,
  regionalUsage,
  type StatementJob,
  stated,
} from '../support/statements.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const CONTENT = { includeCsvFormat: true };

async function definition(fields: object): Promise<string> {
  return (await created(server, '/statementdefinitions', fields)).id;
}

type Statement = {
  readonly lineItems: readonly {
    readonly description: string;
    readonly usage: readonly Record<string, unknown>[];
  }[];
};

test('without a definition a line has one row with the sums of all numeric fields', async () => {
  const { meter, metric, plan, productId } = await regionalUsage(server);
  await priced(server, plan, { aggregationId: metric.id });
  const { acme, bill } = await billed(server, {
    meter,
    plan,
    uses: [
      ['2024-05-10T12:00:00Z', 'eu', 30, 7],
      ['2024-05-31T23:59:59.999Z', 'us', 12.5],
      // Before and after the period.
      ['2024-04-30T23:59:59.999Z', 'eu', 1000],
      ['2024-06-01T00:00:00Z', 'eu', 1000],
    ],
  });
  const [line] = bill.lineItems;
  const job = await stated(server, bill, CONTENT);
  expect(job).toMatchObject({ jsonStatementStatus: 'LATEST', csvStatementStatus: 'LATEST' });
  const { generatedAt, ...statement } = (await fetched(server, job.presignedJsonStatementUrl)) as Record<
    string,
    unknown
  >;
  expect(generatedAt).toMatch(/^\d{4}-.*Z$/);
  expect(statement).toEqual({
    billId: bill.id,
    accountId: acme.id,
    accountCode: acme['code'],
    accountName: 'Acme',
    billDate: '2024-06-01',
    startDate: '2024-05-01',
    endDate: '2024-06-01',
    currency: 'USD',
    billTotal: 21.25,
    aggregationFrequency: 'WHOLE_PERIOD',
    lineItems: [
      {
        lineItemId: line?.id,
        lineItemType: 'USAGE',
        description: 'Transfer',
        productId,
        productName: 'Inference',
        meterId: meter.id,
        aggregationId: metric.id,
        segment: null,
        childAccountId: null,
        unit: 'GB',
        quantity: 42.5,
        units: 42.5,
        averageUnitPrice: 0.5,
        subtotal: 21.25,
        currency: 'USD',
        convertedSubtotal: 21.25,
        servicePeriodStartDate: '2024-05-01T00:00:00Z',
        servicePeriodEndDate: '2024-06-01T00:00:00Z',
        usage: [
          {
            startDate: '2024-05-01T00:00:00Z',
            endDate: '2024-06-01T00:00:00Z',
            accountId: acme.id,
            dimensions: {},
            measures: { qty: { SUM: 42.5 }, peak: { SUM: 7 } },
            quantity: 42.5,
          },
        ],
      },
    ],
  });
  await expectOneRow(job, `${bill.id},${acme['code']},Acme,2024-06-01,${line?.id}`);
});

/** The CSV file of the statement: `head` is the beginning of its row. */
async function expectOneRow(job: StatementJob, head: string): Promise<void> {
  expect(await fetched(server, job.presignedCsvStatementUrl)).toBe(
    [
      'billId,accountCode,accountName,billDate,lineItemId,lineItemType,description,productName,' +
        'childAccountCode,periodStart,periodEnd,qty_SUM,peak_SUM,quantity,unit,currency',
      `${head},USAGE,Transfer,Inference,,2024-05-01T00:00:00Z,2024-06-01T00:00:00Z,42.5,7,42.5,GB,USD`,
      '',
    ].join('\r\n'),
  );
}

test('weeks of the epoch, merged dimension values and prices whose parts add up', async () => {
  const { meter, metric, plan } = await regionalUsage(server);
  await priced(server, plan, { aggregationId: metric.id, unitPrice: 0.333 });
  const { acme, bill } = await billed(server, {
    meter,
    plan,
    fields: {
      name: 'Acme, "Inc."',
      statementDefinitionId: await definition({
        aggregationFrequency: 'WEEK',
        includePricePerUnit: true,
        dimensions: [{ name: 'region', filter: ['eu'] }],
        measures: [
          { name: 'qty', aggregations: ['MAX', 'COUNT', 'MEAN'] },
          { name: 'region', aggregations: ['UNIQUE'] },
        ],
      }),
    },
    uses: [
      ['2024-05-06T23:00:00Z', 'eu', 1],
      ['2024-05-07T00:00:00Z', 'eu', 2],
      ['2024-05-08T00:00:00Z', 'eu', 4],
      ['2024-05-08T00:00:00Z', 'us', 8],
      ['2024-05-09T00:00:00Z', 'asia', 16],
      ['2024-05-09T00:00:00Z', 'africa', 32],
    ],
  });
  // 63 × 0.333 = 20.98. Weeks begin on Tuesdays: 05-07, 05-14, ...; 1 of 63 is 0.33, 56 of 63 are 18.65, the
  // last row takes the rest, 2.00.
  const job = await stated(server, bill, CONTENT);
  const line = bill.lineItems[0]?.id;
  const name = '"Acme, ""Inc."""';
  const head = `${bill.id},${acme['code']},${name},2024-06-01,${line},USAGE,Transfer,Inference,,`;
  expect(await fetched(server, job.presignedCsvStatementUrl)).toBe(
    [
      'billId,accountCode,accountName,billDate,lineItemId,lineItemType,description,productName,' +
        'childAccountCode,periodStart,periodEnd,region,qty_MAX,qty_COUNT,qty_MEAN,region_UNIQUE,quantity,' +
        'unit,pricePerUnit,amount,currency',
      `${head}2024-05-01T00:00:00Z,2024-05-07T00:00:00Z,eu,1,1,1,1,1,GB,0.333,0.33,USD`,
      `${head}2024-05-07T00:00:00Z,2024-05-14T00:00:00Z,,32,3,18.66666666666666666666666666666667,3,56,GB,` +
        '0.333,18.65,USD',
      `${head}2024-05-07T00:00:00Z,2024-05-14T00:00:00Z,eu,4,2,3,1,6,GB,0.333,2,USD`,
      '',
    ].join('\r\n'),
  );
  const statement = (await fetched(server, job.presignedJsonStatementUrl)) as Statement;
  expect(statement.lineItems[0]?.usage[1]).toMatchObject({
    dimensions: { region: null },
    quantity: 56,
    pricePerUnit: 0.333,
    amount: 18.65,
  });
});

test('a segmented line lists the measurements of its segment only', async () => {
  const segments = [{ region: 'eu' }, { region: '*' }];
  const { meter, metric, plan } = await regionalUsage(server, { segmentedFields: ['region'], segments });
  await priced(server, plan, { aggregationId: metric.id, segment: { region: 'eu' } });
  await priced(server, plan, { aggregationId: metric.id, segment: { region: '*' } });
  const statementDefinitionId = await definition({
    aggregationFrequency: 'WHOLE_PERIOD',
    generateSlimStatements: true,
    dimensions: [{ name: 'region', filter: ['*'] }],
    measures: [{}],
  });
  const { bill } = await billed(server, {
    meter,
    plan,
    fields: { statementDefinitionId },
    uses: [
      ['2024-05-06T00:00:00Z', 'eu', 1],
      ['2024-05-07T00:00:00Z', 'us', 2],
      ['2024-05-08T00:00:00Z', 'africa', 4],
      // A row of nothing is left out of a slim statement.
      ['2024-05-08T00:00:00Z', 'asia', 0],
    ],
  });
  const job = await stated(server, bill, CONTENT);
  const statement = (await fetched(server, job.presignedJsonStatementUrl)) as Statement;
  const rows = statement.lineItems.map(({ description, usage }) => [
    description,
    usage.map(({ dimensions, quantity }) => [dimensions, quantity]),
  ]);
  expect(Object.fromEntries(rows)).toEqual({
    'Transfer (eu)': [[{ region: 'eu' }, 1]],
    'Transfer (*)': [
      [{ region: 'africa' }, 4],
      [{ region: 'us' }, 2],
    ],
  });
  const [line] = statement.lineItems;
  for (const left of ['productName', 'aggregationId', 'segment']) expect(line).not.toHaveProperty(left);
  expect(line?.usage[0]).not.toHaveProperty('measures');
});

test('the usage of children stands with their parent, each with its code', async () => {
  const { meter, metric, plan } = await regionalUsage(server);
  await priced(server, plan, { aggregationId: metric.id });
  const parent = await account(server);
  const child = await account(server, { parentAccountId: parent.id });
  await created(server, '/accountplans', {
    accountId: parent.id,
    planId: plan.id,
    startDate: '2024-01-01T00:00:00Z',
    childBillingMode: 'PARENT_SUMMARY',
  });
  await measure(server, [meter, parent], [['2024-05-06T00:00:00Z', 'eu', 1]]);
  await measure(server, [meter, child], [['2024-05-06T00:00:00Z', 'eu', 2]]);
  await runJob(server, { ...MAY, accountIds: [parent.id] });
  const job = await stated(server, await theBillOf(server, parent), CONTENT);
  const statement = (await fetched(server, job.presignedJsonStatementUrl)) as Statement;
  expect(statement.lineItems[0]?.usage.map((row) => [row['accountId'], row['quantity']])).toEqual([
    [parent.id, 1],
    [child.id, 2],
  ]);
  const csv = (await fetched(server, job.presignedCsvStatementUrl)) as string;
  const codes = csv.split('\r\n').map((row) => row.split(',')[8]);
  expect(codes).toEqual(['childAccountCode', '', child['code'], undefined]);
});

test('the lines of a split block list the measurements of their own child', async () => {
  const { meter, metric, plan } = await regionalUsage(server);
  await priced(server, plan, { aggregationId: metric.id });
  const parent = await account(server);
  const first = await account(server, { parentAccountId: parent.id });
  const second = await account(server, { parentAccountId: parent.id });
  await attach(server, parent, plan);
  await measure(server, [meter, first], [['2024-05-06T00:00:00Z', 'eu', 1]]);
  await measure(server, [meter, second], [['2024-05-06T00:00:00Z', 'eu', 2]]);
  await runJob(server, { ...MAY, accountIds: [parent.id] });
  const job = await stated(server, await theBillOf(server, parent));
  const statement = (await fetched(server, job.presignedJsonStatementUrl)) as Statement;
  const rows = statement.lineItems.map(({ usage }) =>
    usage.map((row) => [row['accountId'], row['quantity']]),
  );
  expect(rows).toEqual([[[first.id, 1]], [[second.id, 2]]]);
  expect(job.presignedCsvStatementUrl).toBeUndefined();
});

test('rows of a compound aggregation are calculated from what each row holds', async () => {
  const { meter, metric, plan } = await regionalUsage(server);
  const compound = await created(server, '/compoundaggregations', {
    name: 'Doubled',
    calculation: `aggregation.${metric['code']} * 2 + 1`,
    quantityPerUnit: 1,
    rounding: 'NONE',
    unit: 'GB',
    evaluateNullAggregations: false,
  });
  await priced(server, plan, { compoundAggregationId: compound.id });
  const statementDefinitionId = await definition({
    aggregationFrequency: 'WHOLE_PERIOD',
    dimensions: [{ name: 'region', filter: ['*'] }],
    measures: [{ name: 'qty' }],
  });
  const { bill } = await billed(server, {
    meter,
    plan,
    fields: { statementDefinitionId },
    uses: [
      ['2024-05-06T00:00:00Z', 'eu', 1],
      ['2024-05-07T00:00:00Z', 'us', 2],
    ],
  });
  const job = await stated(server, bill);
  const statement = (await fetched(server, job.presignedJsonStatementUrl)) as Statement;
  expect(statement.lineItems[0]?.usage.map((row) => [row['measures'], row['quantity']])).toEqual([
    [{ qty: { SUM: 1 } }, 3],
    [{ qty: { SUM: 2 } }, 5],
  ]);
});

test('meters that a job does not name are left out', async () => {
  const { meter, metric, plan, productId } = await regionalUsage(server);
  await priced(server, plan, { aggregationId: metric.id });
  const other = await regionalUsage(server);
  const { bill } = await billed(server, { meter, plan, uses: [['2024-05-06T00:00:00Z', 'eu', 1]] });
  expect(productId).not.toBe(other.productId);
  const lineCount = async (meterIds: readonly string[]) => {
    const job = await stated(server, bill, { filters: { meterIds } });
    return ((await fetched(server, job.presignedJsonStatementUrl)) as Statement).lineItems.length;
  };
  expect([await lineCount([other.meter.id]), await lineCount([meter.id]), await lineCount([])]).toEqual([
    0, 1, 1,
  ]);
});
