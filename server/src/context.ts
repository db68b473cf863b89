import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import type { FastifyBaseLogger } from 'fastify';
import type pg from 'pg';
import { pino } from 'pino';
import type { Config } from './config.ts';
import { currentInstant, type Instant } from './kernel/time.ts';
import { type DiskFiles, diskFiles } from './ports/files/disk-files.ts';
import type { FileStore } from './ports/files/file-store.ts';
import { type Mailer, openMailer } from './ports/mail.ts';
import { openClickHouse } from './store/clickhouse.ts';
import { lockDataDirectory, openDataDirectory, openSecretKey } from './store/data-directory.ts';
import type { Db } from './store/database.ts';
import { startEmbeddedPostgres } from './store/embedded-postgres.ts';
import { isMigrated } from './store/migrate.ts';
import { checkPostgres, openDb, openDriverPool, openPool } from './store/postgres.ts';

/**
 * What every part of the product works with; opened once per process. Each request gets a copy with a `db` of
 * its own that notes its commits, so what is remembered from one to the next hangs on the pool.
 */
export type Context = {
  readonly config: Config;
  readonly db: Db;
  readonly pool: pg.Pool;
  /** A further pool on the same PostgreSQL that speaks the driver's own types. Who opens it closes it. */
  driverPool(max: number): pg.Pool;
  /** How others connect to the same PostgreSQL; carries a password. */
  readonly databaseUrl: string;
  /** True when no other process can use this PostgreSQL. */
  readonly ownsDatabase: boolean;
  readonly clickhouse: ClickHouseClient;
  readonly files: FileStore;
  /** The same files when they are on this machine, where our own server carries out their links. */
  readonly diskFiles: DiskFiles | null;
  /** Null when there is no mail server. */
  readonly mail: Mailer | null;
  readonly log: FastifyBaseLogger;
  readonly clock: Clock;
  /** 32 bytes. */
  readonly secretKey: Buffer;
  close(): Promise<void>;
};

export type Clock = { now(): Instant };

export type ContextOptions = {
  readonly clock?: Clock;
  /** Told when a built-in store ends by itself: nothing works any more. */
  readonly onFailure?: (reason: string) => void;
};

type Cleanup = (() => void | Promise<void>)[];

/**
 * Opens the data directory and both stores, built-in or external. What was opened is closed again when a
 * later part fails. Throws `StartError` for everything that the operator can put right.
 */
export async function openContext(config: Config, options: ContextOptions = {}): Promise<Context> {
  const cleanup: Cleanup = [];
  const close = async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  };
  try {
    const log = pino({ level: config.logLevel }) as FastifyBaseLogger;
    const secretKey = openFolder(config, cleanup);
    const postgres = await openPostgres(config, { log, cleanup, onFailure: options.onFailure });
    const clickhouse = await openClickHouse(config, config.dataDir);
    cleanup.push(clickhouse.close);
    const clock = options.clock ?? { now: currentInstant };
    const files = await openFiles(config, secretKey);
    const mail = config.mail && openMailer(config.mail);
    cleanup.push(() => mail?.close());
    return {
      config,
      ...postgres,
      clickhouse: clickhouse.client,
      ...files,
      mail,
      log,
      clock,
      secretKey,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Only built-in stores belong to one process: with external ones, several share what else is in the folder.
 */
function openFolder(config: Config, cleanup: Cleanup): Buffer {
  openDataDirectory(config.dataDir);
  if (config.databaseUrl === null || config.clickhouseUrl === null) {
    cleanup.push(lockDataDirectory(config.dataDir));
  }
  return openSecretKey(config.dataDir, config.secretKey);
}

async function openFiles(config: Config, secretKey: Buffer) {
  if (config.filesUrl !== null) {
    // Loaded only here: it is large, and most installations keep files on disk.
    const { s3Files } = await import('./ports/files/s3-files.ts');
    const files = s3Files({ url: config.filesUrl, usesPathStyle: config.hasFilesEndpoint });
    return { files, diskFiles: null };
  }
  const folder = join(config.dataDir, 'files');
  const onDisk = diskFiles({ folder, publicUrl: config.publicUrl, secretKey });
  return { files: onDisk, diskFiles: onDisk };
}

type Opening = {
  readonly log: FastifyBaseLogger;
  readonly cleanup: Cleanup;
  readonly onFailure: ContextOptions['onFailure'];
};

async function openPostgres(config: Config, opening: Opening) {
  const ownsDatabase = config.databaseUrl === null;
  const databaseUrl = config.databaseUrl ?? (await startPostgres(config, opening));
  const onError = (error: Error) => opening.log.warn({ err: error }, 'a PostgreSQL session broke');
  const pool = openPool(databaseUrl, { onError });
  const db = openDb(pool);
  opening.cleanup.push(() => pool.end());
  await checkPostgres(pool, databaseUrl);
  const driverPool = (max: number) => openDriverPool(databaseUrl, { max, onError });
  return { db, pool, driverPool, databaseUrl, ownsDatabase };
}

async function startPostgres(config: Config, { cleanup, onFailure }: Opening): Promise<string> {
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir });
  let isWanted = true;
  cleanup.push(() => {
    isWanted = false;
    return postgres.stop();
  });
  postgres.ended.then(() => {
    if (isWanted) onFailure?.('the built-in PostgreSQL ended by itself');
  });
  return postgres.url;
}

const CHECK_TIMEOUT_MS = 3_000;
const knownMigrated = new WeakSet<Context>();

/** True when both stores answer and are in the state that this release expects. */
export async function isReady(ctx: Context): Promise<boolean> {
  const patience = new AbortController();
  const late = sleep(CHECK_TIMEOUT_MS, false, { signal: patience.signal }).catch(() => false);
  const ready = await Promise.race([storesAnswer(ctx).catch(() => false), late]);
  patience.abort();
  return ready;
}

async function storesAnswer(ctx: Context): Promise<boolean> {
  await ctx.pool.query('select 1');
  const { success } = await ctx.clickhouse.ping({ select: true });
  if (!success) return false;
  if (!knownMigrated.has(ctx) && (await isMigrated(ctx.db))) knownMigrated.add(ctx);
  return knownMigrated.has(ctx);
}
