import { afterAll, beforeAll, expect, test } from 'vitest';
import { account, created, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
let acme: Made;
let balance: Made;
beforeAll(async () => {
  server = await startTestServer({ config: { logLevel: 'silent' } });
  acme = await account(server);
  const term = { startDate: '2024-01-01T00:00:00Z', endDate: '2025-01-01T00:00:00Z' };
  const terms = { accountId: acme.id, name: 'Credit', code: 'credit', currency: 'USD', ...term };
  balance = await created(server, '/balances', terms);
});
afterAll(() => server.close());

const ZERO = '0000-01-01';
const LAST = '9999-12-31';
const LAST_MOMENT = '9999-12-31T23:59:59Z';

function refusedField(answer: { readonly status: number; readonly body: unknown }): string {
  const { code, errors = [] } = answer.body as { code: string; errors?: readonly { field: string }[] };
  return `${answer.status} ${code} ${errors[0]?.field}`;
}

test.each([
  [`bills?billDate=${ZERO}`, 'billDate'],
  [`bills/search?searchQuery=billDate>${ZERO}`, 'searchQuery'],
  [`bills/search?searchQuery=dtCreated>${ZERO}T00:00:00Z`, 'searchQuery'],
  [`bills/billingperiod/${ZERO}/monthly`, 'lastDateInBillingPeriod'],
  [`bills/billingperiod/${LAST}/monthly`, 'lastDateInBillingPeriod'],
  [`bills/download/csv?startDate=${ZERO}&endDate=0000-01-02`, 'startDate'],
])('GET /%s is refused for its %s', async (path, field) => {
  const answer = await server.request('GET', `/${path}`);
  expect(refusedField(answer)).toBe(`400 VALIDATION_FAILED ${field}`);
});

// The bill of 9999-12-31 would end in a year that nothing can store, or be due in one.
test.each([
  ['/billjobs', 'billDate', ZERO],
  ['/billjobs', 'billDate', LAST],
  ['/billjobs', 'lastDateInBillingPeriod', ZERO],
  ['/billjobs', 'lastDateInBillingPeriod', LAST],
  ['/billjobs', 'dueDate', ZERO],
  ['/bills/preview', 'billDate', ZERO],
  ['/bills/preview', 'lastDateInBillingPeriod', LAST],
  ['/dataexplorer/bills', 'startDate', ZERO],
  ['/usage/query', 'endDate', '9999-12-31T23:59:59-01:00'],
  ['/charges', 'billDate', ZERO],
  ['/contracts', 'startDate', `${ZERO}T00:00:00Z`],
  ['/commitments', 'endDate', ZERO],
  ['/accountplans', 'startDate', '0001-01-01T00:00:00+01:00'],
])('POST %s with %s %s is refused for it', async (path, field, value) => {
  const { status, body } = await server.request('POST', path, { [field]: value });
  const { errors } = body as { errors: readonly { field: string; message: string }[] };
  const found = errors.find((error) => error.field === field);
  expect([status, found?.message]).toEqual([400, expect.not.stringContaining('required')]);
});

test.each([['UTC'], ['Asia/Tokyo'], ['America/New_York']])(
  'the first and the last moment can be asked for in %s',
  async (timezone) => {
    const config = (await server.request('GET', '/organizationconfig')).body as Made;
    await server.request('PUT', '/organizationconfig', { ...config, timezone });
    const statuses: number[] = [];
    for (const startDate of ['0001-01-01', '0001-01-01T00:00:00Z', LAST]) {
      const range = { startDate, endDate: LAST_MOMENT };
      const bills = { ...range, lineItemTypes: ['USAGE'] };
      for (const [path, body] of [
        ['/dataexplorer/bills', bills],
        ['/dataexplorer/commitments/obligations', range],
        ['/dataexplorer/commitments/download/csv', range],
        ['/usage/query', range],
      ] as const) {
        statuses.push((await server.request('POST', path, body)).status);
      }
    }
    expect(new Set(statuses)).toEqual(new Set([200]));
  },
);

test('what would be stored as a date of another year is refused', async () => {
  const config = (await server.request('GET', '/organizationconfig')).body as Made;
  await server.request('PUT', '/organizationconfig', { ...config, timezone: 'Asia/Tokyo' });
  // 08:59:59 on 10000-01-01 in Tokyo
  const ending = { billingEntities: ['CONTRACT'], endDate: LAST_MOMENT };
  const ended = await server.request('PUT', `/accounts/${acme.id}/enddatebillingentities`, ending);
  expect(refusedField(ended)).toBe('400 VALIDATION_FAILED endDate');
  const service = { servicePeriodStartDate: LAST, servicePeriodEndDate: LAST_MOMENT };
  const terms = { billFrequency: 'MONTHLY', billFrequencyInterval: 1, billInAdvance: false };
  const fee = { name: 'Fee', code: 'fee', currency: 'USD', chargeDescription: 'Fee', amount: 5 };
  const path = `/balances/${balance.id}/balancechargeschedules`;
  const made = await server.request('POST', path, { ...fee, ...terms, ...service });
  expect(refusedField(made)).toBe('400 VALIDATION_FAILED servicePeriodStartDate');
});
