import { afterAll, beforeAll, expect, test } from 'vitest';
import { attach, type Bill, billsOf, type Line, pricedUsage, runJob, use } from '../support/billing.ts';
import { account, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
let acme: Made;
/** April, May, June; May has usage. */
let bills: readonly Bill[];
beforeAll(async () => {
  server = await startTestServer();
  const { meter, plan } = await pricedUsage(server, { template: { standingCharge: 10 } });
  acme = await account(server);
  await attach(server, acme, plan);
  await use(server, { account: acme, meter, ts: '2024-05-10T00:00:00Z', qty: 5 });
  for (const last of ['2024-04-30', '2024-05-31', '2024-06-30']) {
    await runJob(server, { lastDateInBillingPeriod: last, accountIds: [acme.id] });
  }
  bills = await billsOf(server, acme);
});
afterAll(() => server.close());

async function datesAt(path: string): Promise<readonly string[]> {
  const answer = await server.request('GET', path);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return (answer.body as { data: Bill[] }).data.map((bill) => bill.billDate);
}

const [MAY, JUNE, JULY] = ['2024-05-01', '2024-06-01', '2024-07-01'];

test.each([
  ['', [JULY, JUNE, MAY]],
  ['?billDate=2024-06-01', [JUNE]],
  ['?billDateStart=2024-06-01', [JULY, JUNE]],
  ['?billDateEnd=2024-06-01', [MAY]],
  ['?externalInvoiceDateStart=2024-05-01&externalInvoiceDateEnd=2024-07-01', [JUNE, MAY]],
  ['?status=APPROVED', []],
  ['?locked=false', [JULY, JUNE, MAY]],
  ['?billingFrequency=ANNUALLY', []],
  ['/billingperiod/2024-05-31/monthly', [JUNE]],
  ['/billingperiod/2024-05-31/Annually', []],
  ['/search?searchQuery=billDate>2024-05-01$locked:false&sortBy=billDate', [JUNE, JULY]],
  ['/search?searchQuery=billDate:2024-05-01$billDate:2024-07-01&operator=OR', [JULY, MAY]],
  ['/search?searchQuery=billDate~2024-0', [JULY, JUNE, MAY]],
  ['/search?searchQuery=billDate~2024-06$locked~F', [JUNE]],
  ['/search?searchQuery=locked~t', []],
  ['/search?searchQuery=billingFrequency~month&fromDocument=1&pageSize=1', [JUNE]],
])('GET /bills%s', async (query, dates) => {
  expect(await datesAt(`/bills${query}`)).toEqual(dates);
});

test.each(['/search?searchQuery=colour:red', '/search?sortBy=colour', '/billingperiod/May/monthly'])(
  'GET /bills%s is refused',
  async (query) => {
    const answer = await server.request('GET', `/bills${query}`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  },
);

test('lists leave totals out unless they are asked for, and lines when they are not wanted', async () => {
  const plain = (await server.request('GET', '/bills?pageSize=1')).body as { data: Bill[] };
  expect(plain.data[0]).not.toHaveProperty('billTotal');
  expect(plain.data[0]?.lineItems).toHaveLength(1);
  const query = '/bills?pageSize=1&excludeLineItems=true&includeBillTotal=true';
  const short = (await server.request('GET', query)).body as { data: Bill[] };
  expect(short.data[0]).toMatchObject({ billTotal: 10 });
  expect(short.data[0]).not.toHaveProperty('lineItems');
});

test('pages of an account go from new to old', async () => {
  const path = `/bills/accountid/${acme.id}?pageSize=2`;
  const first = (await server.request('GET', path)).body as { data: Bill[]; nextToken: string };
  expect(first.data.map((bill) => bill.billDate)).toEqual([JULY, JUNE]);
  expect(await datesAt(`${path}&nextToken=${first.nextToken}`)).toEqual([MAY]);
});

test('the latest bill is that of the latest date', async () => {
  const { body } = await server.request('GET', `/bills/latest/${acme.id}`);
  expect(body).toEqual(bills[2]);
});

test('lines by themselves name their bill and their bands otherwise', async () => {
  const june = bills[1] as Bill;
  const { body } = await server.request('GET', `/bills/${june.id}/lineitems`);
  const [usage, charge] = (body as { data: (Line & Made)[] }).data;
  expect(usage).toMatchObject({ lineItemType: 'USAGE', billId: june.id, version: 1, sequenceNumber: 1 });
  expect(usage).toMatchObject({ bandUsage: [{ bandUnits: 5, bandSubtotal: 5 }], quantity: 5, subtotal: 5 });
  expect(usage).not.toHaveProperty('usagePerPricingBand');
  expect(june.lineItems[0]).toMatchObject({ id: usage?.id, usagePerPricingBand: usage?.['bandUsage'] });
  expect(charge).toMatchObject({ lineItemType: 'STANDING_CHARGE', sequenceNumber: 2 });
  const one = await server.request('GET', `/bills/${june.id}/lineitems/${usage?.id}`);
  expect(one.body).toEqual(usage);
  const foreign = await server.request('GET', `/bills/${bills[0]?.id}/lineitems/${usage?.id}`);
  expect(foreign, 'under another bill').toMatchObject({ status: 404 });
});

test('lines of all bills come newest bill first, page by page', async () => {
  const ids: string[] = [];
  let query = '?pageSize=1';
  for (let pages = 0; pages < 10; pages += 1) {
    const { body } = await server.request('GET', `/lineitems${query}`);
    const { data, nextToken } = body as { data: Line[]; nextToken?: string };
    ids.push(...data.map((line) => line.id));
    if (nextToken === undefined) break;
    query = `?pageSize=1&nextToken=${nextToken}`;
  }
  const expected = [...bills].reverse().flatMap((bill) => bill.lineItems.map((line) => line.id));
  expect(ids).toEqual(expected);
  const usage = (await server.request('GET', '/lineitems?lineItemType=USAGE')).body as { data: Line[] };
  expect(usage.data.map((line) => line.id)).toEqual([bills[1]?.lineItems[0]?.id]);
});
