import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiClient, openClient } from '../../src/demo/api-client.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { faultRounds } from '../support/fault-rounds.ts';
import {
  emptyTally,
  expectOneEventEach,
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

const FAULTS: readonly Fault[] = ['answers lost', 'status 500', 'slow', 'refused'];
const LOAD_MS = 400;
const FAULT_MS = 900;

let folder: string;
let proxy: FaultProxy;
let server: ServerProcess;
let client: ApiClient;
let meterId: unknown;

beforeAll(async () => {
  await builtServer();
  folder = await mkdtemp(join(tmpdir(), 'meterbook-fault-'));
  const { databaseUrl, clickhouseUrl } = await freshStores();
  const place = new URL(clickhouseUrl);
  proxy = await startFaultProxy(Number.parseInt(place.port, 10));
  place.port = String(proxy.port);
  const access = await freshAccess();
  server = startServerProcess({
    ...serverEnvironment(access),
    METERBOOK_DATA_DIR: folder,
    DATABASE_URL: databaseUrl,
    CLICKHOUSE_URL: place.href,
  });
  await server.listening;
  client = await openClient(access);
  meterId = await loadMeter(client);
});
afterAll(async () => {
  server?.kill('SIGTERM');
  await server?.ended;
  await proxy?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('while ClickHouse fails all is accepted, and afterwards it is stored once', {
  timeout: 900_000,
}, async () => {
  const tally = emptyTally();
  for (let round = 0; round < faultRounds(); round += 1) {
    const load = startLoad([client], tally);
    await sleep(LOAD_MS * Math.random());
    proxy.cause(FAULTS[round % FAULTS.length] ?? 'refused');
    await sleep(FAULT_MS * (0.5 + Math.random()));
    proxy.cause('none');
    await load.stop();
    expect(await Promise.race([server.ended, sleep(0, null)]), 'the server goes on').toBeNull();
    await expectStoredOnce(client, meterId, tally);
  }
  expect([tally.refused, tally.unanswered], 'acceptance needs no ClickHouse').toEqual([[], []]);
  await expectOneEventEach(client, tally);
  await expectSameWhenSentAgain(client, meterId, tally);
});

test('a query that ClickHouse does not answer is a failure and not an empty answer', async () => {
  proxy.cause('status 500');
  const query = { startDate: '2020-01-01T00:00:00Z', endDate: '2030-01-01T00:00:00Z' };
  await expect(client.request('POST', '/usage/query', query)).rejects.toThrow(/answered 50\d/);
  proxy.cause('none');
  await expect(client.request('POST', '/usage/query', { ...query, limit: 1 })).resolves.toMatchObject({
    data: [{}],
  });
});
