import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { createAdministeredOrganization } from '../areas/identity/index.ts';
import { readEnv } from '../config.ts';
import { type ApiClient, openClient } from '../demo/api-client.ts';
import { type Server, startServer } from '../server.ts';
import { prepared } from '../store/value-client.ts';
import { billFloor } from './bill-floor.ts';
import { type BillingSetup, configureBilling } from './bill-setup.ts';
import { median, RUNS, WARMING_RUNS } from './median.ts';

export type BillOptions = {
  readonly accounts: number;
  readonly measurements: number;
  /** One commitment and one balance for each account besides. */
  readonly credit: boolean;
};

export type BillResult = {
  readonly accounts: number;
  readonly billsPerSecond: number;
  readonly seconds: number;
  /** The same aggregation for all accounts at once and a COPY of the finished bills and lines. */
  readonly floorSeconds: number;
  /** How many times as long as the floor. */
  readonly floors: number;
  readonly recalculateMs: number;
  readonly previewMs: number;
  /** Of this process, which holds ClickHouse too; PostgreSQL's is not in it. */
  readonly peakRssMb: number;
};

/**
 * Billed first, in an organization of their own: a server bills for weeks, and V8 compiles in its first
 * seconds.
 */
const WARMING = { accounts: 3000, measurements: 300_000 };

/** One monthly bill job over all accounts, on stores of its own inside of this process. */
export async function benchBill(options: BillOptions): Promise<BillResult> {
  const dataDir = await mkdtemp(join(tmpdir(), 'meterbook-bench-'));
  const server = await startServer({ ...readEnv({}), port: 0, dataDir, logLevel: 'warn' });
  try {
    const warming = await organizationFor(server, { ...options, ...WARMING });
    await jobSeconds({ ...warming, target: {}, pauseMs: 100 });
    return await measuredJob(await organizationFor(server, options));
  } finally {
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function organizationFor(server: Server, options: BillOptions): Promise<Bench> {
  const organization = await createAdministeredOrganization(server.context, 'Bench');
  const client = await openClient({ ...organization, baseUrl: server.address ?? '' });
  const setup = await configureBilling(server.context, client, options);
  return { server, client, setup, options };
}

type Bench = {
  readonly server: Server;
  readonly client: ApiClient;
  readonly setup: BillingSetup;
  readonly options: BillOptions;
};

const JOB = { lastDateInBillingPeriod: '2026-01-31', billingFrequency: 'MONTHLY' };

async function measuredJob({ server, client, setup, options }: Bench): Promise<BillResult> {
  const memory = peakMemory();
  const seconds = await jobSeconds({ server, client, target: {}, pauseMs: 20 });
  const peakRssMb = memory.stop();
  const bills = await countOfBills(server, setup.orgId);
  if (bills !== options.accounts)
    throw new Error(`${bills} bills were made for ${options.accounts} accounts`);
  const floorSeconds = median(await floors(server, setup));
  const [accountId = ''] = setup.accountIds;
  const recalculation = { server, client, target: { accountIds: [accountId] }, pauseMs: 5 };
  const recalculateMs = 1000 * (await warmMedian(() => jobSeconds(recalculation)));
  const previewMs = 1000 * (await warmMedian(() => previewSeconds(client, accountId)));
  return {
    accounts: options.accounts,
    billsPerSecond: bills / seconds,
    seconds,
    floorSeconds,
    floors: seconds / floorSeconds,
    recalculateMs,
    previewMs,
    peakRssMb,
  };
}

/** Several, because one alone differs by a fifth from the next. */
async function floors({ context }: Server, setup: BillingSetup): Promise<number[]> {
  const seconds: number[] = [];
  for (let time = 0; time < 3; time += 1) seconds.push(await billFloor(context, setup));
  return seconds;
}

type Job = {
  readonly server: Server;
  readonly client: ApiClient;
  readonly target: object;
  readonly pauseMs: number;
};

/** From the request until the job is stored as complete: asking for it over HTTP takes time from the job. */
async function jobSeconds({ server, client, target, pauseMs }: Job): Promise<number> {
  const started = performance.now();
  const { id } = (await client.request('POST', '/billjobs', { ...JOB, ...target })) as { id: string };
  for (;;) {
    const { rows } = await sql<{ isComplete: boolean }>`${prepared}
      select status = 'COMPLETE' as is_complete from bill_job where id = ${id}`.execute(server.context.db);
    if (rows[0]?.isComplete) return (performance.now() - started) / 1000;
    await sleep(pauseMs);
  }
}

async function previewSeconds(client: ApiClient, accountId: string): Promise<number> {
  const started = performance.now();
  await client.request('POST', '/bills/preview', {
    ...JOB,
    billFrequencyInterval: 1,
    accountIds: [accountId],
  });
  return (performance.now() - started) / 1000;
}

async function warmMedian(run: () => Promise<number>): Promise<number> {
  const figures: number[] = [];
  for (let time = 0; time < WARMING_RUNS + RUNS; time += 1) figures.push(await run());
  return median(figures.slice(WARMING_RUNS));
}

async function countOfBills({ context }: Server, orgId: string): Promise<number> {
  const { rows } = await sql<{ bills: number }>`
    select count(*) as bills from bill where org_id = ${orgId}`.execute(context.db);
  return rows[0]?.bills ?? 0;
}

function peakMemory(): { stop(): number } {
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const timer = setInterval(look, 200);
  return {
    stop: () => {
      clearInterval(timer);
      look();
      return Math.round(peak / 1024 / 1024);
    },
  };
}
