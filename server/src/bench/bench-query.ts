import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { ClickHouseClient } from '@clickhouse/client';
import { aggregateUsage } from '../areas/usage/index.ts';
import { readEnv } from '../config.ts';
import { type ApiClient, openClient } from '../demo/api-client.ts';
import type { UsageQuery } from '../engine/metering/usage-query.ts';
import { newId } from '../kernel/ids.ts';
import { Temporal } from '../kernel/time.ts';
import { type Server, startServer } from '../server.ts';
import { openLoadClient } from './load.ts';
import { median, RUNS, WARMING_RUNS } from './median.ts';
import { BILLED_ACCOUNTS, benchAccountId, loadQueryRows, type QueryRows } from './query-rows.ts';

/** How long a query takes as half of its runs see it, beside the same SQL sent straight to ClickHouse. */
export type QueryResult = {
  readonly query: string;
  readonly rows: number;
  readonly productMs: number;
  readonly straightMs: number;
  readonly ratio: number;
};

export type QueryOptions = { readonly measurements: number };

const START = '2026-01-01T00:00:00Z';
const END = '2026-01-29T00:00:00Z';

/**
 * Usage queries over HTTP and the aggregation of a bill run, over measurements that are inserted directly.
 * The server runs in this process, so that both sides ask the one embedded engine.
 */
export async function benchQuery({ measurements }: QueryOptions): Promise<QueryResult[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'meterbook-bench-'));
  const made = { orgId: newId(), accessKeyId: 'bench', apiSecret: newId() };
  const bootstrap = { ...made, email: null, password: null };
  const config = { ...readEnv({}), port: 0, dataDir, logLevel: 'warn', bootstrap };
  const server = await startServer(config);
  try {
    const client = await openClient({ baseUrl: server.address ?? '', ...made });
    const usageMeterId = await createMeter(client, 'usage');
    const billedMeterId = await createMeter(client, 'billed');
    const rows = { orgId: made.orgId, usageMeterId, billedMeterId, measurements };
    await loadQueryRows(server.context, rows);
    return await figures(server, client, rows);
  } finally {
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function createMeter(client: ApiClient, code: string): Promise<string> {
  const meter = await client.request('POST', '/meters', {
    name: code,
    code,
    dataFields: [
      { category: 'WHERE', code: 'region', name: 'Region' },
      { category: 'WHAT', code: 'tier', name: 'Tier' },
      { category: 'MEASURE', code: 'calls', name: 'Calls', unit: 'call' },
      { category: 'MEASURE', code: 'bytes', name: 'Bytes', unit: 'By' },
    ],
    derivedFields: [],
  });
  return String(meter['id']);
}

/** Runs it once and answers how to count the rows that it found. */
type Run = () => Promise<() => number>;

async function figures(server: Server, client: ApiClient, rows: QueryRows): Promise<QueryResult[]> {
  const asked = recordedQueries(server.context.clickhouse);
  const headers = { authorization: client.authorization, 'content-type': 'application/json' };
  const load = openLoadClient(client.access.baseUrl, headers, 1);
  const path = `/organizations/${client.access.orgId}/usage/query`;
  const runs = Object.entries(usageQueries(rows)).map(([query, body]): [string, Run] => {
    const run = async () => {
      const { status, text } = await load.send({ method: 'POST', path, body: JSON.stringify(body) });
      if (status !== 200) throw new Error(`the query answered ${status}: ${text.slice(0, 300)}`);
      return () => text.match(/"usage\.bytes\.SUM"/g)?.length ?? 0;
    };
    return [query, run];
  });
  const questions = billQuestions(rows);
  const bill = async () => {
    const answers = await aggregateUsage(server.context, rows.orgId, questions);
    return () => answers.size;
  };
  runs.push([`billing of ${BILLED_ACCOUNTS} accounts`, bill]);
  for (const [, run] of runs) await warmed(run, asked);
  const results: QueryResult[] = [];
  for (const [query, run] of runs) results.push({ query, ...(await compared(run, asked)) });
  load.close();
  return results;
}

function usageQueries({ usageMeterId: meterId }: QueryRows): Record<string, object> {
  const dimension = (fieldCode: string) => ({ groupType: 'DIMENSION', meterId, fieldCode });
  const byDay = { groupType: 'TIME', frequency: 'DAY' };
  const aggregations = [
    { meterId, fieldCode: 'bytes', fieldType: 'MEASURE', function: 'SUM' },
    { meterId, fieldCode: 'calls', fieldType: 'MEASURE', function: 'COUNT' },
  ];
  const asked = { startDate: START, endDate: END, meterIds: [meterId], aggregations };
  return {
    'one account': { ...asked, accountIds: [benchAccountId(7)], groups: [byDay] },
    'all accounts by day': { ...asked, groups: [{ groupType: 'ACCOUNT' }, byDay] },
    'two group keys': { ...asked, groups: [dimension('region'), dimension('tier')] },
  };
}

function billQuestions({ billedMeterId: meterId }: QueryRows): UsageQuery[] {
  const aggregation = {
    ...{ id: newId(), meterId, targetField: 'bytes', numericTarget: true, method: 'SUM' as const },
    ...{ segmentedFields: [], segments: [], customSql: null },
  };
  const [start, end] = [Temporal.Instant.from(START), Temporal.Instant.from(END)];
  return Array.from({ length: BILLED_ACCOUNTS }, (_, number) => ({
    accountIds: [benchAccountId(number)],
    ...{ key: String(number), aggregation, start, end, filters: [] },
  }));
}

type Asked = { readonly last: Run };

/** Notes what the product asks ClickHouse, and can ask the last query again without the product. */
function recordedQueries(client: ClickHouseClient): Asked {
  const query = client.query.bind(client);
  let last: Parameters<ClickHouseClient['query']>[0] | null = null;
  Object.assign(client, {
    query: (params: Parameters<ClickHouseClient['query']>[0]) => {
      last = params;
      return query(params);
    },
  });
  return {
    last: async () => {
      if (last === null) throw new Error('the product asked nothing');
      const text = await (await query(last)).text();
      return () => text.length;
    },
  };
}

/** All before the first is measured: what they share is compiled in a server that runs all day. */
async function warmed(run: Run, { last }: Asked): Promise<void> {
  for (let turn = 0; turn < WARMING_RUNS; turn += 1) await run();
  await last();
}

/** Turn by turn, so that both sides meet the same caches and the same load. */
async function compared(run: Run, { last }: Asked): Promise<Omit<QueryResult, 'query'>> {
  const product: number[] = [];
  const straight: number[] = [];
  const rows = (await run())();
  for (let turn = 0; turn < RUNS; turn += 1) {
    await timed(run, product);
    await timed(last, straight);
  }
  const [productMs, straightMs] = [median(product), median(straight)];
  return { rows, productMs, straightMs, ratio: productMs / straightMs };
}

async function timed(run: Run, times: number[]): Promise<void> {
  const started = performance.now();
  await run();
  times.push(performance.now() - started);
}
