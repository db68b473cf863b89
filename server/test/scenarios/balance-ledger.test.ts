import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkBalanceLedgers } from '../../src/areas/billing/index.ts';
import { startServer } from '../../src/server.ts';
import { attach, billsOf, pricedUsage, runJob, theBillOf, use } from '../support/billing.ts';
import { account, created, freshCode, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

type Fields = Record<string, unknown>;
type Movement = Fields & { readonly cause: string; readonly amount: number; readonly runningBalance: number };

async function funded(owner: Made, funds: number, fields: Fields = {}): Promise<Made> {
  const period = { startDate: '2024-01-01T00:00:00Z', endDate: '2030-01-01T00:00:00Z' };
  const body = { accountId: owner.id, name: 'Wallet', code: freshCode('wallet'), currency: 'USD', ...period };
  const made = await created(server, '/balances', { ...body, ...fields });
  await created(server, `/balances/${made.id}/transactions`, { amount: funds });
  return made;
}

/** Oldest first; every page is read. */
async function ledgerOf(balance: Made, pageSize = 200): Promise<readonly Movement[]> {
  const found: Movement[] = [];
  let token = '';
  do {
    const path = `/balances/${balance.id}/ledger?pageSize=${pageSize}&nextToken=${encodeURIComponent(token)}`;
    const answer = await server.request('GET', path);
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
    const page = answer.body as { data: Movement[]; nextToken?: string };
    found.push(...page.data);
    token = page.nextToken ?? '';
  } while (token !== '');
  return found.reverse();
}

function text({ cause, amount, runningBalance }: Movement): string {
  return `${cause} ${amount} → ${runningBalance}`;
}

async function amountOf(balance: Made): Promise<number> {
  return ((await server.request('GET', `/balances/${balance.id}`)).body as { amount: number }).amount;
}

const MAY = { lastDateInBillingPeriod: '2024-05-31', billingFrequency: 'MONTHLY' };

/** An account with 50 units of usage in May 2024 at 1.00 each. */
async function billedAccount(): Promise<{ readonly owner: Made; readonly meter: Made }> {
  const { meter, plan } = await pricedUsage(server);
  const owner = await account(server);
  await attach(server, owner, plan);
  await use(server, { account: owner, meter, ts: '2024-05-10T00:00:00Z', qty: 50 });
  return { owner, meter };
}

test('a draw that changes is given back and taken anew, and nothing that was written changes', async () => {
  const { owner, meter } = await billedAccount();
  const balance = await funded(owner, 120);
  await runJob(server, { ...MAY, accountIds: [owner.id] });
  const before = await ledgerOf(balance);
  expect(before.map(text)).toEqual(['TRANSACTION 120 → 120', 'DRAW -50 → 70']);
  await use(server, { account: owner, meter, ts: '2024-05-11T00:00:00Z', qty: 10 });
  await runJob(server, { ...MAY, accountIds: [owner.id] });
  await runJob(server, { ...MAY, accountIds: [owner.id] });
  const bill = await theBillOf(server, owner);
  const after = await ledgerOf(balance, 1);
  expect(after.slice(0, 2)).toEqual(before);
  expect(after.slice(2).map(text)).toEqual(['RELEASE 50 → 120', 'DRAW -60 → 60']);
  const line = bill.lineItems.find((row) => row.lineItemType === 'BALANCE_CONSUMED');
  expect(after.at(-1)).toMatchObject({ billId: bill.id, lineItemId: line?.id, phase: 'BASE' });
  await server.request('DELETE', `/bills/${bill.id}`);
  expect(text((await ledgerOf(balance)).at(-1) as Movement)).toBe('RELEASE 60 → 120');
  expect(await amountOf(balance)).toBe(120);
});

test('the end of a balance is marked with what was carried over and what has expired', async () => {
  const terms = { endDate: '2025-01-01T00:00:00Z', rolloverEndDate: '2099-01-01T00:00:00Z' };
  const balance = await funded(await account(server), 100, { ...terms, rolloverAmount: 30 });
  const rows = await ledgerOf(balance);
  expect(
    rows.map(({ cause, carriedAmount, expiredAmount }) => ({ cause, carriedAmount, expiredAmount })),
  ).toEqual([
    { cause: 'ROLLOVER', carriedAmount: 30 },
    { cause: 'EXPIRY', expiredAmount: 70 },
    { cause: 'TRANSACTION' },
  ]);
});

test('movements cannot be changed, and go with their balance', async () => {
  const balance = await funded(await account(server), 10);
  const { db } = server.context;
  const mine = sql`balance_id = ${balance.id}`;
  await expect(sql`update balance_movement set amount = 11 where ${mine}`.execute(db)).rejects.toThrow(
    'never',
  );
  await expect(sql`delete from balance_movement where ${mine}`.execute(db)).rejects.toThrow('never');
  expect(await server.request('DELETE', `/balances/${balance.id}`)).toMatchObject({ status: 200 });
  const { rows } = await sql`select from balance_movement where ${mine}`.execute(db);
  expect(rows).toEqual([]);
  expect(await server.request('GET', `/balances/${balance.id}/ledger`)).toMatchObject({ status: 404 });
});

test('the nightly check finds a balance whose rows were changed by hand, and no other', async () => {
  const balance = await funded(await account(server), 10);
  const { db } = server.context;
  const raised = async () => {
    await checkBalanceLedgers.run(server.context, {});
    const { rows } = await sql<{ entity: string }>`
      select m3ter_event #>> '{eventData,newDto,entityId}' as entity from event
      where event_name = 'configuration.alert.created'
        and m3ter_event #>> '{eventData,newDto,entityType}' = 'Balance'`.execute(db);
    return rows.map((row) => row.entity);
  };
  expect(await raised()).toEqual([]);
  await sql`alter table balance_transaction disable trigger balance_transaction_changed`.execute(db);
  await sql`update balance_transaction set amount = 9 where balance_id = ${balance.id}`.execute(db);
  await sql`alter table balance_transaction enable trigger balance_transaction_changed`.execute(db);
  expect(await raised()).toEqual([balance.id]);
  await server.request('DELETE', `/balances/${balance.id}`);
});

test('jobs of two processes, recalculations, credits and debits never overspend or lose money', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'meterbook-test-'));
  const config = { ...server.context.config, dataDir };
  const worker = await startServer(config, { clock: server.clock, role: 'work' });
  try {
    const { owner, meter } = await billedAccount();
    const ends = ['2024-02-29', '2024-03-31', '2024-04-30', '2024-05-31'];
    for (const month of ['02', '03', '04']) {
      await use(server, { account: owner, meter, ts: `2024-${month}-10T00:00:00Z`, qty: 50 });
    }
    const balance = await funded(owner, 120);
    const bill = (end: string) =>
      runJob(server, { ...MAY, lastDateInBillingPeriod: end, accountIds: [owner.id] });
    await bill('2024-02-29');
    const billIds = (await billsOf(server, owner)).map(({ id }) => id);
    const move = (amount: number) =>
      server.request('POST', `/balances/${balance.id}/transactions`, { amount });
    const [moves] = await Promise.all([
      Promise.all([-15, 5, -15, 5, -15, 5].map(move)),
      ...ends.map(bill),
      runJob(server, { billIds }, '/billjobs/recalculate'),
    ]);
    const moved = moves.map(({ status }, at) => (status === 200 ? (at % 2 === 0 ? -15 : 5) : 0));
    expect(moved.filter((amount) => amount === 5)).toHaveLength(3);
    const bills = await billsOf(server, owner);
    expect(bills).toHaveLength(4);
    const drawn = bills.reduce((sum, one) => sum + 50 - one.billTotal, 0);
    const left = await amountOf(balance);
    expect(120 + moved.reduce<number>((sum, amount) => sum + amount, 0) - drawn).toBe(left);
    const rows = await ledgerOf(balance);
    expect(rows.reduce((sum, row) => sum + row.amount, 0)).toBe(left);
    expect(Math.min(...rows.map((row) => row.runningBalance))).toBeGreaterThanOrEqual(0);
  } finally {
    await worker.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}, 120_000);
