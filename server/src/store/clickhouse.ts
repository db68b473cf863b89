import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ClickHouseClient,
  type ClickHouseClientConfigOptions,
  ClickHouseLogLevel,
  createClient,
} from '@clickhouse/client';
import { reasonOf, StartError } from '../kernel/start-error.ts';
import { connectionTo } from './clickhouse-connection.ts';
import { clickhouseName } from './clickhouse-literals.ts';
import { EmbeddedClickHouse } from './embedded-clickhouse.ts';
import { placeOf } from './postgres.ts';

/** The measurements' store: the client, the database that it speaks to, and how to let go of it. */
export type ClickHouse = {
  readonly client: ClickHouseClient;
  readonly database: string;
  close(): Promise<void>;
};

const EMBEDDED_DATABASE = 'meterbook';
const REQUEST_TIMEOUT_MS = 120_000;

/**
 * Settings of every statement. Amounts come and go as text, never as JSON floats; instants are taken in any
 * ISO form; an insert is answered when it is stored.
 */
const SETTINGS = {
  output_format_json_quote_decimals: 1,
  output_format_json_quote_64bit_integers: 1,
  date_time_input_format: 'best_effort',
  date_time_output_format: 'iso',
  session_timezone: 'UTC',
  async_insert: 0,
} as const;

/** Errors are thrown; written to stderr as well, they would be told twice. */
const QUIET = { level: ClickHouseLogLevel.OFF };

/**
 * On a cluster besides: an insert is answered when a majority of the replicas of each shard has it; rows that
 * came twice count once, also before they are merged; a replica that is behind is not asked, and a shard that
 * does not answer is an error and not a smaller sum.
 */
export const CLUSTER_SETTINGS = {
  distributed_foreground_insert: 1,
  insert_quorum: 'auto',
  final: 1,
  do_not_merge_across_partitions_select_final: 1,
  distributed_product_mode: 'global',
  max_replica_delay_for_distributed_queries: '10',
  fallback_to_stale_replicas_for_distributed_queries: 0,
  skip_unavailable_shards: 0,
} as const;

const COMMON: ClickHouseClientConfigOptions = {
  clickhouse_settings: SETTINGS,
  application: 'meterbook',
  log: QUIET,
};

/** Null stands for: chDB below the data directory, or one server that is not part of a cluster. */
export type ClickHousePlace = {
  readonly clickhouseUrl: string | null;
  readonly clickhouseCluster: string | null;
};

/**
 * Opens an external ClickHouse, or chDB below the data directory. Throws `StartError` when it does not
 * answer.
 */
export async function openClickHouse(place: ClickHousePlace, dataDir: string): Promise<ClickHouse> {
  const { clickhouseUrl: url, clickhouseCluster: cluster } = place;
  return url === null ? openEmbedded(join(dataDir, 'clickhouse')) : openExternal(url, cluster);
}

async function openEmbedded(path: string): Promise<ClickHouse> {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const engine = await startedEngine(path);
  const database = EMBEDDED_DATABASE;
  await engine.run({ sql: `CREATE DATABASE IF NOT EXISTS ${clickhouseName(database)}`, database: 'default' });
  const client = createClient({ connection: connectionTo(engine, database), database, ...COMMON });
  return { client, database, close: () => engine.close() };
}

async function startedEngine(path: string): Promise<EmbeddedClickHouse> {
  try {
    return await EmbeddedClickHouse.open(path);
  } catch (error) {
    throw new StartError(`the built-in ClickHouse did not start: ${reasonOf(error)}`, { cause: error });
  }
}

async function openExternal(url: string, cluster: string | null): Promise<ClickHouse> {
  const database = databaseOf(url);
  await createDatabase(url, database, cluster);
  const settings = cluster === null ? SETTINGS : { ...SETTINGS, ...CLUSTER_SETTINGS };
  const options = { ...COMMON, clickhouse_settings: settings };
  const client = createClient({ url, request_timeout: REQUEST_TIMEOUT_MS, ...options });
  return { client, database, close: () => client.close() };
}

/** The path of the URL names the database; without one it is ClickHouse's `default`. */
function databaseOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1)) || 'default';
}

/** Every statement fails in a database that does not exist, so it is made through another one. */
async function createDatabase(url: string, database: string, cluster: string | null): Promise<void> {
  const place = new URL(url);
  place.pathname = '/default';
  const client = createClient({ url: place, log: QUIET });
  try {
    await client.command({ query: 'SELECT 1' });
    if (database === 'default') return;
    const everywhere = cluster === null ? '' : ` ON CLUSTER ${clickhouseName(cluster)}`;
    await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${clickhouseName(database)}${everywhere}` });
  } catch (error) {
    throw new StartError(`ClickHouse at ${placeOf(url)} cannot be reached: ${reasonOf(error)}`, {
      cause: error,
    });
  } finally {
    await client.close();
  }
}
