import { afterAll, beforeAll, expect, test } from 'vitest';
import { account, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

// Nobody works in this server, so that jobs wait.
let server: TestServer;
let acme: Made;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
  acme = await account(server);
});
afterAll(() => server.close());

function start() {
  return server.request('POST', '/billjobs', {
    accountIds: [acme.id],
    lastDateInBillingPeriod: '2024-05-31',
  });
}

test('the eleventh unfinished job is refused, also when all come at the same time', async () => {
  const answers = await Promise.all(Array.from({ length: 13 }, start));
  const statuses = answers.map(({ status }) => status).sort();
  expect(statuses).toEqual([...Array.from({ length: 10 }, () => 200), 429, 429, 429]);
  const refused = answers.find(({ status }) => status === 429);
  expect(refused).toMatchObject({ body: { code: 'TOO_MANY_REQUESTS' }, headers: { 'retry-after': '1' } });
});

test('a cancelled job makes room for another', async () => {
  const { body } = await server.request('GET', '/billjobs?active=true&pageSize=1');
  const [job] = (body as { data: Made[] }).data;
  const cancelled = await server.request('POST', `/billjobs/${job?.id}/cancel`);
  expect(cancelled).toMatchObject({ status: 200, body: { status: 'CANCELLED', version: 2 } });
  expect(await start()).toMatchObject({ status: 200 });
  const listed = await server.request('GET', '/billjobs?status=CANCELLED');
  expect((listed.body as { data: Made[] }).data.map(({ id }) => id)).toEqual([job?.id]);
});
