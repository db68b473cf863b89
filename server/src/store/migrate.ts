import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClickHouseClient } from '@clickhouse/client';
import { Logger, runMigrations } from 'graphile-worker';
import { type Migration, Migrator, sql } from 'kysely';
import { reasonOf, StartError } from '../kernel/start-error.ts';
import { clickhouseName } from './clickhouse-literals.ts';
import type { Db } from './database.ts';
import { openDriverPool } from './postgres.ts';

/** Beside `src` and `dist` alike. */
const FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url));

export type Stores = {
  readonly db: Db;
  readonly databaseUrl: string;
  readonly clickhouse: ClickHouseClient;
  readonly config: { readonly clickhouseCluster: string | null };
};

/** Any number that nobody else locks in this database. */
const MIGRATION_LOCK = 7_366_101_202_611;

/**
 * Brings both stores to the state that this release expects. Files are applied once, in the order of their
 * names. Of several processes that do this at once, one works and the others wait. Throws `StartError` naming
 * the file that failed.
 */
export async function migrate(stores: Stores): Promise<void> {
  await stores.db.connection().execute(async (session) => {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`.execute(session);
    try {
      await migratePostgres(stores.db);
      await migrateJobs(stores.databaseUrl);
      await migrateClickHouse(stores.clickhouse, stores.config.clickhouseCluster);
    } finally {
      await sql`select pg_advisory_unlock(${MIGRATION_LOCK})`.execute(session);
    }
  });
}

/** True when nothing is left to do in PostgreSQL, which is migrated first. */
export async function isMigrated(db: Db): Promise<boolean> {
  const pending = await migratorOf(db).getMigrations();
  return pending.every((migration) => migration.executedAt !== undefined);
}

function migratorOf(db: Db): Migrator {
  return new Migrator({
    db: db.withoutPlugins(),
    provider: { getMigrations: async () => postgresMigrations() },
    migrationTableName: 'schema_migration',
    migrationLockTableName: 'schema_migration_lock',
  });
}

async function migratePostgres(db: Db): Promise<void> {
  const { error, results } = await migratorOf(db).migrateToLatest();
  if (error === undefined) return;
  const failed = results?.find((result) => result.status === 'Error');
  const place = failed ? ` ${failed.migrationName}` : '';
  throw new StartError(`the PostgreSQL migration${place} failed: ${reasonOf(error)}`, { cause: error });
}

/** The job queue brings its own tables and functions; it says nothing about them unless it fails. */
async function migrateJobs(databaseUrl: string): Promise<void> {
  const pgPool = openDriverPool(databaseUrl, { max: 2, onError: () => {} });
  try {
    await runMigrations({ pgPool, logger: new Logger(() => () => {}) });
  } finally {
    await pgPool.end();
  }
}

function postgresMigrations(): Record<string, Migration> {
  const files = sqlFiles('postgres');
  return Object.fromEntries(
    files.map(({ name, text }) => [name, { up: async (db) => void (await sql.raw(text).execute(db)) }]),
  );
}

type SqlFile = { readonly name: string; readonly text: string };

function sqlFiles(folderName: 'postgres' | 'clickhouse' | 'clickhouse-cluster'): readonly SqlFile[] {
  const folder = join(FOLDER, folderName);
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  return names
    .sort()
    .map((name) => ({ name: name.replace(/\.sql$/, ''), text: readFileSync(join(folder, name), 'utf8') }));
}

type ClickHouseFile = { readonly name: string; readonly statements: readonly string[] };

/**
 * The statements that make the tables on one ClickHouse server, or on all servers of a cluster (decision
 * 0025).
 */
export function clickhouseFiles(cluster: string | null): readonly ClickHouseFile[] {
  const files = sqlFiles(cluster === null ? 'clickhouse' : 'clickhouse-cluster');
  const placed = (text: string) =>
    cluster === null ? text : text.replaceAll('{{cluster}}', clickhouseName(cluster));
  return files.map(({ name, text }) => ({ name, statements: statements(text).map(placed) }));
}

/** On a cluster every server knows what has been applied. */
export function schemaTableSql(cluster: string | null): string {
  const columns = "(name String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))";
  if (cluster === null) {
    return `CREATE TABLE IF NOT EXISTS schema_migration ${columns} ENGINE = MergeTree ORDER BY name`;
  }
  const place = "'/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}'";
  return `CREATE TABLE IF NOT EXISTS schema_migration ON CLUSTER ${clickhouseName(cluster)} ${columns}
    ENGINE = ReplicatedMergeTree(${place}) ORDER BY name`;
}

/**
 * ClickHouse has no transactions for tables: a file that failed half-way is run again from its beginning, so
 * its statements are written to be repeatable (`if not exists`).
 */
export async function migrateClickHouse(
  client: ClickHouseClient,
  cluster: string | null = null,
): Promise<void> {
  await client.command({ query: schemaTableSql(cluster) });
  const applied = await appliedNames(client);
  for (const file of clickhouseFiles(cluster)) {
    if (!applied.has(file.name)) await applyFile(client, file);
  }
}

async function appliedNames(client: ClickHouseClient): Promise<ReadonlySet<string>> {
  const result = await client.query({ query: 'SELECT name FROM schema_migration', format: 'JSONEachRow' });
  return new Set((await result.json<{ name: string }>()).map((row) => row.name));
}

async function applyFile(client: ClickHouseClient, { name, statements }: ClickHouseFile): Promise<void> {
  try {
    for (const query of statements) await client.command({ query });
    await client.insert({ table: 'schema_migration', values: [{ name }], format: 'JSONEachRow' });
  } catch (error) {
    throw new StartError(`the ClickHouse migration ${name} failed: ${reasonOf(error)}`, { cause: error });
  }
}

/** The statements of a file, which end in `;` at the end of a line; comment lines (`--`) are left out. */
export function statements(text: string): readonly string[] {
  const code = text.replaceAll(/^\s*--.*$/gm, '');
  return code
    .split(/;[ \t]*(?:\r?\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
