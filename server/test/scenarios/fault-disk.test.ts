import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Access, type ApiClient, openClient } from '../../src/demo/api-client.ts';
import { faultRounds } from '../support/fault-rounds.ts';
import {
  emptyTally,
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

const DISK_MB = 700;
/** What a round leaves free: sometimes nothing, sometimes enough to go on for a moment. */
const LEFT_KB = [0, 64, 2_000] as const;
const LOAD_MS = 400;
const FULL_MS = 1_500;

const folder = mkdtempSync(join(tmpdir(), 'meterbook-disk-'));
const ballast = join(folder, 'ballast');
const isMounted = mounted();
let access: Access;
let environment: Record<string, string>;
let server: ServerProcess | null = null;
let client: ApiClient;
let meterId: unknown;

/** A file system of its own in memory needs the rights of root. */
function mounted(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

beforeAll(async () => {
  if (!isMounted) return;
  await builtServer();
  access = await freshAccess();
  environment = { ...serverEnvironment(access), METERBOOK_DATA_DIR: join(folder, 'data') };
  await running();
  client = await openClient(access);
  meterId = await loadMeter(client);
});
afterAll(async () => {
  server?.kill('SIGTERM');
  await server?.ended;
  if (isMounted) execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the server unless it runs: without room, PostgreSQL may give up and the server ends with it. */
async function running(): Promise<void> {
  let hasEnded = server === null;
  void server?.ended.then(() => {
    hasEnded = true;
  });
  while (!hasEnded) {
    if (await isReady()) return;
    await sleep(100);
  }
  server = startServerProcess(environment);
  await server.listening;
}

async function isReady(): Promise<boolean> {
  return fetch(`${access.baseUrl}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  );
}

function fillDisk(leftKb: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const bytes = Math.max(0, bavail * bsize - leftKb * 1024);
  try {
    writeFileSync(ballast, Buffer.alloc(bytes));
  } catch (error) {
    // The server writes at the same time, so the disk may be full a little sooner.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

test.skipIf(!isMounted)(
  `on a full disk nothing is lost (${isMounted ? 'a tmpfs' : 'skipped: no file system can be mounted here'})`,
  { timeout: 900_000 },
  async () => {
    const tally = emptyTally();
    for (let round = 0; round < faultRounds(); round += 1) {
      const load = startLoad([client], tally);
      await sleep(LOAD_MS);
      fillDisk(LEFT_KB[round % LEFT_KB.length] ?? 0);
      await sleep(FULL_MS);
      if (existsSync(ballast)) rmSync(ballast);
      await load.stop();
      await running();
      await expectStoredOnce(client, meterId, tally);
    }
    expect(tally.refused.length + tally.unanswered.length, 'the disk was full').toBeGreaterThan(0);
    await settled(client);
    await expectSameWhenSentAgain(client, meterId, tally);
  },
);
