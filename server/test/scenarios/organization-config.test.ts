import { afterAll, beforeAll, expect, test } from 'vitest';
import { account, created, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
});
afterAll(() => server.close());

async function configured(fields: object) {
  const { body } = await server.request('GET', '/organizationconfig');
  return server.request('PUT', '/organizationconfig', { ...(body as Made), ...fields });
}

test('an archived currency stays where it is and is refused as a new one', async () => {
  const euro = await created(server, '/picklists/currency', { name: 'Euro', code: 'EUR' });
  expect(await configured({ currency: 'EUR' })).toMatchObject({ status: 200 });
  await server.request('PUT', `/picklists/currency/${euro.id}`, { ...euro, archived: true });
  expect(await configured({ daysBeforeBillDue: 7 }), 'kept').toMatchObject({ status: 200 });
  expect(await configured({ currency: 'USD' })).toMatchObject({ status: 200 });
  expect(await configured({ currency: 'EUR' })).toMatchObject({
    status: 400,
    body: { code: 'REFERENCE_NOT_FOUND', errors: [{ field: 'currency', message: 'is archived' }] },
  });
});

const GRACE = 'autoApproveBillsGracePeriod';

// 36 500 days = 876 000 hours = 52 560 000 minutes: with more, what follows is in no year that can be stored.
test.each([
  ['daysBeforeBillDue', 36_500, 36_501, {}],
  ['daysBeforeBillDue', 1, 2_147_483_647, {}],
  [GRACE, 36_500, 36_501, { [`${GRACE}Unit`]: 'DAYS' }],
  [GRACE, 876_000, 876_001, { [`${GRACE}Unit`]: 'HOURS' }],
  [GRACE, 52_560_000, 52_560_001, { [`${GRACE}Unit`]: 'MINUTES' }],
])('%s of %i is taken and of %i refused with %j', async (field, taken, refused, fields) => {
  expect(await configured({ [field]: taken, ...fields })).toMatchObject({ status: 200 });
  expect(await configured({ [field]: refused, ...fields })).toMatchObject({
    status: 400,
    body: { code: 'VALIDATION_FAILED', errors: [{ field }] },
  });
});

test('the days until a bill of an account is due have the same limit', async () => {
  const acme = await account(server, { daysBeforeBillDue: 36_500 });
  const path = `/accounts/${acme.id}`;
  expect(await server.request('PUT', path, { ...acme, daysBeforeBillDue: 36_501 })).toMatchObject({
    status: 400,
    body: { code: 'VALIDATION_FAILED', errors: [{ field: 'daysBeforeBillDue' }] },
  });
});
