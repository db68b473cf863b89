import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyBalanceTransaction } from '../../src/areas/accounts/index.ts';
import { attach, type Bill, billText, pricedUsage, runJob, theBillOf, use } from '../support/billing.ts';
import { account, created, freshCode, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

type Fields = Record<string, unknown>;

/** A balance in USD from 2024 to 2030, with that much money in it. */
async function funded(owner: Made, funds: number, fields: Fields = {}): Promise<Made> {
  const period = { startDate: '2024-01-01T00:00:00Z', endDate: '2030-01-01T00:00:00Z' };
  const body = { accountId: owner.id, name: 'Wallet', code: freshCode('wallet'), currency: 'USD', ...period };
  const made = await created(server, '/balances', { ...body, ...fields });
  if (funds !== 0) await put(made, { amount: funds, appliedDate: '2024-01-01T00:00:00Z' });
  return made;
}

function put(balance: Made, body: Fields): Promise<Made> {
  return created(server, `/balances/${balance.id}/transactions`, body);
}

async function read(path: string): Promise<Fields> {
  const answer = await server.request('GET', path);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return answer.body as Fields;
}

async function transactionsOf(balance: Made): Promise<readonly Made[]> {
  return (await read(`/balances/${balance.id}/transactions`))['data'] as Made[];
}

async function held(balance: Made): Promise<unknown> {
  const { amount } = await read(`/balances/${balance.id}`);
  const summed = (await transactionsOf(balance)).reduce((sum, made) => sum + Number(made['amount']), 0);
  expect(amount).toBeCloseTo(summed, 8);
  return amount;
}

/** The names of the events of a balance, oldest first, with what it held before and after. */
async function eventsOf(balance: Made): Promise<readonly string[]> {
  const { rows } = await sql<{ eventName: string; old: string | null; new: string | null }>`
    select event_name, m3ter_event #>> '{eventData,oldDto,amount}' as old,
      m3ter_event #>> '{eventData,newDto,amount}' as new
    from event where resource_id = ${balance.id} order by id`.execute(server.context.db);
  return rows.map(({ eventName, old, new: after }) => `${eventName} ${old ?? '-'} ${after ?? '-'}`);
}

const MAY = { lastDateInBillingPeriod: '2024-05-31', billingFrequency: 'MONTHLY' };

function billMay(owner: Made): Promise<unknown> {
  return runJob(server, { ...MAY, accountIds: [owner.id] });
}

/** An account with 50 units of usage in May 2024 at 1.00 each. */
async function billedAccount(): Promise<{ readonly owner: Made; readonly meter: Made }> {
  const { meter, plan } = await pricedUsage(server);
  const owner = await account(server);
  await attach(server, owner, plan);
  await use(server, { account: owner, meter, ts: '2024-05-10T00:00:00Z', qty: 50 });
  return { owner, meter };
}

test('a product that a balance names stays until the balance names it no more', async () => {
  const { id: productId } = await created(server, '/products', { name: 'Core', code: freshCode('core') });
  const balance = await funded(await account(server), 0, { productIds: [productId] });
  const refused = await server.request('DELETE', `/products/${productId}`);
  expect(refused).toMatchObject({ status: 400, body: { code: 'ENTITY_IN_USE' } });
  await server.request('PUT', `/balances/${balance.id}`, { ...balance, productIds: [] });
  expect(await server.request('DELETE', `/products/${productId}`)).toMatchObject({ status: 200 });
});

describe('transactions', () => {
  test('what a balance holds is the sum of its transactions, each of which moves its version', async () => {
    const balance = await funded(await account(server), 0);
    expect(balance).toMatchObject({ version: 1, amount: 0 });
    const paid = await put(balance, { amount: 100.25, paid: 90, currencyPaid: 'GBP', description: 'Top-up' });
    expect(paid).toMatchObject({ amount: 100.25, paid: 90, currencyPaid: 'GBP', entityType: 'SERVICE_USER' });
    expect(paid['appliedDate']).toBe(paid['dtCreated']);
    await put(balance, { amount: -0.25 });
    expect(await read(`/balances/${balance.id}`)).toMatchObject({ amount: 100, version: 3 });
    expect((await transactionsOf(balance)).map((made) => made['amount'])).toEqual([-0.25, 100.25]);
    expect(await eventsOf(balance)).toEqual([
      'billing.balanceamount.created - 0',
      'billing.balance.created - 0',
      'billing.balance.updated 0 100.25',
      'billing.balanceamount.updated 0 100.25',
      'billing.balance.updated 100.25 100',
      'billing.balanceamount.updated 100.25 100',
    ]);
  });

  test.each([
    [{ amount: 0 }, 'VALIDATION_FAILED', 'amount'],
    [{ amount: -10.01 }, 'VALIDATION_FAILED', 'amount'],
    [{ amount: 1, transactionTypeId: '{archived}' }, 'REFERENCE_NOT_FOUND', 'transactionTypeId'],
    [
      { amount: 1, transactionTypeId: '00000000-0000-4000-8000-000000000000' },
      'REFERENCE_NOT_FOUND',
      'transactionTypeId',
    ],
  ])('%j is refused and changes nothing', async (body, code, field) => {
    const type = { name: 'Old', code: freshCode('type'), archived: true };
    const archived = await created(server, '/picklists/transactiontypes', type);
    const balance = await funded(await account(server), 10);
    const sent = { ...body, ...('transactionTypeId' in body && idIn(body.transactionTypeId, archived)) };
    const answer = await server.request('POST', `/balances/${balance.id}/transactions`, sent);
    expect(answer).toMatchObject({ status: 400, body: { code, errors: [{ field }] } });
    expect(await read(`/balances/${balance.id}`)).toMatchObject({ amount: 10, version: 2 });
  });

  function idIn(text: string, archived: Made) {
    return { transactionTypeId: text === '{archived}' ? archived.id : text };
  }

  test('a balance that allows it goes below 0', async () => {
    const balance = await funded(await account(server), 10, { allowOverdraft: true });
    await put(balance, { amount: -25 });
    expect(await held(balance)).toBe(-15);
  });

  test('money of a later date is listed, and counts from that moment on', async () => {
    const balance = await funded(await account(server), 10);
    const later = await put(balance, { amount: 5, appliedDate: '2098-01-01T00:00:00Z' });
    expect(await read(`/balances/${balance.id}`)).toMatchObject({ amount: 10, version: 2 });
    expect(await transactionsOf(balance)).toHaveLength(2);
    await server.moveTo('2098-01-01T00:00:00Z');
    expect(await read(`/balances/${balance.id}`)).toMatchObject({ amount: 15, version: 2 });
    const payload = { orgId: server.orgId, transactionId: later.id };
    await applyBalanceTransaction.run(server.context, payload);
    await applyBalanceTransaction.run(server.context, payload);
    expect(await read(`/balances/${balance.id}`)).toMatchObject({ amount: 15, version: 3 });
    expect((await eventsOf(balance)).slice(-2)).toEqual([
      'billing.balance.updated 10 15',
      'billing.balanceamount.updated 10 15',
    ]);
    await server.moveTo('2026-11-21T00:00:00Z');
  });

  test('a summary tells what came in, what was used and what has expired', async () => {
    const ended = {
      endDate: '2025-01-01T00:00:00Z',
      rolloverEndDate: '2099-01-01T00:00:00Z',
      rolloverAmount: 30,
    };
    const balance = await funded(await account(server), 100, ended);
    await put(balance, { amount: 20, appliedDate: '2023-12-01T00:00:00Z' });
    await put(balance, { amount: -50 });
    expect(await read(`/balances/${balance.id}/transactions/summary`)).toEqual({
      totalCreditAmount: 120,
      totalDebitAmount: 50,
      initialCreditAmount: 20,
      balanceConsumed: 50,
      rolloverConsumed: 0,
      expiredBalanceAmount: 40,
    });
  });

  test('parallel debits never take more than there is', async () => {
    const balance = await funded(await account(server), 10);
    const path = `/balances/${balance.id}/transactions`;
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => server.request('POST', path, { amount: -4 })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(await held(balance)).toBe(2);
  });
});

describe('the balance itself', () => {
  test('its currency stays once there are transactions', async () => {
    const euro = await created(server, '/picklists/currency', { name: 'Euro', code: freshCode('EUR') });
    const owner = await account(server);
    const empty = await funded(owner, 0);
    const change = { ...empty, currency: euro['code'] };
    const changed = await server.request('PUT', `/balances/${empty.id}`, change);
    expect(changed).toMatchObject({ status: 200, body: { currency: euro['code'], version: 2 } });
    const used = await funded(owner, 5);
    const refused = await server.request('PUT', `/balances/${used.id}`, {
      ...used,
      ...change,
      version: 2,
      code: 'x',
    });
    expect(refused).toMatchObject({ status: 400, body: { code: 'IMMUTABLE_FIELD' } });
  });

  test.each([
    ['', ['a', 'b']],
    ['&contractId=', ['b']],
    ['&contractId={contract}', ['a']],
    ['&contract={code}', ['a']],
    ['&endDateStart=2030-01-01', ['a', 'b']],
    ['&endDateStart=2030-01-01T00:00:01Z', ['a']],
    ['&endDateEnd=2031-01-01', ['b']],
  ])('balances of an account by %j are %j', async (query, codes) => {
    const owner = await account(server);
    const period = { startDate: '2024-01-01', endDate: '2030-01-01' };
    const terms = { accountId: owner.id, name: 'Terms', code: freshCode('terms'), ...period };
    const contract = await created(server, '/contracts', terms);
    await funded(owner, 0, { code: 'b' });
    await funded(owner, 0, { code: 'a', contractId: contract.id, rolloverEndDate: '2031-01-01T00:00:00Z' });
    const filter = query.replace('{contract}', contract.id).replace('{code}', String(contract['code']));
    const { data } = await read(`/balances?accountId=${owner.id}${filter}`);
    expect((data as Made[]).map((made) => made['code'])).toEqual(codes);
  });
});

function billSummary(bill: Bill): string {
  const lines = bill.lineItems.map((line) => `${line.lineItemType} ${line.subtotal}`);
  return `${bill.billTotal}: ${lines.join(', ')}`;
}

describe('draw-down', () => {
  test('a bill draws on a balance, anew when it is calculated again, until it is deleted', async () => {
    const { owner, meter } = await billedAccount();
    const balance = await funded(owner, 80, { balanceDrawDownDescription: 'Credit used' });
    await billMay(owner);
    const bill = await theBillOf(server, owner);
    expect(billSummary(bill)).toBe('0: USAGE 50, BALANCE_CONSUMED -50');
    expect(bill.lineItems[1]).toMatchObject({ balanceId: balance.id, description: 'Credit used' });
    expect(await held(balance)).toBe(30);
    const [draw] = await transactionsOf(balance);
    expect(draw).toMatchObject({ amount: -50, entityType: 'BILL', entityId: bill.id, version: 1 });
    expect(draw?.['appliedDate']).toBe('2024-06-01T00:00:00Z');

    await billMay(owner);
    expect((await transactionsOf(balance))[0]).toEqual(draw);
    expect(await read(`/balances/${balance.id}`)).toMatchObject({ version: 3 });

    await use(server, { account: owner, meter, ts: '2024-05-12T00:00:00Z', qty: 40 });
    await runJob(server, { billIds: [bill.id] }, '/billjobs/recalculate');
    expect(billSummary(await theBillOf(server, owner))).toBe('10: USAGE 90, BALANCE_CONSUMED -80');
    expect((await transactionsOf(balance))[0]).toMatchObject({ id: draw?.id, version: 2, amount: -80 });
    expect(await held(balance)).toBe(0);

    await server.request('DELETE', `/bills/${bill.id}`);
    expect(await held(balance)).toBe(80);
    expect(await transactionsOf(balance)).toHaveLength(1);
    expect((await eventsOf(balance)).filter((name) => name.startsWith('billing.balanceamount'))).toEqual([
      'billing.balanceamount.created - 0',
      'billing.balanceamount.updated 0 80',
      'billing.balanceamount.updated 80 30',
      'billing.balanceamount.updated 30 0',
      'billing.balanceamount.updated 0 80',
    ]);
  });

  test('a preview shows what would be drawn and draws nothing', async () => {
    const { owner } = await billedAccount();
    const balance = await funded(owner, 80);
    const body = { ...MAY, accountIds: [owner.id], billFrequencyInterval: 1 };
    const answer = await server.request('POST', '/bills/preview', body);
    expect(billSummary(answer.body as Bill)).toBe('0: USAGE 50, BALANCE_CONSUMED -50');
    expect(await held(balance)).toBe(80);
  });

  test('a top-up is used when the bill is calculated again', async () => {
    const { owner } = await billedAccount();
    const balance = await funded(owner, 0);
    await billMay(owner);
    await put(balance, { amount: 80 });
    const bill = await theBillOf(server, owner);
    expect(bill.billTotal).toBe(50);
    await runJob(server, { billIds: [bill.id] }, '/billjobs/recalculate');
    expect((await theBillOf(server, owner)).billTotal).toBe(0);
    expect(await held(balance)).toBe(30);
  });

  test('a balance on a locked bill stays, and so does what the bill has drawn', async () => {
    const { owner } = await billedAccount();
    const balance = await funded(owner, 80);
    await billMay(owner);
    const bill = await theBillOf(server, owner);
    await server.request('PUT', `/bills/${bill.id}/status`, { status: 'APPROVED' });
    await server.request('PUT', `/bills/${bill.id}/lock`);
    const refused = await server.request('DELETE', `/balances/${balance.id}`);
    expect(refused).toMatchObject({ status: 400, body: { code: 'ENTITY_IN_USE' } });
    await put(balance, { amount: 100 });
    await billMay(owner);
    expect(await held(balance)).toBe(130);
  });

  test('a missing rate fails the bill and leaves the balance as it was', async () => {
    const { owner } = await billedAccount();
    const code = freshCode('EUR');
    await created(server, '/picklists/currency', { name: code, code });
    const balance = await funded(owner, 80, { currency: code });
    await billMay(owner);
    const { data } = await read(`/bills?accountId=${owner.id}`);
    expect(data).toEqual([]);
    expect(await held(balance)).toBe(80);
  });

  test('jobs and debits at the same time draw every unit of money once', async () => {
    const { owner, meter } = await billedAccount();
    for (const month of ['02', '03', '04']) {
      await use(server, { account: owner, meter, ts: `2024-${month}-10T00:00:00Z`, qty: 50 });
    }
    const balance = await funded(owner, 120);
    const jobs = ['02-29', '03-31', '04-30', '05-31'].map((day) =>
      runJob(server, { ...MAY, lastDateInBillingPeriod: `2024-${day}`, accountIds: [owner.id] }),
    );
    const debits = Array.from({ length: 4 }, () =>
      server.request('POST', `/balances/${balance.id}/transactions`, { amount: -15 }),
    );
    const [answers] = await Promise.all([Promise.all(debits), Promise.all(jobs)]);
    const taken = answers.filter(({ status }) => status === 200).length * 15;
    const { data } = await read(`/bills?accountId=${owner.id}&includeBillTotal=true`);
    const bills = data as Bill[];
    expect(bills).toHaveLength(4);
    const drawn = bills.reduce((sum, bill) => sum + 50 - bill.billTotal, 0);
    expect(drawn + taken).toBe(120);
    expect(await held(balance)).toBe(0);
    expect(bills.map(billText).join()).toContain('BALANCE_CONSUMED');
  });
});
