import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiClient, openClient } from '../../src/demo/api-client.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts';
import { pidIn } from '../../src/store/postgres-orphan.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { faultRounds } from '../support/fault-rounds.ts';
import {
  emptyTally,
  expectOneEventEach,
  expectSameWhenSentAgain,
  expectStoredOnce,
  loadMeter,
  settled,
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

const LOAD_MS = 800;
/** Most outages are short, some last until the worker of the queue gives up its sessions. */
const OUTAGE_MS = 4_000;

let folder: string;
let postgres: EmbeddedPostgres;
let proxy: FaultProxy;
let server: ServerProcess;
let client: ApiClient;
let meterId: unknown;

beforeAll(async () => {
  await builtServer();
  folder = await mkdtemp(join(tmpdir(), 'meterbook-fault-'));
  postgres = await startEmbeddedPostgres({ dataDir: folder });
  const place = new URL(postgres.url);
  proxy = await startFaultProxy(portOf(postgres));
  place.port = String(proxy.port);
  const { clickhouseUrl } = await freshStores();
  const access = await freshAccess();
  server = startServerProcess({
    ...serverEnvironment(access),
    METERBOOK_DATA_DIR: join(folder, 'server'),
    DATABASE_URL: place.href,
    CLICKHOUSE_URL: clickhouseUrl,
  });
  await server.listening;
  client = await openClient(access);
  meterId = await loadMeter(client);
});
afterAll(async () => {
  server?.kill('SIGTERM');
  await server?.ended;
  await proxy?.stop();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

function portOf({ url }: EmbeddedPostgres): number {
  return Number.parseInt(new URL(url).port, 10);
}

/** Stops it in an orderly way, by a crash, or only the way to it. */
const outages: readonly (() => Promise<void>)[] = [
  () => postgres.stop(),
  async () => {
    const pid = pidIn(join(folder, 'postgres', 'postmaster.pid'));
    if (pid !== null) process.kill(pid, 'SIGQUIT');
    await postgres.ended;
  },
  async () => proxy.cause('refused'),
  async () => proxy.cause('answers lost'),
];

/** It comes back on another port, behind the same address. */
async function restore(isRunning: boolean): Promise<void> {
  if (!isRunning) postgres = await startEmbeddedPostgres({ dataDir: folder });
  proxy.target = portOf(postgres);
  proxy.cause('none');
}

test('while PostgreSQL is away nothing is accepted, and what was accepted is stored once', {
  timeout: 900_000,
}, async () => {
  const tally = emptyTally();
  for (let round = 0; round < faultRounds(); round += 1) {
    const kind = round % outages.length;
    const load = startLoad([client], tally);
    await sleep(LOAD_MS * Math.random());
    await outages[kind]?.();
    await sleep(OUTAGE_MS * Math.random() ** 3);
    await restore(kind > 1);
    await load.stop();
    expect(await Promise.race([server.ended, sleep(0, null)]), 'the server goes on').toBeNull();
    await expectStoredOnce(client, meterId, tally);
  }
  expect(tally.refused.length, 'submissions that were told').toBeGreaterThan(0);
  expect(tally.unanswered, 'the server itself was there').toEqual([]);
  await settled(client);
  await expectOneEventEach(client, tally);
  await expectSameWhenSentAgain(client, meterId, tally);
});
