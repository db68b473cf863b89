import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Access, type ApiClient, openClient } from '../../src/demo/api-client.ts';
import { freePort } from '../../src/store/embedded-postgres.ts';
import { faultRounds } from '../support/fault-rounds.ts';
import {
  emptyTally,
  expectSameWhenSentAgain,
  expectStoredOnce,
  loadMeter,
  startLoad,
} from '../support/measurement-load.ts';
import {
  builtServer,
  freshAccess,
  type ServerProcess,
  serverEnvironment,
  startServerProcess,
} from '../support/server-process.ts';
import { freshStores } from '../support/stores.ts';

const LOAD_MS = 1_000;

let folder: string;
let environment: Record<string, string>;
let access: Access;
let apis: ServerProcess[] = [];
let workers: ServerProcess[] = [];
let clients: ApiClient[];

/** All processes share one PostgreSQL, one ClickHouse over HTTP and one folder with the key and the files. */
beforeAll(async () => {
  await builtServer();
  folder = await mkdtemp(join(tmpdir(), 'meterbook-scale-'));
  const { databaseUrl, clickhouseUrl } = await freshStores();
  access = await freshAccess();
  const stores = { DATABASE_URL: databaseUrl, CLICKHOUSE_URL: clickhouseUrl, METERBOOK_DATA_DIR: folder };
  environment = { ...serverEnvironment(access), ...stores };
  const second = { ...access, baseUrl: `http://127.0.0.1:${await freePort()}` };
  apis = [access, second].map(({ baseUrl }) => startOnly('api', { PORT: new URL(baseUrl).port }));
  workers = [startOnly('work'), startOnly('work')];
  await Promise.all([...apis, ...workers].map(({ listening }) => listening));
  clients = await Promise.all([access, second].map(openClient));
});
afterAll(async () => {
  for (const server of [...apis, ...workers]) server.kill('SIGTERM');
  await Promise.all([...apis, ...workers].map(({ ended }) => ended));
  await rm(folder, { recursive: true, force: true });
});

function startOnly(role: 'api' | 'work', changes: Record<string, string> = {}): ServerProcess {
  return startServerProcess({ ...environment, ...changes }, ['--only', role]);
}

test('what two API processes accept twice is stored once, though workers are killed', {
  timeout: 900_000,
}, async () => {
  const [client] = clients as [ApiClient];
  const meterId = await loadMeter(client);
  const tally = emptyTally();
  for (let round = 0; round < faultRounds(); round += 1) {
    const load = startLoad(clients, tally);
    await sleep(LOAD_MS * Math.random());
    const [killed] = workers.splice(0, 1);
    killed?.kill('SIGKILL');
    await sleep(LOAD_MS * Math.random());
    await load.stop();
    await killed?.ended;
    workers.push(startOnly('work'));
    await expectStoredOnce(client, meterId, tally);
  }
  expect([tally.refused, tally.unanswered], 'the API processes go on').toEqual([[], []]);
  await expectSameWhenSentAgain(client, meterId, tally);
});

test('a token of one process is good for the other, and what one writes the other reads', async () => {
  const [first, second] = clients as [ApiClient, ApiClient];
  const made = await first.request('POST', '/products', { name: 'Shared', code: 'shared' });
  const answer = await fetch(
    `${second.access.baseUrl}/organizations/${access.orgId}/products/${String(made['id'])}`,
    { headers: { authorization: first.authorization } },
  );
  expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ code: 'shared' })]);
});
