import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { batchText, MEASUREMENT_COLUMNS, measurementLine } from '../areas/usage/measurement-row.ts';
import { type ApiClient, type Json, openClient } from '../demo/api-client.ts';
import { decimal } from '../kernel/decimal.ts';
import { Temporal } from '../kernel/time.ts';
import { openClickHouse } from '../store/clickhouse.ts';
import { migrateClickHouse } from '../store/migrate.ts';
import { openLoadClient, runLoad } from './load.ts';
import { preload } from './preload.ts';
import { type Preparation, type ServerProcess, startServerProcess } from './server-process.ts';
import { type SustainedResult, sustainedLoad } from './sustained-load.ts';

export type IngestOptions = {
  readonly measurements: number;
  readonly batch: number;
  readonly connections: number;
  /** Measurements that are stored already when the first one is sent. */
  readonly preload: number;
  /** A second phase at a fixed rate, after the first is stored. */
  readonly sustained: { readonly measurementsPerSecond: number; readonly seconds: number } | null;
};
export type IngestResult = {
  readonly acceptedPerSecond: number;
  readonly queryablePerSecond: number;
  readonly floorPerSecond: number;
  readonly ratio: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssMb: number;
};
export type IngestResults = { readonly ingest: IngestResult; readonly sustained: SustainedResult | null };

const START_MS = 1_767_225_600_000;
const ACCOUNTS = 100;

/**
 * Accepted and queryable measurements per second, beside plain inserts of the same rows into the same table:
 * half of these before and half after, because the machine itself may get faster or slower meanwhile.
 */
export async function benchIngest(options: IngestOptions): Promise<IngestResults> {
  const half = Math.ceil(options.measurements / 2);
  const secondsBefore = await plainInsertSeconds(half, options.batch);
  const product = await measuredProduct(options);
  const floorSeconds = secondsBefore + (await plainInsertSeconds(half, options.batch));
  const { sustained, ...figures } = product;
  const floorPerSecond = (2 * half) / floorSeconds;
  const ratio = figures.queryablePerSecond / floorPerSecond;
  return { ingest: { ...figures, floorPerSecond, ratio }, sustained };
}

async function measuredProduct(options: IngestOptions) {
  const prepare: Preparation = (dataDir, orgId) => preload(dataDir, orgId, options.preload);
  const server = await startServerProcess('../main.js', ['serve'], options.preload > 0 ? prepare : undefined);
  try {
    return await loadProduct(server, options);
  } finally {
    await server.stop();
  }
}

async function loadProduct(server: ServerProcess, options: IngestOptions) {
  const client = await openClient(server.access);
  const meterId = await createMeter(client);
  const headers = { authorization: client.authorization, 'content-type': 'application/json' };
  const load = openLoadClient(server.access.baseUrl, headers, options.connections);
  const requests = Math.ceil(options.measurements / options.batch);
  const path = `/organizations/${server.access.orgId}/measurements`;
  const started = performance.now();
  const accepted = await runLoad(load, {
    count: requests,
    connections: options.connections,
    call: (index) => ({ method: 'POST', path, body: bodyOf(index, options.batch) }),
  });
  const rssMb = await server.residentMb();
  await untilQueryable(client, meterId, requests * options.batch);
  const seconds = (performance.now() - started) / 1000;
  const sustained = options.sustained && {
    ...options.sustained,
    batch: options.batch,
    call: (index: number) => ({
      ...{ method: 'POST', path, body: bodyOf(requests + index, options.batch) },
    }),
    queryable: async () => (await queryableCount(client, meterId)) - requests * options.batch,
  };
  const steady = sustained && (await sustainedLoad(load, sustained));
  load.close();
  return {
    acceptedPerSecond: accepted.perSecond * options.batch,
    queryablePerSecond: (requests * options.batch) / seconds,
    p50Ms: accepted.p50Ms,
    p99Ms: accepted.p99Ms,
    rssMb,
    sustained: steady,
  };
}

