import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Access, type ApiClient, openClient } from '../../src/demo/api-client.ts';
import { freePort } from '../../src/store/embedded-postgres.ts';
import { faultRounds } from '../support/fault-rounds.ts';
import {
  emptyTally,
  expectSameWhenSentAgain,
  expectStoredOnce,
  loadMeter,
  startLoad,
} from '../support/measurement-load.ts';
import {
  builtServer,
  freshAccess,
  type ServerProcess,
  serverEnvironment,
  startServerProcess,
} from '../support/server-process.ts';
import { freshStores } from '../support/stores.ts';

const LOAD_MS = 1_000;

let folder: string;
let environment: Record<string, string>;
let access: Access;
let apis: ServerProcess[] = [];
let workers: ServerProcess[] = [];
let clients: ApiClient[];

/** All processes share one PostgreSQL, one ClickHouse over HTTP and one folder with the key and the files. */
beforeAll(async () => {
  await builtServer();
  folder = await mkdtemp(join(tmpdir(), 'meterbook-scale-'));
  const { databaseUrl, clickhouseUrl } = await freshStores();
  access = await freshAccess();
  const stores = { DATABASE_URL: databaseUrl, CLICKHOUSE_URL: clickhouseUrl, METERBOOK_DATA_DIR: folder };
  environment = { ...serverEnvironment(access), ...stores };
  const second = { ...access, baseUrl: `http://127.0.0.1:${await freePort()}` };
  apis = [access, second].map(({ baseUrl }) => startOnly('api', { PORT: new URL(baseUrl).port }));
  workers = [startOnly('work'), startOnly('work')];
  await Promise.all([...apis, ...workers].map(({ listening }) => listening));
  clients = await Promise.all([access, second].map(openClient));
});
afterAll(async () => {
  for (const server of [...apis, ...workers]) server.kill('SIGTERM');
  await Promise.all([...apis, ...workers].map(({ ended }) => ended));
  await rm(folder, { recursive: true, force: true });
});

function startOnly(role: 'api' | 'work', changes: Record<string, string> = {}): ServerProcess {
  return startServerProcess({ ...environment, ...changes }, ['--only', role]);
}

test('what two API processes accept twice is stored once, though workers are killed', {
  timeout: 900_000,
}, async () => {
  const [client] = clients as [ApiClient];
  const meterId = await loadMeter(client);
  const tally = emptyTally();
  for (let round = 0; round < faultRounds(); round += 1) {
    const load = startLoad(clients, tally);
    await sleep(LOAD_MS * Math.random());
    const [killed] = workers.splice(0, 1);
    killed?.kill('SIGKILL');
    await sleep(LOAD_MS * Math.random());
    await load.stop();
    await killed?.ended;
    workers.push(startOnly('work'));
    await expectStoredOnce(client, meterId, tally);
  }
  expect([tally.refused, tally.unanswered], 'the API processes go on').toEqual([[], []]);
  await expectSameWhenSentAgain(client, meterId, tally);
});

test('a token of one process is good for the other, and what one writes the other reads', async () => {
  const [first, second] = clients as [ApiClient, ApiClient];
  const made = await first.request('POST', '/products', { name: 'Shared', code: 'shared' });
  const answer = await fetch(
    `${second.access.baseUrl}/organizations/${access.orgId}/products/${String(made['id'])}`,
    { headers: { authorization: first.authorization } },
  );
  expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ code: 'shared' })]);
});

type Body = Record<string, unknown>;

/** An account with a standing charge of 40 a month and a balance of 100 that pays for it. */
async function payingAccount(client: ApiClient): Promise<{ accountId: string; balanceId: string }> {
  const made = async (path: string, body: Body) => String((await client.request('POST', path, body))['id']);
  const productId = await made('/products', { name: 'Raced', code: 'raced' });
  const terms = { currency: 'USD', standingCharge: 40, billFrequency: 'MONTHLY' };
  const planTemplateId = await made('/plantemplates', { name: 'Raced', code: 'raced', productId, ...terms });
  const planId = await made('/plans', { name: 'Raced', code: 'raced', planTemplateId });
  const accountId = await made('/accounts', { name: 'Raced', code: 'raced', emailAddress: 'r@example.com' });
  const period = { startDate: '2026-01-01T00:00:00Z', endDate: '2030-01-01T00:00:00Z' };
  await made('/accountplans', { accountId, planId, code: 'raced', startDate: period.startDate });
  const balanceId = await made('/balances', {
    accountId,
    name: 'Raced',
    code: 'raced',
    currency: 'USD',
    ...period,
  });
  await made(`/balances/${balanceId}/transactions`, { amount: 100 });
  return { accountId, balanceId };
}

async function billed(client: ApiClient, body: Body): Promise<void> {
  let job = await client.request('POST', '/billjobs', { billingFrequency: 'MONTHLY', ...body });
  while (job['status'] !== 'COMPLETE') {
    await sleep(50);
    job = await client.request('GET', `/billjobs/${String(job['id'])}`);
  }
}

async function amountsOf(client: ApiClient, path: string, sign = 1): Promise<number[]> {
  const { data } = (await client.request('GET', path)) as { data: readonly Body[] };
  return data.map((row) => sign * Number.parseFloat(String(row['amount'] ?? row['subtotal'])));
}

test('bill jobs and transactions of several processes on one balance never overspend it and lose nothing', {
  timeout: 120_000,
}, async () => {
  const [first, second] = clients as [ApiClient, ApiClient];
  const { accountId, balanceId } = await payingAccount(first);
  const transactions = `/balances/${balanceId}/transactions`;
  const months = ['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30'];
  // 160.00 of charges, 100.00 and ten times 1.00 in the balance; every month is billed by both processes.
  await Promise.all([
    ...months.flatMap((lastDateInBillingPeriod) =>
      [first, second].map((client) => billed(client, { lastDateInBillingPeriod, accountIds: [accountId] })),
    ),
    ...Array.from({ length: 10 }, (_, n) =>
      (n % 2 ? first : second).request('POST', transactions, { amount: 1 }),
    ),
  ]);
  const balance = await first.request('GET', `/balances/${balanceId}`);
  const held = Number.parseFloat(String(balance['amount']));
  const moved = await amountsOf(second, `/balances/${balanceId}/ledger?pageSize=200`);
  const put = (await amountsOf(second, `${transactions}?pageSize=100`)).filter((amount) => amount > 0);
  expect(put.toSorted()).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 100]);
  expect(held).toBeGreaterThanOrEqual(0);
  expect(moved.reduce((sum, amount) => sum + amount, 0)).toBeCloseTo(held, 9);
  const lines = await amountsOf(first, '/lineitems?lineItemType=BALANCE_CONSUMED&pageSize=100');
  expect(110 + lines.reduce((sum, amount) => sum + amount, 0)).toBeCloseTo(held, 9);
});
