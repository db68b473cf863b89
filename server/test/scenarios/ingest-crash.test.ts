import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiClient, openClient } from '../../src/demo/api-client.ts';
import { pidIn } from '../../src/store/postgres-orphan.ts';
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

const QUICKEST_KILL_MS = 100;
const SLOWEST_KILL_MS = 1_500;

let folder: string;
let environment: Record<string, string>;
let server: ServerProcess;
let client: ApiClient;
let meterId: unknown;

beforeAll(async () => {
  await builtServer();
  folder = await mkdtemp(join(tmpdir(), 'meterbook-crash-'));
  const access = await freshAccess();
  environment = { ...serverEnvironment(access), METERBOOK_DATA_DIR: folder };
  await start();
  client = await openClient(access);
  meterId = await loadMeter(client);
});
afterAll(async () => {
  server?.kill('SIGTERM');
  await server?.ended;
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  server = startServerProcess(environment);
  await server.listening;
}

/** Kills the server at once, and its database with it when asked. */
async function killAll(withDatabase: boolean): Promise<void> {
  const database = pidIn(join(folder, 'postgres', 'postmaster.pid'));
  server.kill('SIGKILL');
  if (withDatabase && database !== null) process.kill(database, 'SIGKILL');
  await server.ended;
}

test('what was accepted is stored once, however often the server is killed', {
  timeout: 900_000,
}, async () => {
  const tally = emptyTally();
  for (let round = 0; round < faultRounds(); round += 1) {
    const load = startLoad([client], tally);
    await sleep(QUICKEST_KILL_MS + Math.random() * (SLOWEST_KILL_MS - QUICKEST_KILL_MS));
    await killAll(round % 2 === 1);
    await load.stop();
    await start();
    await expectStoredOnce(client, meterId, tally);
  }
  expect(tally.accepted.length).toBeGreaterThan(faultRounds());
  await settled(client);
  await expectOneEventEach(client, tally);
  await expectSameWhenSentAgain(client, meterId, tally);
});
