import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../kernel/start-error.ts';
import { launchAs } from './postgres-account.ts';
import { type Cluster, clusterIn, environmentOf, lastLine, prepareCluster } from './postgres-cluster.ts';
import { stopOrphan } from './postgres-orphan.ts';

/** A private PostgreSQL server of this process. */
export type EmbeddedPostgres = {
  /** Connects as the owner of everything, to the database `postgres`. */
  readonly url: string;
  /** Resolves when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends all sessions and stops the server; its data is complete on disk afterwards. */
  stop(): Promise<void>;
};

/** `durable: false` trades safety against power loss for speed: for tests only. */
export type EmbeddedPostgresOptions = { readonly dataDir: string; readonly durable?: boolean };

const START_TRIES = 3;
/** After a crash under load, minutes of log have to be read again. */
const START_TIMEOUT_MS = 600_000;
const STOP_TIMEOUT_MS = 20_000;

/**
 * Starts the private server under the data directory: made when absent, recovered by PostgreSQL itself when
 * it was killed, and stopped first when it outlived its previous owner. The caller holds the data directory's
 * lock. Throws `StartError` with the server's own last word when it does not come up.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const cluster = clusterIn(options.dataDir);
  prepareCluster(cluster);
  await stopOrphan(cluster.dir);
  const { child, port } = await startOnFreePort(cluster, options.durable ?? true);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const password = encodeURIComponent(readFileSync(cluster.passwordFile, 'utf8').trim());
  return {
    url: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`,
    ended,
    stop: () => stopServer(child, ended),
  };
}

type Started = { readonly child: ChildProcess; readonly port: number };

/** Somebody may take the free port before the server does; then another one is tried. */
async function startOnFreePort(cluster: Cluster, durable: boolean): Promise<Started> {
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const child = startServer(cluster, serverArgs(cluster, { port, durable }));
    const failure = await readiness(cluster, child);
    if (failure === null) return { child, port };
    if (tries >= START_TRIES || !failure.includes('listen')) {
      throw new StartError(`the built-in PostgreSQL did not start: ${failure} (see ${cluster.logFile})`);
    }
  }
}

/** A port of the loopback interface that nothing listens on at this moment. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/**
 * TCP on the loopback interface with a password: a socket's path may be too long below a deep data directory.
 */
function serverArgs(cluster: Cluster, run: { readonly port: number; readonly durable: boolean }): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(run.port),
    unix_socket_directories: '',
    max_connections: '120',
    shared_buffers: `${buffersMb(memoryOfMachine())}MB`,
    max_wal_size: '6GB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    jit: 'off',
    // New tables grow from nothing to thousands of rows within seconds; sessions keep the plans of the start.
    autovacuum_naptime: '2s',
    autovacuum_analyze_scale_factor: '0.5',
    logging_collector: 'off',
    // After a restart, what the buffers held is read again before measurements need it page by page.
    shared_preload_libraries: 'pg_prewarm',
    fsync: run.durable ? 'on' : 'off',
    synchronous_commit: run.durable ? 'on' : 'off',
    full_page_writes: run.durable ? 'on' : 'off',
  };
  return [
    '-D',
    cluster.dir,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/**
 * Uids are spread over their whole index (0.6 GB for 20 million): a page that is in no buffer is read and
 * written for each, and goes to the log whole after a checkpoint.
 */
function buffersMb(memoryBytes: number): number {
  return Math.min(768, Math.max(128, Math.floor(memoryBytes / 16 / 1024 / 1024)));
}

/** In bytes; within a container what it may use. */
function memoryOfMachine(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}

function startServer(cluster: Cluster, args: readonly string[]): ChildProcess {
  const log = openSync(cluster.logFile, 'w', 0o600);
  try {
    const launch = launchAs(cluster.account, cluster.binaries.postgres, args);
    const child = spawn(launch.command, launch.args, {
      ...launch.options,
      env: environmentOf(cluster.binaries),
      stdio: ['ignore', log, log],
    });
    child.on('error', () => {});
    return child;
  } finally {
    closeSync(log);
  }
}

/** Waits until the server takes connections: null; or why it will not. */
async function readiness(cluster: Cluster, child: ChildProcess): Promise<string | null> {
  const end = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < end) {
    if (hasEnded(child))
      return lastLine(readFileSync(cluster.logFile, 'utf8')) ?? `it ended with ${child.exitCode}`;
    if (isReady(cluster, child)) return null;
    await sleep(10);
  }
  child.kill('SIGQUIT');
  return `it was not ready within ${START_TIMEOUT_MS / 1000} s`;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

/** Line 1 of postmaster.pid is the server, line 8 its state: the same that `pg_ctl --wait` looks at. */
function isReady(cluster: Cluster, child: ChildProcess): boolean {
  try {
    const lines = readFileSync(join(cluster.dir, 'postmaster.pid'), 'utf8').split('\n');
    return lines[0]?.trim() === String(child.pid) && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

async function stopServer(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (hasEnded(child)) return;
  child.kill('SIGINT');
  if (await endsWithin(ended, STOP_TIMEOUT_MS)) return;
  child.kill('SIGQUIT');
  await ended;
}

async function endsWithin(ended: Promise<void>, timeoutMs: number): Promise<boolean> {
  const timer = new AbortController();
  const timeout = sleep(timeoutMs, false, { signal: timer.signal }).catch(() => false);
  const first = await Promise.race([ended.then(() => true), timeout]);
  timer.abort();
  return first;
}
