import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { present } from '../../src/kernel/assert.ts';
import { freePort } from '../../src/store/embedded-postgres.ts';
import { pidIn } from '../../src/store/postgres-orphan.ts';
import {
  builtServer,
  processesOf,
  type ServerProcess,
  startServerProcess,
} from '../support/server-process.ts';

let folder: string;
let env: Record<string, string>;
const started: ServerProcess[] = [];

beforeAll(async () => {
  await builtServer();
  folder = await mkdtemp(join(tmpdir(), 'meterbook-start-'));
  env = { METERBOOK_DATA_DIR: join(folder, 'deep', 'data'), PORT: String(await freePort()) };
});
afterAll(async () => {
  for (const server of started) server.kill('SIGKILL');
  await Promise.all(started.map((server) => server.ended));
  await rm(folder, { recursive: true, force: true });
});

function serve(changes: Record<string, string> = {}): ServerProcess {
  const server = startServerProcess({ ...env, ...changes });
  started.push(server);
  return server;
}

async function stop(server: ServerProcess): Promise<void> {
  server.kill('SIGTERM');
  const ending = await server.ended;
  expect(ending).toMatchObject({ code: 0, signal: null, stderr: '' });
}

function dataDirectory(): string {
  return env['METERBOOK_DATA_DIR'] ?? '';
}

function url(path: string): string {
  return `http://127.0.0.1:${env['PORT']}${path}`;
}

async function statusOf(path: string): Promise<number> {
  return (await fetch(url(path))).status;
}

async function tokenStatus(welcome: string): Promise<number> {
  const [, id] = /access key id\s+(\S+)/.exec(welcome) ?? [];
  const [, secret] = /API secret\s+(\S+)/.exec(welcome) ?? [];
  const answer = await fetch(url('/oauth/token'), {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  return answer.status;
}

describe('one data directory over its life', () => {
  let welcome = '';
  let server: ServerProcess;

  test('a fresh directory is set up and the credentials are printed', async () => {
    server = serve();
    welcome = await server.listening;
    expect(welcome).toMatch(/organization\s+[0-9a-f-]{36}\n/);
    expect(await Promise.all([statusOf('/health'), statusOf('/readyz'), tokenStatus(welcome)])).toEqual([
      200, 200, 200,
    ]);
  });

  test('a second serve is refused with the pid of the first, which goes on', async () => {
    const ending = await serve({ PORT: String(await freePort()) }).ended;
    expect(ending).toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr: `meterbook: the data directory ${dataDirectory()} is in use by process ${server.pid}\n`,
    });
    expect(await statusOf('/readyz')).toBe(200);
  });

  test('SIGTERM ends it with code 0 and leaves no process and no lock', async () => {
    await stop(server);
    expect(processesOf(folder)).toEqual([]);
    expect(await readdir(dataDirectory())).not.toContain('lock');
  });

  test('a warm directory is ready within 10 s; its credentials still hold and stay secret', async () => {
    const begin = performance.now();
    server = serve();
    expect(await server.listening).not.toContain('secret');
    expect(await statusOf('/readyz')).toBe(200);
    expect(performance.now() - begin).toBeLessThan(10_000);
    expect(await tokenStatus(welcome)).toBe(200);
  });

  test('after kill -9 it starts again and knows what it knew', async () => {
    server.kill('SIGKILL');
    await server.ended;
    server = serve();
    await server.listening;
    expect(await tokenStatus(welcome)).toBe(200);
  });

  test('after kill -9 of it and of its database server it starts again as well', async () => {
    process.kill(databasePid(), 'SIGKILL');
    server.kill('SIGKILL');
    await server.ended;
    server = serve();
    await server.listening;
    expect(await tokenStatus(welcome)).toBe(200);
  });

  test('when its database server dies, it says so and ends', async () => {
    process.kill(databasePid(), 'SIGKILL');
    expect(await server.ended).toMatchObject({
      code: 1,
      stderr: 'meterbook: the built-in PostgreSQL ended by itself\n',
    });
    expect(processesOf(folder)).toEqual([]);
  });

  test('SIGINT during the start takes effect as well', async () => {
    server = serve();
    await expect.poll(() => processesOf(folder).length, { timeout: 20_000 }).toBeGreaterThan(0);
    server.kill('SIGINT');
    expect(await server.ended).toMatchObject({ code: 0, stderr: '' });
    expect(processesOf(folder)).toEqual([]);
  });
});

function databasePid(): number {
  return present(pidIn(join(dataDirectory(), 'postgres', 'postmaster.pid')), 'the database server');
}

describe('a start that cannot succeed', () => {
  let occupant: Server;
  let occupied: number;

  beforeAll(async () => {
    occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
    const address = occupant.address();
    occupied = typeof address === 'object' && address !== null ? address.port : 0;
    await writeFile(join(folder, 'file'), '');
  });
  afterAll(() => occupant.close());

  test.each([
    [
      'a taken port',
      () => ({ PORT: String(occupied) }),
      /^meterbook: port \d+ of 127\.0\.0\.1 .* it is in use\n$/,
    ],
    [
      'an unreachable DATABASE_URL',
      () => ({ DATABASE_URL: 'postgres://user:hidden@127.0.0.1:1/db' }),
      /^meterbook: PostgreSQL at 127\.0\.0\.1:1\/db cannot be reached: .*ECONNREFUSED.*\n$/,
    ],
    [
      'an unreachable CLICKHOUSE_URL',
      () => ({ CLICKHOUSE_URL: 'http://user:hidden@127.0.0.1:1/db' }),
      /^meterbook: ClickHouse at 127\.0\.0\.1:1\/db cannot be reached: .*ECONNREFUSED.*\n$/,
    ],
    [
      'a data directory that cannot be made',
      () => ({ METERBOOK_DATA_DIR: join(folder, 'file', 'data') }),
      /^meterbook: the data directory .* is not writable: .*\n$/,
    ],
    ['a bad value', () => ({ PORT: 'http' }), /^meterbook: PORT must be .*\n$/],
  ])('%s is told in one line with code 1, and nothing is left running', async (_name, changes, line) => {
    const ending = await serve(changes()).ended;
    expect(ending).toMatchObject({ code: 1, signal: null });
    expect(ending.stderr).toMatch(line);
    expect(ending.stderr).not.toContain('hidden');
    expect(processesOf(folder)).toEqual([]);
  });
});
