import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InjectOptions } from 'fastify';
import { inject } from 'vitest';
import type { FirstSignIn } from '../../src/areas/identity/index.ts';
import { type Config, readEnv } from '../../src/config.ts';
import { type Clock, type Context, openContext } from '../../src/context.ts';
import { newId } from '../../src/kernel/ids.ts';
import { currentInstant, type Instant, Temporal } from '../../src/kernel/time.ts';
import type { Role } from '../../src/server.ts';
import { migrateClickHouse } from '../../src/store/migrate.ts';
import type { TestStores } from './shared-stores.ts';

const TEST_SECRET = 'a secret that only tests know';

/** A clock that runs with real time until it is set; then it stands still. */
export type TestClock = Clock & { set(moment: Instant): void };

/** A context on databases of its own, migrated and empty. `close` lets go of everything. */
export async function openTestContext(
  changes: Partial<Config> = {},
): Promise<Context & { clock: TestClock }> {
  const { config, remove } = await testConfig(changes);
  const clock = testClock();
  const context = await openContext(config, { clock });
  await migrateClickHouse(context.clickhouse);
  const close = async () => {
    await context.close();
    await remove();
  };
  return { ...context, clock, close };
}

export type Answer = { readonly status: number; readonly body: unknown };
export type RawRequest = { readonly headers?: Record<string, string>; readonly body?: string };

export type TestServer = {
  /** The root of its URLs. */
  readonly address: string;
  readonly orgId: string;
  readonly accessKeyId: string;
  readonly apiSecret: string;
  /** How the first person signs in. */
  readonly person: FirstSignIn;
  /** The header of the administrator's requests. */
  readonly authorization: string;
  readonly context: Context;
  readonly clock: TestClock;
  /** As the administrator, below `/organizations/{orgId}`; bodies are JSON on both ways. */
  request(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Exactly this request, with an answer that is parsed when it is JSON. */
  raw(method: string, url: string, request?: RawRequest): Promise<Answer & { readonly headers: object }>;
  /** Sets the clock and takes a new token, since the old one may have expired. */
  moveTo(moment: string): Promise<void>;
  close(): Promise<void>;
};

export type TestServerOptions = { readonly config?: Partial<Config>; readonly role?: Role | null };

/** The whole product on databases of its own: API, jobs, an organization and its administrator. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const made = { orgId: newId(), accessKeyId: `key-${newId()}`, apiSecret: TEST_SECRET };
  const bootstrap = { ...made, email: null, password: null };
  const { config, remove } = await testConfig({ bootstrap, ...options.config });
  const clock = testClock();
  const { startServer } = await import('../../src/server.ts');
  const server = await startServer(config, { clock, role: options.role ?? null });
  const raw: TestServer['raw'] = async (method, url, { headers = {}, body } = {}) => {
    const sent = { method, url, headers, ...(body === undefined ? {} : { body }) } as InjectOptions;
    const reply = await server.app!.inject(sent);
    return { status: reply.statusCode, body: parsed(reply.payload), headers: reply.headers };
  };
  let authorization = await tokenHeader(raw, made);
  return {
    ...made,
    person: server.credentials!.person!,
    address: server.address ?? '',
    context: server.context,
    clock,
    raw,
    get authorization() {
      return authorization;
    },
    request: (method, path, body) =>
      raw(method, `/organizations/${made.orgId}${path}`, {
        headers: { authorization, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async moveTo(moment) {
      clock.set(Temporal.Instant.from(moment));
      authorization = await tokenHeader(raw, made);
    },
    async close() {
      await server.close();
      await remove();
    },
  };
}

async function testConfig(
  changes: Partial<Config>,
): Promise<{ config: Config; remove: () => Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'meterbook-test-'));
  const stores = await freshStores();
  const config = { ...readEnv({}), port: 0, dataDir, logLevel: 'error', ...stores, ...changes };
  return { config, remove: () => rm(dataDir, { recursive: true, force: true }) };
}

/** The addresses of databases that nobody else uses, with all tables in PostgreSQL and none in ClickHouse. */
export async function freshStores(): Promise<TestStores> {
  const answer = await fetch(inject('storesUrl'), { method: 'POST' });
  if (!answer.ok) throw new Error(`no databases for this test: ${await answer.text()}`);
  return (await answer.json()) as TestStores;
}

function testClock(): TestClock {
  let set: Instant | null = null;
  return {
    now: () => set ?? currentInstant(),
    set(moment) {
      set = moment;
    },
  };
}

type Key = { readonly accessKeyId: string; readonly apiSecret: string };

async function tokenHeader(raw: TestServer['raw'], key: Key): Promise<string> {
  const basic = Buffer.from(`${key.accessKeyId}:${key.apiSecret}`).toString('base64');
  const answer = await raw('POST', '/oauth/token', {
    headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json' },
    body: '{"grant_type":"client_credentials"}',
  });
  const { access_token: token } = answer.body as { access_token?: string };
  if (answer.status !== 200 || token === undefined) throw new Error(`no token: ${JSON.stringify(answer)}`);
  return `Bearer ${token}`;
}

function parsed(payload: string): unknown {
  if (payload === '') return null;
  try {
    return JSON.parse(payload);
  } catch {
    return payload;
  }
}
