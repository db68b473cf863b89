import { connect } from 'node:net';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { created } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ role: 'api', config: { logLevel: 'silent' } });
});
afterAll(() => server.close());

/** Everything that comes back on a connection of its own. */
function sentBytes(text: string): Promise<string> {
  const { hostname, port } = new URL(server.address);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number.parseInt(port, 10) }, () => socket.write(text));
    let received = '';
    socket.on('data', (bytes) => {
      received += String(bytes);
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}

test.each([
  ['a line that is none', 'HELLO\r\n\r\n'],
  ['a header without a name', 'GET /health HTTP/1.1\r\nhost: x\r\n: y\r\n\r\n'],
  ['headers that are too long', `GET /health HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`],
  ['two different lengths', 'POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-length: 1, 2\r\n\r\n{}'],
])('%s is refused in JSON and the connection ends', async (_, text) => {
  const [head = '', body = ''] = (await sentBytes(text)).split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 400 /);
  expect(head).toMatch(/content-type: application\/json/i);
  expect(head).toMatch(/x-request-id: [0-9a-f-]{36}/i);
  expect(JSON.parse(body)).toEqual({ message: expect.any(String), code: 'VALIDATION_FAILED' });
});

test('a failure before anything was written may be tried again', async () => {
  const { id } = await created(server, '/products', { name: 'Product', code: 'p' });
  await sql`alter table audit_entry add constraint broken check (false) not valid`.execute(server.context.db);
  const answer = await server.request('DELETE', `/products/${id}`);
  await sql`alter table audit_entry drop constraint broken`.execute(server.context.db);
  expect(answer.status).toBe(500);
  expect((answer as { headers?: object }).headers).not.toHaveProperty('x-should-retry');
  expect(await server.request('GET', `/products/${id}`)).toMatchObject({ status: 200 });
});

test('a failure after something was written must not be tried again', async () => {
  Object.assign(server.context.files, { uploadLink: () => Promise.reject(new Error('the disk is gone')) });
  const body = { fileName: 'a.json', contentType: 'application/json', contentLength: 10 };
  const answer = await server.request('POST', '/fileuploads/measurements/generateUploadUrl', body);
  expect(answer).toMatchObject({ status: 500, headers: { 'x-should-retry': 'false' } });
});
