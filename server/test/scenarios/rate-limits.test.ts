import { afterAll, beforeAll, expect, test } from 'vitest';
import { rateLimitFigures } from '../../src/api/rate-limit-figures.ts';
import { clockSecondCounter, rollingCounter, tokenBuckets } from '../../src/api/request-counters.ts';
import { parseJson } from '../../src/kernel/json.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ config: { rateLimits: 'published' } });
});
afterAll(() => server.close());

test('60 config calls within one clock second: 50 are answered, the rest has to wait', async () => {
  await server.moveTo('2040-01-01T00:00:00.100Z');
  const headers = { authorization: server.authorization };
  const url = `/organizations/${server.orgId}/products`;
  const answers = await Promise.all(Array.from({ length: 60 }, () => server.raw('GET', url, { headers })));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBe(10);
  expect(refused[0]).toMatchObject({
    headers: { 'retry-after': '1' },
    body: { code: 'TOO_MANY_REQUESTS', message: expect.any(String) },
  });
  await server.moveTo('2040-01-01T00:00:01Z');
  expect((await server.raw('GET', url, { headers })).status).toBe(200);
});

test('strangers cannot use up the share of an organization', async () => {
  await server.moveTo('2040-01-01T00:01:00Z');
  const url = `/organizations/${server.orgId}/products`;
  await Promise.all(Array.from({ length: 60 }, () => server.raw('GET', url)));
  expect((await server.request('GET', '/products')).status).toBe(200);
});

test('after 20 wrong secrets the right one has to wait as well', async () => {
  const attempt = (secret: string) =>
    server.raw('POST', '/oauth/token', {
      headers: {
        authorization: `Basic ${Buffer.from(`${server.accessKeyId}:${secret}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: '{"grant_type":"client_credentials"}',
    });
  for (let i = 0; i < 20; i += 1) expect((await attempt('wrong')).status).toBe(401);
  const right = await attempt(server.apiSecret);
  expect(right).toMatchObject({ status: 429, body: { code: 'TOO_MANY_REQUESTS' } });
  expect(Number.parseInt((right.headers as Record<string, string>)['retry-after'] ?? '', 10)).toBeGreaterThan(
    800,
  );
});

test('a bucket gives its burst at once and then the sustained rate', () => {
  // 150 saved up, 50 more each second.
  const bucket = tokenBuckets(50, 150);
  const taken = (nowMs: number) => {
    let count = 0;
    while (bucket.waitSeconds('a', nowMs) === 0) {
      bucket.add('a', nowMs);
      count += 1;
    }
    return count;
  };
  expect([taken(0), taken(1000), taken(1020), taken(60_000)]).toEqual([150, 50, 1, 150]);
});

test('a clock second is closed once its count is reached, for that key only', () => {
  const counter = clockSecondCounter(2);
  for (const ms of [100, 200]) counter.add('a', ms);
  expect([
    counter.waitSeconds('a', 999),
    counter.waitSeconds('b', 999),
    counter.waitSeconds('a', 1000),
  ]).toEqual([1, 0, 0]);
});

test('five minutes roll: what is older than that no longer counts', () => {
  const counter = rollingCounter(3);
  for (const ms of [0, 100_000, 200_000]) counter.add('a', ms);
  // The first request leaves with its slot of five seconds, at 300 s.
  expect(counter.waitSeconds('a', 200_000)).toBe(100);
  expect(counter.waitSeconds('a', 299_999)).toBe(1);
  expect(counter.waitSeconds('a', 300_000)).toBe(0);
});

test.each([
  '{"config":-1}',
  '{"config":"many"}',
  '{"configs":1}',
  '{"config":{"perDay":1}}',
  '{"ingest":1.5}',
])('figures %s are refused', (text) => {
  expect(() => rateLimitFigures(parseJson(text) as never)).toThrow('METERBOOK_RATE_LIMITS');
});

test('own figures replace the published ones, 0 turns an API off', () => {
  const figures = rateLimitFigures(parseJson('{"config":{"burst":100},"ingest":0}') as never);
  expect(figures).toMatchObject({
    config: { perIp: 20_000, perOrg: 50, burst: 100 },
    ingest: { perIp: 0, perOrg: 0, burst: 0 },
    usageQuery: { perOrg: 2, burst: 20 },
  });
});
