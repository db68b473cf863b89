import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Bill } from '../support/billing.ts';
import { created, type Made } from '../support/configured.ts';
import { billed, downloaded, priced, regionalUsage } from '../support/statements.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
let acme: Made;
let bill: Bill;
let memo: Made;
beforeAll(async () => {
  server = await startTestServer();
  const { meter, metric, plan } = await regionalUsage(server);
  await priced(server, plan, { aggregationId: metric.id });
  const fields = { name: 'Acme, Inc.', purchaseOrderNumber: 'PO-7' };
  const uses = [['2024-05-10T12:00:00Z', 'eu', 30]] as const;
  ({ acme, bill } = await billed(server, { meter, plan, fields, uses }));
  memo = await created(server, `/bills/${bill.id}/creditlineitems`, { amount: 2, description: 'Sorry' });
});
afterAll(() => server.close());

const MAY_RANGE = { startDate: '2024-05-01', endDate: '2024-06-01' };
const STANDARD_HEADER =
  'billId,sequentialInvoiceNumber,accountId,accountCode,accountName,status,locked,billDate,dueDate,' +
  'externalInvoiceDate,startDate,endDate,billingFrequency,timezone,currency,billTotal,purchaseOrderNumber,' +
  'lineItemId,sequenceNumber,lineItemType,description,productCode,productName,accountingProductCode,' +
  'quantity,units,unit,averageUnitPrice,subtotal,lineCurrency,conversionRate,convertedSubtotal,' +
  'servicePeriodStartDate,servicePeriodEndDate,childAccountCode';

function standardFile(): string {
  const head =
    `${bill.id},,${acme.id},${acme['code']},"Acme, Inc.",PENDING,false,2024-06-01,2024-06-02,2024-06-01,` +
    '2024-05-01,2024-06-01,MONTHLY,UTC,USD,13,PO-7,';
  const product = (bill.lineItems[0] as unknown as Record<string, unknown>)['productCode'];
  const service = '2024-05-01T00:00:00Z,2024-06-01T00:00:00Z';
  return [
    STANDARD_HEADER,
    `${head}${bill.lineItems[0]?.id},1,USAGE,Transfer,${product},Inference,${product},30,30,GB,` +
      '0.5,15,USD,1,15,' +
      `${service},`,
    `${head}${memo.id},2,CREDIT_MEMO,Sorry,,,,1,1,,-2,-2,USD,1,-2,${service},`,
    '',
  ].join('\r\n');
}

test('the lines of the bills of a month as CSV, itself or behind a link', async () => {
  const token = { authorization: server.authorization };
  const query = new URLSearchParams(MAY_RANGE);
  const url = `/organizations/${server.orgId}/bills/download/csv?${query}`;
  const answer = await server.raw('GET', url, { headers: token });
  expect(answer.headers).toMatchObject({ 'content-type': 'text/csv; charset=utf-8' });
  expect(answer.body).toBe(standardFile());
  expect(await downloaded(server, ['POST', '/bills/download/csv/url', MAY_RANGE])).toBe(standardFile());
});

test('the columns of Xero, whose prices times quantities are the amounts', async () => {
  const body = { ...MAY_RANGE, externalSystem: 'XERO' };
  const product = (bill.lineItems[0] as unknown as Record<string, unknown>)['productCode'];
  const head = `"Acme, Inc.",billing@acme.example,${bill.id},PO-7,2024-06-01,2024-06-02`;
  expect(await downloaded(server, ['POST', '/bills/download/csv/url', body])).toBe(
    [
      'ContactName,EmailAddress,InvoiceNumber,Reference,InvoiceDate,DueDate,Description,' +
        'Quantity,UnitAmount,' +
        'AccountCode,Currency',
      `${head},Transfer,30,0.5,${product},USD`,
      `${head},Sorry,1,-2,,USD`,
      '',
    ].join('\r\n'),
  );
});

test('both ranges must hold; the end of the invoice dates is not included', async () => {
  const url = '/bills/download/csv/url';
  const invoiced = { externalInvoiceDateStart: '2024-05-31', externalInvoiceDateEnd: '2024-06-01' };
  const without = await downloaded(server, ['POST', url, { ...MAY_RANGE, ...invoiced }]);
  expect(without).toBe(`${STANDARD_HEADER}\r\n`);
  const until = { ...invoiced, externalInvoiceDateEnd: '2024-06-02' };
  expect(await downloaded(server, ['POST', url, { ...MAY_RANGE, ...until }])).toBe(standardFile());
});

test.each([
  ['no range', ''],
  ['half a range', 'startDate=2024-05-01'],
  ['a range and half another', 'startDate=2024-05-01&endDate=2024-06-01&externalInvoiceDateEnd=2024-06-01'],
  [
    'two ranges',
    'startDate=2024-05-01&endDate=2024-06-01&externalInvoiceDateStart=2024-05-01' +
      '&externalInvoiceDateEnd=2024-06-01',
  ],
  ['32 days', 'startDate=2024-05-01&endDate=2024-06-02'],
  ['an end before the start', 'startDate=2024-05-02&endDate=2024-05-01'],
  ['an unknown system', 'startDate=2024-05-01&endDate=2024-06-01&externalSystem=SAGE'],
  ['no date', 'startDate=soon&endDate=2024-06-01'],
])('%s is refused', async (_what, query) => {
  expect(await server.request('GET', `/bills/download/csv?${query}`)).toMatchObject({
    status: 400,
    body: { code: 'VALIDATION_FAILED' },
  });
});