async function createMeter(client: ApiClient): Promise<string> {
  const meter = await client.request('POST', '/meters', {
    name: 'Bench',
    code: 'bench',
    dataFields: [
      { category: 'WHERE', code: 'region', name: 'Region' },
      { category: 'MEASURE', code: 'calls', name: 'Calls', unit: 'call' },
      { category: 'MEASURE', code: 'bytes', name: 'Bytes', unit: 'By' },
    ],
    derivedFields: [],
  });
  for (let i = 0; i < ACCOUNTS; i += 1) {
    const emailAddress = `bench${i}@example.com`;
    await client.request('POST', '/accounts', { name: `Bench ${i}`, code: `bench-${i}`, emailAddress });
  }
  return String(meter['id']);
}

function bodyOf(request: number, batch: number): string {
  const measurements: string[] = [];
  for (let i = 0; i < batch; i += 1) {
    const n = request * batch + i;
    const ms = String(n % 1000).padStart(3, '0');
    const second = String(Math.floor(n / 1000) % 60).padStart(2, '0');
    const minute = String(Math.floor(n / 60_000) % 60).padStart(2, '0');
    const day = String((Math.floor(n / 3_600_000) % 28) + 1).padStart(2, '0');
    measurements.push(
      `{"uid":"bench-${n}","meter":"bench","account":"bench-${n % ACCOUNTS}",` +
        `"ts":"2026-01-${day}T00:${minute}:${second}.${ms}Z","where":{"region":"eu-${n % 5}"},` +
        `"measure":{"calls":${n % 17},"bytes":${n % 4096}.25}}`,
    );
  }
  return `{"measurements":[${measurements.join(',')}]}`;
}

/** Counting two million rows takes time from the work that is waited for, so it is done seldom. */
async function untilQueryable(client: ApiClient, meterId: string, expected: number): Promise<void> {
  let stored = 0;
  for (let tries = 0; tries < 1200; tries += 1) {
    stored = await queryableCount(client, meterId);
    if (stored === expected) return;
    await sleep(250);
  }
  throw new Error(`${stored} of ${expected} measurements became queryable`);
}

async function queryableCount(client: ApiClient, meterId: string): Promise<number> {
  const aggregations = [{ meterId, fieldCode: 'calls', fieldType: 'MEASURE', function: 'COUNT' }];
  const body = { startDate: '2026-01-01T00:00:00Z', endDate: '2026-02-01T00:00:00Z', aggregations };
  const { data } = (await client.request('POST', '/usage/query', body)) as { data: readonly Json[] };
  return Number.parseInt(String(data[0]?.['bench.calls.COUNT'] ?? '0'), 10);
}

/**
 * The same rows, prepared beforehand, inserted one group after the other into the same table of an empty
 * store.
 */
async function plainInsertSeconds(measurements: number, batch: number): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), 'meterbook-floor-'));
  const clickhouse = await openClickHouse({ clickhouseUrl: null, clickhouseCluster: null }, dataDir);
  try {
    await migrateClickHouse(clickhouse.client);
    const block = Math.max(batch, 20_000);
    let seconds = 0;
    for (let from = 0; from < measurements; from += block) {
      const lines = Array.from({ length: Math.min(block, measurements - from) }, (_, i) =>
        floorLine(from + i),
      );
      const text = lines.join('');
      const started = performance.now();
      await clickhouse.client.insert({
        table: 'measurement',
        columns: MEASUREMENT_COLUMNS,
        values: Readable.from([text], { objectMode: false }),
        format: 'TabSeparated',
      });
      seconds += (performance.now() - started) / 1000;
    }
    return seconds;
  } finally {
    await clickhouse.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const ACCOUNT_IDS = Array.from({ length: ACCOUNTS }, () => randomUUID());
const METER_ID = randomUUID();

const FLOOR_BATCH = batchText({
  ...{ orgId: randomUUID(), insertId: randomUUID(), batchId: randomUUID(), source: 'API' },
  receivedAt: Temporal.Instant.fromEpochMilliseconds(START_MS),
});

function floorLine(n: number): string {
  return measurementLine({
    batch: FLOOR_BATCH,
    meterId: METER_ID,
    accountId: ACCOUNT_IDS[n % ACCOUNTS] ?? '',
    tsMs: START_MS + n,
    etsMs: null,
    uid: `bench-${n}`,
    position: n,
    measures: [
      ['calls', decimal(n % 17)],
      ['bytes', decimal(`${n % 4096}.25`)],
    ],
    dimensions: [['region', `eu-${n % 5}`]],
    failedFields: [],
    undeclared: '',
  });
}
