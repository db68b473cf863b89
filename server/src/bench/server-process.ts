import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Access } from '../demo/api-client.ts';

/** A server of the product in a process of its own, on a fresh data directory that `stop` removes. */
export type ServerProcess = {
  readonly access: Access;
  /** Resident memory of the server and its stores, now. */
  residentMb(): Promise<number>;
  stop(): Promise<void>;
};

/** What is done to the data directory before the server starts on it. */
export type Preparation = (dataDir: string, orgId: string) => Promise<void>;

/** Starts `node MAIN ARGUMENTS` (MAIN beside this file); resolves when it answers on `/readyz`. */
export async function startServerProcess(
  entry: string,
  args: readonly string[],
  prepare?: Preparation,
): Promise<ServerProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'meterbook-bench-'));
  const port = await freePort();
  const access = {
    baseUrl: `http://127.0.0.1:${port}`,
    orgId: randomUUID(),
    accessKeyId: 'bench',
    apiSecret: randomUUID(),
  };
  await prepare?.(dataDir, access.orgId);
  const main = fileURLToPath(new URL(entry, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, main, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: environment(access, { port, dataDir }),
  });
  await ready(child, access.baseUrl);
  return {
    access,
    residentMb: () => residentMbOf(child.pid ?? 0),
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function environment(access: Access, place: { port: number; dataDir: string }): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    PORT: String(place.port),
    METERBOOK_DATA_DIR: place.dataDir,
    METERBOOK_BOOTSTRAP_ORG_ID: access.orgId,
    METERBOOK_BOOTSTRAP_ACCESS_KEY_ID: access.accessKeyId,
    METERBOOK_BOOTSTRAP_API_SECRET: access.apiSecret,
    METERBOOK_LOG_LEVEL: 'warn',
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function ready(child: ChildProcess, baseUrl: string): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (child.exitCode !== null) throw new Error('the server ended before it was ready');
    const answer = await fetch(`${baseUrl}/readyz`).catch(() => null);
    if (answer?.status === 200) return;
    await sleep(100);
  }
  throw new Error('the server was not ready within a minute');
}

/** Sums the memory of a process and everything below it: what belongs to each alone (Pss), in megabytes. */
async function residentMbOf(root: number): Promise<number> {
  const parents = new Map<number, number>();
  const resident = new Map<number, number>();
  for (const entry of await readdir('/proc')) {
    const pid = Number.parseInt(entry, 10);
    if (!(pid > 0)) continue;
    parents.set(pid, await figureOf(`/proc/${pid}/status`, /PPid:\s*(\d+)/));
    resident.set(pid, await figureOf(`/proc/${pid}/smaps_rollup`, /Pss:\s*(\d+)/));
  }
  const below = (pid: number): boolean => pid === root || (pid > 1 && below(parents.get(pid) ?? 0));
  let totalKb = 0;
  for (const [pid, kb] of resident) if (below(pid)) totalKb += kb;
  return Math.round(totalKb / 1024);
}

async function figureOf(path: string, pattern: RegExp): Promise<number> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return Number.parseInt(pattern.exec(text)?.[1] ?? '0', 10);
}
