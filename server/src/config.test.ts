import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Environment, readEnv, urlAt } from './config.ts';
import { StartError } from './kernel/start-error.ts';

test('an empty environment gives the documented defaults', () => {
  expect(readEnv({})).toEqual({
    port: 8080,
    host: '127.0.0.1',
    dataDir: join(process.cwd(), 'data'),
    databaseUrl: null,
    clickhouseUrl: null,
    clickhouseCluster: null,
    filesUrl: null,
    hasFilesEndpoint: false,
    exports: { s3Endpoint: null, gcsTokenFile: null, gcsEndpoint: null },
    publicUrl: 'http://127.0.0.1:8080',
    mail: null,
    rateLimits: 'off',
    outboundAllow: [],
    secretKey: null,
    logLevel: 'info',
    bootstrap: { orgId: null, accessKeyId: null, apiSecret: null, email: null, password: null },
  });
});

test('empty and blank values count as absent', () => {
  expect(readEnv({ PORT: '', HOST: ' ', DATABASE_URL: '' })).toEqual(readEnv({}));
});

test.each<[string, Environment, object]>([
  ['a port', { PORT: '0' }, { port: 0 }],
  ['the highest port', { PORT: '65535' }, { port: 65_535 }],
  ['a relative folder', { METERBOOK_DATA_DIR: 'x' }, { dataDir: join(process.cwd(), 'x') }],
  ['a PostgreSQL URL', { DATABASE_URL: 'postgresql://u:p@h/d' }, { databaseUrl: 'postgresql://u:p@h/d' }],
  ['a ClickHouse URL', { CLICKHOUSE_URL: 'https://h:8443/d' }, { clickhouseUrl: 'https://h:8443/d' }],
  [
    'a cluster of ClickHouse servers',
    { CLICKHOUSE_URL: 'http://h:8123', METERBOOK_CLICKHOUSE_CLUSTER: 'usage-1' },
    { clickhouseCluster: 'usage-1' },
  ],
  ['a bucket', { FILES_URL: 's3://bucket/prefix' }, { filesUrl: 's3://bucket/prefix' }],
  [
    'a public URL without its slash',
    { METERBOOK_PUBLIC_URL: 'https://m.example/' },
    { publicUrl: 'https://m.example' },
  ],
  [
    'what may be sent to',
    { METERBOOK_OUTBOUND_ALLOW: 'Hooks.internal, 127.0.0.1,10.1.0.0/16,' },
    { outboundAllow: ['hooks.internal', '127.0.0.1', '10.1.0.0/16'] },
  ],
  ['the published limits', { METERBOOK_RATE_LIMITS: 'published' }, { rateLimits: 'published' }],
  [
    'an organization id in lower case',
    { METERBOOK_BOOTSTRAP_ORG_ID: '0198A5A0-0000-7000-8000-00000000000A' },
    { bootstrap: expect.objectContaining({ orgId: '0198a5a0-0000-7000-8000-00000000000a' }) },
  ],
])('takes %s', (_name, env, expected) => {
  expect(readEnv(env)).toMatchObject(expected);
});

test('own rate limits are a JSON object', () => {
  expect(
    String((readEnv({ METERBOOK_RATE_LIMITS: '{"ingest":0}' }).rateLimits as { ingest: unknown }).ingest),
  ).toBe('0');
});

describe('a bad value is refused with its name, and a URL is not repeated', () => {
  test.each<[string, Environment, string]>([
    ['a port with letters', { PORT: '80a' }, 'PORT must be a whole number from 0 to 65535, not "80a"'],
    [
      'a port that is too high',
      { PORT: '65536' },
      'PORT must be a whole number from 0 to 65535, not "65536"',
    ],
    [
      'no URL',
      { DATABASE_URL: 'h' },
      'DATABASE_URL is not a URL; it must begin with postgres:// or postgresql://',
    ],
    [
      'a foreign scheme',
      { DATABASE_URL: 'mysql://u:p@h' },
      'DATABASE_URL must begin with postgres:// or postgresql://',
    ],
    [
      'a native ClickHouse port',
      { CLICKHOUSE_URL: 'tcp://h:9000' },
      'CLICKHOUSE_URL must begin with http:// or https://',
    ],
    [
      'rate limits in words',
      { METERBOOK_RATE_LIMITS: 'on' },
      'METERBOOK_RATE_LIMITS must be off, published or a JSON object',
    ],
    [
      'rate limits as a list',
      { METERBOOK_RATE_LIMITS: '[]' },
      'METERBOOK_RATE_LIMITS must be off, published or a JSON object',
    ],
    [
      'a short secret',
      { METERBOOK_SECRET_KEY: 'short' },
      'METERBOOK_SECRET_KEY must have at least 16 characters',
    ],
    ['no UUID', { METERBOOK_BOOTSTRAP_ORG_ID: 'x' }, 'METERBOOK_BOOTSTRAP_ORG_ID must be a UUID, not "x"'],
  ])('%s', (_name, env, message) => {
    expect(() => readEnv(env)).toThrow(new StartError(message));
  });
});

test('an IPv6 address gets its brackets', () => {
  expect(urlAt('::1', 8080)).toBe('http://[::1]:8080');
});
