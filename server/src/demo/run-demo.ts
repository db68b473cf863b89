import { setTimeout as sleep } from 'node:timers/promises';
import { writeJson } from '../kernel/json.ts';
import { type ApiClient, allPages, type Json } from './api-client.ts';
import { billText } from './bill-text.ts';
import { ACCOUNTS, CATALOG, type DemoAccount } from './catalog.ts';
import { type DemoMeasurement, demoUsage } from './generate-usage.ts';

const SEED = 20_260_901;
const BATCH_SIZE = 1000;
const PARALLEL_REQUESTS = 4;
const BAR_WIDTH = 40;
const MONTHS = ['2026-09-30', '2026-10-31'] as const;

/** Where the demo writes to: whole lines, and a progress bar that redraws its line on a terminal. */
export type DemoOutput = { line(text: string): void; progress(text: string): void };

/**
 * The main job on a realistic data set: configures the demo company, sends six weeks of usage, bills two
 * months and prints every bill. Throws when a step fails or the stored usage is not what was sent.
 */
export async function runDemo(client: ApiClient, output: DemoOutput): Promise<void> {
  output.line('Configuring products, meters, plans and 12 accounts ...');
  const ids = await configure(client);
  const { measurements, duplicates } = demoUsage(ACCOUNTS, SEED);
  output.line(`Sending ${measurements.length} measurements, ${duplicates} of them twice ...`);
  await ingest(client, measurements, output);
  const stored = await untilStored(client, ids, measurements.length - duplicates);
  output.line(`${stored} measurements stored, ${duplicates} duplicates left out.`);
  for (const lastDate of MONTHS) await billMonth(client, { ids, lastDate, output });
}

async function configure(client: ApiClient): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  const create = async (path: string, name: string, body: object) => {
    const text = writeJson(body).replace(/"@(\w+)"/g, (_, reference: string) => `"${ids.get(reference)}"`);
    ids.set(name, String((await client.send(path, text))['id']));
  };
  for (const { path, entities } of CATALOG) {
    for (const [name, body] of Object.entries(entities)) await create(path, name, body);
  }
  await useEuroRate(client);
  for (const account of ACCOUNTS) {
    await create('/accounts', account.code, accountBody(account, ids));
    for (const plan of account.plans) {
      const startDate = account.startDate ?? '2026-09-01T00:00:00Z';
      const body = { accountId: ids.get(account.code), planId: ids.get(plan), startDate };
      await create('/accountplans', `${account.code} ${plan}`, body);
    }
  }
  return ids;
}

function accountBody(account: DemoAccount, ids: Map<string, string>): object {
  return {
    name: account.name,
    code: account.code,
    emailAddress: `billing@${account.code}.example.com`,
    ...(account.currency && { currency: account.currency }),
    ...(account.parent && { parentAccountId: ids.get(account.parent) }),
  };
}

async function useEuroRate(client: ApiClient): Promise<void> {
  const config = await client.request('GET', '/organizationconfig');
  const currencyConversions = [{ from: 'USD', to: 'EUR', multiplier: 0.92 }];
  await client.request('PUT', '/organizationconfig', {
    ...config,
    currencyConversions,
    daysBeforeBillDue: 14,
  });
}

async function ingest(
  client: ApiClient,
  measurements: readonly DemoMeasurement[],
  output: DemoOutput,
): Promise<void> {
  let next = 0;
  let sent = 0;
  const sender = async () => {
    while (next < measurements.length) {
      const batch = measurements.slice(next, next + BATCH_SIZE);
      next += BATCH_SIZE;
      await client.send('/measurements', JSON.stringify({ measurements: batch }));
      sent += batch.length;
      output.progress(bar(sent, measurements.length));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, sender));
  output.progress('');
}

function bar(done: number, total: number): string {
  const filled = Math.round((done / total) * BAR_WIDTH);
  const percent = Math.floor((done / total) * 100);
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ${percent} %  ${done} of ${total}`;
}

/** Waits until a usage query counts what was sent without the duplicates. */
async function untilStored(client: ApiClient, ids: Map<string, string>, expected: number): Promise<number> {
  const count = (meter: string, fieldCode: string) => ({
    meterId: ids.get(meter),
    fieldCode,
    fieldType: 'MEASURE',
    function: 'COUNT',
  });
  const body = {
    startDate: '2026-09-01T00:00:00Z',
    endDate: '2026-11-01T00:00:00Z',
    aggregations: [
      count('completions', 'input_tokens'),
      count('training', 'gpu_seconds'),
      count('vectors', 'gigabytes'),
    ],
  };
  let stored = 0;
  for (let tries = 0; tries < 600; tries += 1) {
    const { data } = (await client.request('POST', '/usage/query', body)) as { data: readonly Json[] };
    stored = Object.values(data[0] ?? {}).reduce<number>(
      (sum, value) => sum + Number.parseInt(String(value), 10),
      0,
    );
    if (stored === expected) return stored;
    await sleep(100);
  }
  throw new Error(`${stored} measurements are stored, ${expected} were expected`);
}

type Month = { readonly ids: Map<string, string>; readonly lastDate: string; readonly output: DemoOutput };

async function billMonth(client: ApiClient, { ids, lastDate, output }: Month): Promise<void> {
  const accountIds = ACCOUNTS.map((account) => ids.get(account.code));
  const body = { accountIds, lastDateInBillingPeriod: lastDate, billingFrequency: 'MONTHLY' };
  let job = await client.request('POST', '/billjobs', body);
  while (job['status'] !== 'COMPLETE') {
    await sleep(100);
    job = await client.request('GET', `/billjobs/${job['id']}`);
    if (job['status'] === 'CANCELLED') throw new Error('the bill job was cancelled');
  }
  const bills = await allPages(client, `/bills?billJobId=${job['id']}&includeBillTotal=true`);
  output.line(`\nBills up to ${lastDate}: ${bills.length}\n`);
  for (const account of ACCOUNTS) {
    const own = bills.filter((bill) => bill['accountId'] === ids.get(account.code));
    for (const bill of own) output.line(billText(bill, account));
  }
}
