import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { postOut } from './http-out.ts';

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function listen(listener: RequestListener): Promise<string> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const address = started.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/hook`;
}

const limits = { timeoutMs: 2_000, maxAnswerBytes: 1_000, allowed: ['127.0.0.1'] };

test('the request arrives as it was made, and its answer comes back', async () => {
  const url = await listen((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      response.writeHead(202, { 'retry-after': '7' });
      response.end(`${request.method} ${request.url} ${request.headers['x-key']} ${body}`);
    });
  });
  const outcome = await postOut({ url, headers: { 'x-key': 'k' }, body: '{"a":"ä"}' }, limits);
  expect(outcome).toEqual({
    kind: 'answer',
    status: 202,
    retryAfter: '7',
    body: 'POST /hook k {"a":"ä"}',
  });
});

test('a redirect is not followed', async () => {
  let calls = 0;
  const url = await listen((_request, response) => {
    calls += 1;
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  expect(await postOut({ url, headers: {}, body: '' }, limits)).toMatchObject({ status: 302 });
  expect(calls).toBe(1);
});

test('of an endless answer only the beginning is read', async () => {
  const url = await listen((_request, response) => {
    const write = () => {
      if (!response.destroyed && response.write('x'.repeat(600))) setImmediate(write);
    };
    write();
  });
  const outcome = await postOut({ url, headers: {}, body: '' }, limits);
  expect(outcome.kind === 'answer' && outcome.body.length).toBe(1_000);
});

test('a silent server is given up on', async () => {
  const url = await listen(() => {});
  const outcome = await postOut({ url, headers: {}, body: '' }, { ...limits, timeoutMs: 50 });
  expect(outcome).toEqual({ kind: 'timeout', message: 'no answer within 50 ms' });
});

test('an answer that stops half way is given up on too', async () => {
  const url = await listen((_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half');
  });
  expect(await postOut({ url, headers: {}, body: '' }, { ...limits, timeoutMs: 200 })).toMatchObject({
    kind: 'timeout',
  });
});

test('a closed port is a failure', async () => {
  const url = await listen(() => {});
  await new Promise((resolve) => server?.close(resolve));
  expect(await postOut({ url, headers: {}, body: '' }, limits)).toEqual({
    kind: 'failure',
    message: 'ECONNREFUSED',
  });
});

test('a host that cannot be found is a failure, which may pass', async () => {
  const url = 'https://no-such-host.invalid/hook';
  expect(await postOut({ url, headers: {}, body: '' }, limits)).toEqual({
    kind: 'failure',
    message: 'no-such-host.invalid cannot be found',
  });
});

test('an internal address that is not allowed is never connected to', async () => {
  let calls = 0;
  const url = await listen((_request, response) => {
    calls += 1;
    response.end();
  });
  for (const target of [url, url.replace('127.0.0.1', 'localhost'), 'https://169.254.169.254/']) {
    const outcome = await postOut({ url: target, headers: {}, body: '' }, { ...limits, allowed: [] });
    expect(outcome).toMatchObject({ kind: 'forbidden' });
  }
  expect(calls).toBe(0);
});
