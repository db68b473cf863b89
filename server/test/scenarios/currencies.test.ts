import { afterAll, beforeAll, expect, test } from 'vitest';
import { runJob, theBillOf } from '../support/billing.ts';
import { account, created, freshCode, type Made, product } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

let count = 0;
/** A code of three letters that no other test has. */
function freshCurrency(fields: object = {}): Promise<Made> {
  count += 1;
  const code = `X${String.fromCharCode(64 + count)}X`;
  return created(server, '/picklists/currency', { name: code, code, ...fields });
}

const YEAR = { startDate: '2024-01-01', endDate: '2025-01-01' };
const PERIOD = {
  servicePeriodStartDate: '2024-05-01T00:00:00Z',
  servicePeriodEndDate: '2024-06-01T00:00:00Z',
};

function adHoc(owner: Made, currency: unknown, amount: number): Promise<Made> {
  const types = { entityType: 'AD_HOC', lineItemType: 'AD_HOC' };
  const named = { accountId: owner.id, name: 'Fee', code: freshCode('fee'), billDate: '2024-06-01' };
  return created(server, '/charges', { ...named, ...types, ...PERIOD, currency, amount });
}

/** What names a currency by its code, and the type that the refusal names. */
const USES: readonly (readonly [string, (currency: unknown) => Promise<Made>])[] = [
  ['account', (currency) => account(server, { currency })],
  [
    'plan template',
    async (currency) => {
      const { id: productId } = await product(server);
      const terms = { name: 'Monthly', standingCharge: 0, billFrequency: 'MONTHLY' };
      return created(server, '/plantemplates', { ...terms, productId, currency });
    },
  ],
  ['plan group', (currency) => created(server, '/plangroups', { name: 'Bundle', currency })],
  [
    'commitment',
    async (currency) =>
      created(server, '/commitments', {
        accountId: (await account(server)).id,
        amount: 1,
        currency,
        ...YEAR,
      }),
  ],
  [
    'balance',
    async (currency) => {
      const named = { accountId: (await account(server)).id, name: 'Wallet', code: freshCode('wallet') };
      return created(server, '/balances', { ...named, currency, ...YEAR });
    },
  ],
  ['charge', async (currency) => adHoc(await account(server), currency, 1)],
];

test.each(USES)('a currency is kept while a %s names it', async (type, use) => {
  const currency = await freshCurrency();
  const user = await use(currency['code']);
  const refused = await server.request('DELETE', `/picklists/currency/${currency.id}`);
  expect(refused).toMatchObject({ status: 400, body: { code: 'ENTITY_IN_USE' } });
  expect((refused.body as { message: string }).message).toContain(`${type} ${user.id}`);
});

test('one that nothing names goes, the default one does not', async () => {
  const currency = await freshCurrency();
  const gone = await server.request('DELETE', `/picklists/currency/${currency.id}`);
  expect(gone).toMatchObject({ status: 200 });
  const { body } = await server.request('GET', '/picklists/currency?codes=USD');
  const [dollar] = (body as { data: Made[] }).data;
  expect(await server.request('DELETE', `/picklists/currency/${dollar?.id}`)).toMatchObject({
    status: 400,
    body: { code: 'ENTITY_IN_USE' },
  });
});

test('what is left open stays open and is rounded to two places, half up', async () => {
  const currency = await freshCurrency();
  expect(currency).not.toHaveProperty('maxDecimalPlaces');
  expect(currency).not.toHaveProperty('roundingMode');
  const owner = await account(server, { currency: currency['code'] });
  await adHoc(owner, currency['code'], 1.005);
  await runJob(server, { lastDateInBillingPeriod: '2024-05-31', accountIds: [owner.id] });
  expect((await theBillOf(server, owner)).billTotal).toBe(1.01);
});

test('one of both can be given', async () => {
  const currency = await freshCurrency({ roundingMode: 'DOWN' });
  expect(currency).toMatchObject({ roundingMode: 'DOWN' });
  const owner = await account(server, { currency: currency['code'] });
  await adHoc(owner, currency['code'], 1.009);
  await runJob(server, { lastDateInBillingPeriod: '2024-05-31', accountIds: [owner.id] });
  expect((await theBillOf(server, owner)).billTotal).toBe(1);
});
