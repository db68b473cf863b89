import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Access, type ApiClient, allPages, type Json, openClient } from '../../src/demo/api-client.ts';
import { newId } from '../../src/kernel/ids.ts';
import { freePort } from '../../src/store/embedded-postgres.ts';
import { pidIn } from '../../src/store/postgres-orphan.ts';
import { faultRounds } from '../support/fault-rounds.ts';
import { builtServer, type ServerProcess, startServerProcess } from '../support/server-process.ts';

/** Measurements that are stored, of each request; one more is refused by enrichment. */
const BATCH = 25;
const CLIENTS = 4;
const QUICKEST_KILL_MS = 100;
const SLOWEST_KILL_MS = 1_500;

let folder: string;
let access: Access;
let server: ServerProcess;
let client: ApiClient;
let meterId: unknown;

beforeAll(async () => {
  await builtServer();
  folder = await mkdtemp(join(tmpdir(), 'meterbook-crash-'));
  const baseUrl = `http://127.0.0.1:${await freePort()}`;
  access = { baseUrl, orgId: newId(), accessKeyId: 'crash', apiSecret: newId() };
  await start();
  client = await openClient(access);
  const meter = await client.request('POST', '/meters', {
    name: 'Calls',
    code: 'calls',
    dataFields: [
      { category: 'MEASURE', code: 'qty', name: 'Quantity', unit: 'call' },
      { category: 'METADATA', code: 'id', name: 'Id' },
    ],
    derivedFields: [],
  });
  meterId = meter['id'];
});
afterAll(async () => {
  server?.kill('SIGTERM');
  await server?.ended;
  await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  server = startServerProcess({
    PORT: new URL(access.baseUrl).port,
    METERBOOK_DATA_DIR: folder,
    METERBOOK_LOG_LEVEL: 'fatal',
    METERBOOK_BOOTSTRAP_ORG_ID: access.orgId,
    METERBOOK_BOOTSTRAP_ACCESS_KEY_ID: access.accessKeyId,
    METERBOOK_BOOTSTRAP_API_SECRET: access.apiSecret,
  });
  await server.listening;
}

/** Kills the server at once, and its database with it when asked. */
async function killAll(withDatabase: boolean): Promise<void> {
  const database = pidIn(join(folder, 'postgres', 'postmaster.pid'));
  server.kill('SIGKILL');
  if (withDatabase && database !== null) process.kill(database, 'SIGKILL');
  await server.ended;
}

let serial = 0;

/** A request with uids of its own; they also stand in a field, so that they can be counted. */
function freshBody(): string {
  serial += 1;
  const uids = Array.from({ length: BATCH }, (_, index) => `${serial} ${index}`);
  const stored = uids.map((uid, index) => ({
    ...{ uid, meter: 'calls', account: `account ${serial % 7}`, metadata: { id: uid } },
    // Some years, which ClickHouse stores apart.
    ...{ ts: `${2020 + (index % 4)}-03-05T10:00:00Z`, measure: { qty: 1 } },
  }));
  const refused = { uid: `${serial} refused`, meter: 'none', account: 'account', ts: '2024-03-05T10:00:00Z' };
  return JSON.stringify({ measurements: [...stored, refused] });
}

type Sending = { readonly accepted: string[]; readonly unanswered: string[]; stopped: boolean };

/** Sends request after request until the server is gone. */
async function sendUntilStopped(sending: Sending): Promise<void> {
  while (!sending.stopped) {
    const body = freshBody();
    try {
      await client.send('/measurements', body);
      sending.accepted.push(body);
    } catch {
      sending.unanswered.push(body);
      return;
    }
  }
}

async function counted(): Promise<{ count: number; unique: number }> {
  const of = (fieldCode: string, fieldType: string, name: string) => ({
    ...{ meterId, fieldCode, fieldType, function: name },
  });
  const answer = await client.request('POST', '/usage/query', {
    startDate: '2020-01-01T00:00:00Z',
    endDate: '2030-01-01T00:00:00Z',
    aggregations: [of('qty', 'MEASURE', 'COUNT'), of('id', 'DIMENSION', 'UNIQUE')],
  });
  const [row = {}] = answer['data'] as Json[];
  const numberAt = (name: string) => Number.parseInt(String(row[name]), 10);
  return { count: numberAt('calls.qty.COUNT'), unique: numberAt('calls.id.UNIQUE') };
}

async function untilStored(minimum: number): Promise<void> {
  await expect
    .poll(async () => (await counted()).count, { timeout: 30_000, interval: 100 })
    .toBeGreaterThanOrEqual(minimum);
}

/** Sends a measurement of an earlier time and waits for it: what was accepted before is dealt with then. */
async function settled(): Promise<void> {
  const uid = newId();
  const last = { uid, meter: 'calls', account: 'last', ts: '2019-01-01T00:00:00Z' };
  const fields = { measure: { qty: 1 }, metadata: { id: uid } };
  await client.request('POST', '/measurements', { measurements: [{ ...last, ...fields }] });
  const query = { startDate: '2019-01-01T00:00:00Z', endDate: '2019-01-02T00:00:00Z' };
  const found = async () => (await client.request('POST', '/usage/query', query))['data'] as Json[];
  await expect
    .poll(async () => (await found()).map((row) => row['uid']), { timeout: 30_000, interval: 100 })
    .toContain(uid);
}

test('what was accepted is stored once, however often the server is killed', {
  timeout: 600_000,
}, async () => {
  const accepted: string[] = [];
  const unanswered: string[] = [];
  for (let round = 0; round < faultRounds(); round += 1) {
    const sending: Sending = { accepted, unanswered, stopped: false };
    const clients = Array.from({ length: CLIENTS }, () => sendUntilStopped(sending));
    await sleep(QUICKEST_KILL_MS + Math.random() * (SLOWEST_KILL_MS - QUICKEST_KILL_MS));
    await killAll(round % 2 === 1);
    sending.stopped = true;
    await Promise.all(clients);
    await start();
    await untilStored(accepted.length * BATCH);
    const { count, unique } = await counted();
    expect(unique, 'no uid twice').toBe(count);
    expect(count, 'nothing that was never sent').toBeLessThanOrEqual(
      (accepted.length + unanswered.length) * BATCH,
    );
  }
  expect(accepted.length).toBeGreaterThan(faultRounds());
  await settled();
  const events = await allPages(client, '/events?eventName=ingest.validation.failure&pageSize=100');
  const refusals = events.map((event) => {
    const { eventData } = event['m3terEvent'] as { readonly eventData: Json };
    return `${eventData['type']} ${eventData['uid']}`;
  });
  for (const body of accepted) {
    const uid = JSON.parse(body).measurements.at(-1).uid;
    expect(
      refusals.filter((refusal) => refusal === `UndefinedMeter ${uid}`),
      uid,
    ).toHaveLength(1);
  }
  expect(refusals.filter((refusal) => !refusal.startsWith('UndefinedMeter'))).toEqual([]);

  // Sent again, what had no answer is stored at last and the rest changes nothing.
  for (const body of [...accepted, ...unanswered]) await client.send('/measurements', body);
  await settled();
  const all = (accepted.length + unanswered.length) * BATCH;
  expect(await counted()).toEqual({ count: all, unique: all });
});
