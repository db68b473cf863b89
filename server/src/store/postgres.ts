import { CamelCasePlugin, Kysely, PostgresDialect, type RawBuilder, sql } from 'kysely';
import pg from 'pg';
import { decimal } from '../kernel/decimal.ts';
import { parseJson, writeJsonWithNulls } from '../kernel/json.ts';
import { reasonOf, StartError } from '../kernel/start-error.ts';
import { instantFromStored, Temporal } from '../kernel/time.ts';
import type { Database, Db } from './database.ts';
import { ValueClient } from './value-client.ts';

/** `numeric` → Decimal, `int8` → number, `timestamptz` → Instant, `date` → PlainDate, `json` → JsonValue. */
const PARSERS: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.NUMERIC, decimal],
  [pg.types.builtins.INT8, safeInteger],
  [pg.types.builtins.TIMESTAMPTZ, instantFromStored],
  [pg.types.builtins.DATE, Temporal.PlainDate.from],
  [pg.types.builtins.JSON, jsonFromColumn],
  [pg.types.builtins.JSONB, jsonFromColumn],
]);

/** A number where a value begins; one inside of a text looks the same, which only costs time. */
const NUMBER = /(?:^|[[:,])\s*-?\d/;

/** Without numbers the platform's parser does the same ten times as fast. */
function jsonFromColumn(text: string): unknown {
  return NUMBER.test(text) ? parseJson(text) : JSON.parse(text);
}

function safeInteger(text: string): number {
  const value = Number.parseInt(text, 10);
  if (!Number.isSafeInteger(value)) throw new RangeError(`an int8 is too large for a number: ${text}`);
  return value;
}

const typeParsers = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    const parser = format === 'binary' ? undefined : PARSERS.get(oid);
    return parser ?? pg.types.getTypeParser(oid, format ?? 'text');
  },
} as pg.CustomTypesConfig;

const MAX_CONNECTIONS = 24;
const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 60_000;

/** How a pool is opened; `onError` is told of sessions that break while nobody waits for an answer. */
export type PoolOptions = { readonly max?: number; readonly onError: (error: Error) => void };

/** A pool on the system of record. Timestamps of all sessions are in UTC. */
export function openPool(url: string, { max = MAX_CONNECTIONS, onError }: PoolOptions): pg.Pool {
  const Client = ValueClient as unknown as typeof pg.Client;
  return listenedPool(
    new pg.Pool({ ...poolConfig(url, max), types: typeParsers, Client, pipeline: true } as pg.PoolConfig),
    onError,
  );
}

/**
 * A pool that speaks the driver's own types, for libraries that bring their own queries. Its sessions stay
 * open when they are idle, so that what a session holds (a lock, a subscription) lasts as long as the pool.
 */
export function openDriverPool(url: string, { max = MAX_CONNECTIONS, onError }: PoolOptions): pg.Pool {
  return listenedPool(new pg.Pool({ ...poolConfig(url, max), idleTimeoutMillis: 0 }), onError);
}

function poolConfig(connectionString: string, max: number): pg.PoolConfig {
  return {
    connectionString,
    max,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    application_name: 'meterbook',
    options: '-c timezone=UTC -c datestyle=ISO -c jit=off',
  };
}

/** Without listeners, a session that the server ends would end this process. */
function listenedPool(pool: pg.Pool, onError: (error: Error) => void): pg.Pool {
  const told = (error: Error) => {
    if (!pool.ending) onError(error);
  };
  pool.on('error', told);
  pool.on('connect', (client) => client.on('error', told));
  return pool;
}

/** Tables and columns in camelCase on our side, in snake_case on the server's; keys inside of jsonb stay. */
export function openDb(pool: pg.Pool): Db {
  return new Kysely<Database>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
}

/** A jsonb expression of any value, arrays included; Decimals become JSON numbers with all their digits. */
export function jsonb(value: unknown): RawBuilder<unknown> {
  return sql`cast(${writeJsonWithNulls(value)} as jsonb)`;
}

const OLDEST_VERSION = 150_000;

/** Throws `StartError` when the server cannot be reached, refuses us or is older than PostgreSQL 15. */
export async function checkPostgres(pool: pg.Pool, url: string): Promise<void> {
  const version = await serverVersion(pool, url);
  if (version < OLDEST_VERSION) {
    throw new StartError(`PostgreSQL at ${placeOf(url)} is older than version 15`);
  }
}

async function serverVersion(pool: pg.Pool, url: string): Promise<number> {
  try {
    const result = await pool.query<{ version: string }>(
      "select current_setting('server_version_num') as version",
    );
    return Number.parseInt(result.rows[0]?.version ?? '0', 10);
  } catch (error) {
    throw new StartError(`PostgreSQL at ${placeOf(url)} cannot be reached: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** Host and port of a URL: all of it that a message may show. */
export function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
