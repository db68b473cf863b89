import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

function post(path: string, key: string, body: string) {
  return server.raw('POST', `/organizations/${server.orgId}${path}`, {
    headers: {
      authorization: server.authorization,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    body,
  });
}

function product(code: string): string {
  return JSON.stringify({ name: 'Product', code });
}

async function products(code: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from product where code = ${code}`.execute(server.context.db);
  return rows[0]?.count ?? 0;
}

test('the same request with the same key gets the first answer and writes once', async () => {
  const first = await post('/products', 'a', product('a'));
  const second = await post('/products/', 'a', product('a'));
  expect([first.status, second.status]).toEqual([200, 200]);
  expect(second.body).toEqual(first.body);
  expect(await products('a')).toBe(1);
});

test('a first answer that was a refusal is given again', async () => {
  const body = JSON.stringify({ name: 'Meter', code: 'm', productId: server.orgId, dataFields: [] });
  const first = await post('/meters', 'refused', body);
  expect(first.status).toBe(400);
  expect(await post('/meters', 'refused', body)).toMatchObject({ status: 400, body: first.body });
});

test('another body with the same key is refused, on another path it is another key', async () => {
  await post('/products', 'b', product('b'));
  const other = await post('/products', 'b', product('b2'));
  expect(other).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  expect(await products('b2')).toBe(0);
  expect(await post('/picklists/creditreasons', 'b', '{"name":"Reason"}')).toMatchObject({ status: 200 });
});

test('of requests at once with one key, one writes and all get its answer', async () => {
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => post('/products', 'race', product('race'))),
  );
  const ids = new Set(answers.map(({ body }) => (body as { id: string }).id));
  expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200));
  expect(ids.size).toBe(1);
  expect(await products('race')).toBe(1);
});

test('a key is free again after a day and may have 255 characters', async () => {
  expect((await post('/products', 'k'.repeat(255), product('long'))).status).toBe(200);
  const tooLong = await post('/products', 'k'.repeat(256), product('longer'));
  expect(tooLong).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  await server.moveTo('2040-01-01T00:00:00Z');
  await post('/products', 'day', product('day'));
  await server.moveTo('2040-01-01T23:59:59Z');
  expect((await post('/products', 'day', product('day'))).status).toBe(200);
  await server.moveTo('2040-01-02T00:00:01Z');
  const later = await post('/products', 'day', product('day'));
  expect(later).toMatchObject({ status: 400, body: { code: 'DUPLICATE_CODE' } });
});

test('secrets in kept answers are sealed', async () => {
  const user = (await server.request('POST', '/serviceusers', { name: 'Importer' })).body as { id: string };
  const path = `/serviceusers/${user.id}/accesskeys`;
  const key = (await post(path, 'secret', '')).body as { apiSecret: string };
  expect((await post(path, 'secret', '')).body).toEqual(key);
  const { rows } = await sql<{ text: string }>`select t::text as text from idempotent_request t`.execute(
    server.context.db,
  );
  expect(rows.some(({ text }) => text.includes(key.apiSecret))).toBe(false);
});
