import { afterAll, beforeAll, expect, test } from 'vitest';
import { created, type Made } from '../support/configured.ts';
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
