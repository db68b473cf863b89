import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { readEnv } from '../../src/config.ts';
import { openContext } from '../../src/context.ts';
import { startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts';
import { migrate } from '../../src/store/migrate.ts';
import { startClickHouseHttp } from './clickhouse-http.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /**
     * Asked for databases, it starts the stores when it is asked for the first time; asked for `/build`, it
     * brings `dist` up to date, once for all test files.
     */
    storesUrl: string;
  }
}

/** The addresses of two fresh databases with all tables. */
export type TestStores = { readonly databaseUrl: string; readonly clickhouseUrl: string };

type Cleanup = (() => Promise<unknown>)[];
type SharedStores = {
  readonly postgresUrl: string;
  readonly clickhouseUrl: string;
  readonly template: string;
};

/**
 * Runs once per test run, beside the processes that run the test files. A run of unit tests alone asks for no
 * database, and then no store is started.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cleanup: Cleanup = [];
  let shared: Promise<SharedStores> | null = null;
  let built: Promise<unknown> | null = null;
  const answered = (url: string | undefined): Promise<unknown> => {
    if (url === '/build') {
      built ??= buildServer();
      return built;
    }
    shared ??= startStores(cleanup);
    return shared.then(freshDatabases);
  };
  const server = createServer((request, response) => {
    answered(request.url)
      .then((result) => response.end(JSON.stringify(result ?? null)))
      .catch((error) => response.writeHead(500).end(String(error?.stack ?? error)));
  });
  project.provide('storesUrl', await listening(server));
  return async () => {
    server.closeAllConnections();
    server.close();
    await shared?.catch(() => {});
    for (const step of cleanup.reverse()) await step();
  };
}

const SERVER_FOLDER = fileURLToPath(new URL('../..', import.meta.url));

/** Types are checked elsewhere. */
async function buildServer(): Promise<void> {
  const compiler = createRequire(import.meta.url).resolve('typescript/package.json');
  const args = [join(compiler, '..', 'bin', 'tsc'), '-p', 'tsconfig.build.json', '--noCheck'];
  await promisify(execFile)(process.execPath, args, { cwd: SERVER_FOLDER });
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

async function startStores(cleanup: Cleanup): Promise<SharedStores> {
  const dataDir = await mkdtemp(join(tmpdir(), 'meterbook-test-'));
  cleanup.push(() => rm(dataDir, { recursive: true, force: true }));
  const env = readEnv();
  const postgresUrl = env.databaseUrl ?? (await startPostgres(dataDir, cleanup));
  const clickhouseUrl = env.clickhouseUrl ?? (await startClickHouse(dataDir, cleanup));
  const template = `meterbook_template_${process.pid}`;
  await inPostgres(postgresUrl, `create database ${template}`);
  if (env.databaseUrl !== null) cleanup.push(() => dropDatabases(postgresUrl, template));
  await migrateOnce(dataDir, {
    databaseUrl: withPath(postgresUrl, template),
    clickhouseUrl: withPath(clickhouseUrl, template),
  });
  return { postgresUrl, clickhouseUrl, template };
}

async function startPostgres(dataDir: string, cleanup: Cleanup): Promise<string> {
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false });
  cleanup.push(() => postgres.stop());
  return postgres.url;
}

async function startClickHouse(dataDir: string, cleanup: Cleanup): Promise<string> {
  const clickhouse = await startClickHouseHttp(join(dataDir, 'clickhouse'));
  cleanup.push(() => clickhouse.stop());
  return clickhouse.url;
}

async function migrateOnce(dataDir: string, stores: TestStores): Promise<void> {
  const context = await openContext({ ...readEnv({}), dataDir, ...stores, logLevel: 'silent' });
  try {
    await migrate(context);
  } finally {
    await context.close();
  }
}

let serial = 0;

async function freshDatabases({ postgresUrl, clickhouseUrl, template }: SharedStores): Promise<TestStores> {
  serial += 1;
  const name = databaseName(serial);
  await inPostgres(postgresUrl, `create database ${name} template ${template}`);
  return { databaseUrl: withPath(postgresUrl, name), clickhouseUrl: withPath(clickhouseUrl, name) };
}

/** A server of somebody else is left as it was found; built-in ones vanish with their folder. */
async function dropDatabases(postgresUrl: string, template: string): Promise<void> {
  const names = [template, ...Array.from({ length: serial }, (_, index) => databaseName(index + 1))];
  for (const name of names) await inPostgres(postgresUrl, `drop database if exists ${name} with (force)`);
}

function databaseName(number: number): string {
  return `meterbook_test_${process.pid}_${number}`;
}

async function inPostgres(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function withPath(url: string, name: string): string {
  const place = new URL(url);
  place.pathname = `/${name}`;
  return place.href;
}
