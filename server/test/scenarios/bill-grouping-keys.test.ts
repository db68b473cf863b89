import { afterAll, beforeAll, expect, test } from 'vitest';
import { account, created, freshCode, type Made } from '../support/configured.ts';
import { type Answer, startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

function groupingKey(exclusive: boolean): Promise<Made> {
  return created(server, '/picklists/billgroupingkeys', { name: 'Cloud', code: freshCode('key'), exclusive });
}

async function sign(key: Made): Promise<Answer> {
  const { id: accountId } = await account(server);
  const terms = { accountId, name: 'Terms', startDate: '2024-01-01', endDate: '2025-01-01' };
  return server.request('POST', '/contracts', { ...terms, billGroupingKeyId: key.id });
}

function makeExclusive(key: Made): Promise<Answer> {
  return server.request('PUT', `/picklists/billgroupingkeys/${key.id}`, { ...key, exclusive: true });
}

test('a key that two contracts hold does not become exclusive', async () => {
  const key = await groupingKey(false);
  for (const contract of [await sign(key), await sign(key)]) expect(contract).toMatchObject({ status: 200 });
  expect(await makeExclusive(key)).toMatchObject({
    status: 400,
    body: { code: 'DUPLICATE', errors: [{ field: 'exclusive' }] },
  });
  const { body } = await server.request('GET', `/picklists/billgroupingkeys/${key.id}`);
  expect(body).toMatchObject({ exclusive: false, version: 1 });
});

test('with one contract it does, and then takes no second one', async () => {
  const key = await groupingKey(false);
  expect(await sign(key)).toMatchObject({ status: 200 });
  expect(await makeExclusive(key)).toMatchObject({ status: 200, body: { exclusive: true } });
  expect(await sign(key)).toMatchObject({ status: 400, body: { code: 'DUPLICATE' } });
});

test.each([1, 2, 3, 4])(
  'of a second contract and exclusiveness at the same time one is refused (%i)',
  async () => {
    const key = await groupingKey(false);
    expect(await sign(key)).toMatchObject({ status: 200 });
    const answers = await Promise.all([sign(key), makeExclusive(key)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
  },
);