const QUERY = {
  startDate: '2024-06-01T00:00:00Z',
  endDate: '2024-06-02T00:00:00Z',
  lineItemTypes: ['USAGE', 'CREDIT_MEMO'],
};

function explored(changes: object) {
  return server.request('POST', '/dataexplorer/bills', { ...QUERY, ...changes });
}

test('a line with what is known of its bill', async () => {
  const { body } = await explored({});
  const [value, second] = (body as { readonly values: readonly object[] }).values;
  expect(value).toEqual({
    updatedDate: expect.stringMatching(/Z$/),
    dimensions: {
      account: acme['code'],
      accountName: 'Acme, Inc.',
      accountId: acme.id,
      description: 'Transfer',
      lineItemType: 'USAGE',
      productName: 'Inference',
      quantityUnit: 'GB',
      subtotalUnit: 'USD',
      convertedSubtotalUnit: 'USD',
      billId: bill.id,
      billLineItemId: bill.lineItems[0]?.id,
    },
    measures: {
      quantity: 30,
      units: 30,
      subtotal: 15,
      convertedSubtotal: 15,
      conversionRate: 1,
      version: 1,
    },
    billDetails: {
      billDate: '2024-06-01',
      startDate: '2024-05-01',
      endDate: '2024-06-01',
      dueDate: '2024-06-02',
      servicePeriodStartDate: '2024-05-01T00:00:00Z',
      servicePeriodEndDate: '2024-06-01T00:00:00Z',
      timezone: 'UTC',
      status: 'PENDING',
      locked: 'false',
      billCurrency: 'USD',
      billingFrequency: 'MONTHLY',
      year: 2024,
      month: '06',
      week: '2024-W22',
      day: 1,
      yearMonth: '2024-06',
    },
  });
  expect(second).toMatchObject({ dimensions: { lineItemType: 'CREDIT_MEMO' }, measures: { subtotal: -2 } });
});

test.each<[string, () => object, readonly string[]]>([
  ['a type', () => ({ lineItemTypes: ['CREDIT_MEMO'] }), ['Sorry']],
  ['a limit', () => ({ limit: 1 }), ['Transfer']],
  [
    'an account',
    () => ({ dimensions: [{ name: 'account', filter: ['x', acme['code']] }] }),
    ['Transfer', 'Sorry'],
  ],
  ['another account', () => ({ dimensions: [{ name: 'account', filter: ['x'] }] }), []],
  ['a product', () => ({ dimensions: [{ name: 'product name', filter: ['Inference'] }] }), ['Transfer']],
  ['all products', () => ({ dimensions: [{ name: 'product name', filter: ['*'] }] }), ['Transfer', 'Sorry']],
  ['dates: the end is not included', () => ({ startDate: '2024-05-31', endDate: '2024-06-01' }), []],
  ['dates: one that begins later', () => ({ startDate: '2024-06-01T00:00:01Z' }), []],
])('lines are chosen by %s', async (_what, changes, expected) => {
  const { body } = await explored(changes());
  const { values } = body as { readonly values: readonly { dimensions: { description: string } }[] };
  expect(values.map(({ dimensions }) => dimensions.description)).toEqual(expected);
});

test('an unknown dimension is refused', async () => {
  const answer = await explored({ dimensions: [{ name: 'region', filter: ['eu'] }] });
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'dimensions[0].name' }] } });
});

test('downloads hold all lines, whatever the limit', async () => {
  const body = { ...QUERY, limit: 1 };
  const whole = await explored({});
  expect(await downloaded(server, ['POST', '/dataexplorer/bills/download/json', body])).toEqual(whole.body);
  const csv = (await downloaded(server, ['POST', '/dataexplorer/bills/download/csv', body])) as string;
  const [header, usage, credit, end] = csv.split('\r\n');
  expect(header).toBe(
    'account,accountName,accountId,parentAccountCode,parentAccountName,parentAccountId,childAccountId,' +
      'description,lineItemType,productName,quantityUnit,subtotalUnit,convertedSubtotalUnit,billId,' +
      'billLineItemId,commitmentId,externalInvoiceReference,quantity,units,subtotal,convertedSubtotal,' +
      'conversionRate,version,billDate,startDate,endDate,dueDate,servicePeriodStartDate,' +
      'servicePeriodEndDate,' +
      'timezone,status,locked,billCurrency,billingFrequency,year,month,week,day,yearMonth',
  );
  expect(usage).toBe(
    `${acme['code']},"Acme, Inc.",${acme.id},,,,,Transfer,USAGE,Inference,GB,USD,USD,${bill.id},` +
      `${bill.lineItems[0]?.id},,,30,30,15,15,1,1,2024-06-01,2024-05-01,2024-06-01,2024-06-02,` +
      '2024-05-01T00:00:00Z,2024-06-01T00:00:00Z,UTC,PENDING,false,USD,MONTHLY,2024,06,2024-W22,1,2024-06',
  );
  expect([credit?.includes(',CREDIT_MEMO,'), end]).toEqual([true, '']);
});
