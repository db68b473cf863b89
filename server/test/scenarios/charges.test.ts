import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bill, billsOf, billText, runJob, theBillOf } from '../support/billing.ts';
import { account, created, freshCode, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

type Fields = Record<string, unknown>;

function bodyOf(owner: Made, fields: Fields = {}): Fields {
  return {
    accountId: owner.id,
    name: 'Setup',
    code: freshCode('charge'),
    entityType: 'AD_HOC',
    lineItemType: 'AD_HOC',
    currency: 'USD',
    amount: 10,
    servicePeriodStartDate: '2024-05-01T00:00:00Z',
    servicePeriodEndDate: '2024-06-01T00:00:00Z',
    billDate: '2024-06-01',
    ...fields,
  };
}

function charged(owner: Made, fields: Fields = {}): Promise<Made> {
  return created(server, '/charges', bodyOf(owner, fields));
}

async function read(made: Made): Promise<Fields> {
  return (await server.request('GET', `/charges/${made.id}`)).body as Fields;
}

function billMay(owner: Made, fields: Fields = {}): Promise<unknown> {
  return runJob(server, { lastDateInBillingPeriod: '2024-05-31', accountIds: [owner.id], ...fields });
}

const PERIOD = 'AD_HOC 2024-05-01 → 2024-06-01';

describe('fields', () => {
  test.each([
    [{ units: 2, unitPrice: 3 }, 'amount'],
    [{ amount: null }, 'amount'],
    [{ amount: null, units: 2 }, 'unitPrice'],
    [{ amount: null, unitPrice: 2 }, 'units'],
    [{ lineItemType: 'BALANCE_FEE' }, 'lineItemType'],
    [{ entityType: 'BALANCE', lineItemType: 'BALANCE_FEE' }, 'entityId'],
    [{ entityType: 'BALANCE', lineItemType: 'BALANCE_FEE', entityId: 'wallet' }, 'entityId'],
    [{ servicePeriodEndDate: '2024-04-30T00:00:00Z' }, 'servicePeriodEndDate'],
  ])('%j is refused', async (fields, field) => {
    const answer = await server.request('POST', '/charges', bodyOf(await account(server), fields));
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED', errors: [{ field }] } });
  });

  test.each(['wallet', 7, { id: 'wallet' }, '11111111-1111-4111-8111-111111111111'])(
    'what is sent as the entity of an ad-hoc charge is passed over: %j',
    async (entityId) => {
      const made = await charged(await account(server), { entityId });
      expect(await read(made)).not.toHaveProperty('entityId');
    },
  );

  test('a balance of another account and an unknown currency are no references', async () => {
    const owner = await account(server);
    const period = { startDate: '2024-01-01T00:00:00Z', endDate: '2030-01-01T00:00:00Z' };
    const named = { name: 'Wallet', code: freshCode('wallet'), currency: 'USD', ...period };
    const other = await created(server, '/balances', { ...named, accountId: (await account(server)).id });
    const fee = { entityType: 'BALANCE', lineItemType: 'BALANCE_FEE', entityId: other.id };
    for (const [fields, field] of [
      [fee, 'entityId'],
      [{ currency: 'XXX' }, 'currency'],
    ] as const) {
      const answer = await server.request('POST', '/charges', bodyOf(owner, fields));
      expect(answer).toMatchObject({
        status: 400,
        body: { code: 'REFERENCE_NOT_FOUND', errors: [{ field }] },
      });
    }
  });

  test('codes are unique on an account, and without a bill date it is that of the creation', async () => {
    const owner = await account(server);
    const { code, billDate, dtCreated } = await charged(owner, { billDate: null });
    expect(billDate).toBe(String(dtCreated).slice(0, 10));
    await charged(await account(server), { code });
    const answer = await server.request('POST', '/charges', bodyOf(owner, { code }));
    expect(answer).toMatchObject({ status: 400, body: { code: 'DUPLICATE_CODE' } });
  });

  test('lists are filtered', async () => {
    const owner = await account(server);
    const [first, second] = [await charged(owner), await charged(owner, { billDate: '2024-07-01' })];
    const found = async (query: string) => {
      const { body } = await server.request('GET', `/charges?accountId=${owner.id}&${query}`);
      return (body as { data: Made[] }).data.map((row) => row.id);
    };
    expect(await found('')).toEqual([second.id, first.id]);
    expect(await found('billDate=2024-07-01')).toEqual([second.id]);
    expect(await found('entityType=BALANCE')).toEqual([]);
    expect(await found(`ids=${first.id}`)).toEqual([first.id]);
  });
});

describe('on bills', () => {
  test('a bill is made for charges alone, again as it was, and given up with its line', async () => {
    const owner = await account(server);
    const [first, second] = [await charged(owner), await charged(owner, { amount: -2.5 })];
    await billMay(owner);
    const bill = await theBillOf(server, owner);
    expect(bill).toMatchObject({
      billingFrequency: 'AD_HOC',
      startDate: '2024-05-01',
      endDate: '2024-06-01',
    });
    // 10 - 2.50
    expect(billText(bill)).toBe(`${PERIOD} 1 u 10.00\n${PERIOD} 1 u -2.50\nTOTAL 7.50`);
    expect(await read(first)).toMatchObject({ billId: bill.id, version: 1 });
    await billMay(owner);
    expect(await theBillOf(server, owner)).toMatchObject({ id: bill.id, version: 2, billTotal: 7.5 });
    await server.request('DELETE', `/bills/${bill.id}`);
    expect(await read(second)).not.toHaveProperty('billId');
  });

  test('a change is on the PENDING bill at once; a removed charge leaves an empty bill', async () => {
    const owner = await account(server);
    const made = await charged(owner);
    await billMay(owner);
    const body = { ...bodyOf(owner, { code: made['code'] }), amount: null, units: 4, unitPrice: 2.5 };
    const answer = await server.request('PUT', `/charges/${made.id}`, { ...body, version: 1 });
    expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200, body: { version: 2 } });
    const bill = await theBillOf(server, owner);
    expect(billText(bill)).toBe(`${PERIOD} 4 u 10.00\nTOTAL 10.00`);
    expect(bill).toMatchObject({ version: 2, billJobId: expect.any(String) });
    expect(await server.request('DELETE', `/charges/${made.id}`)).toMatchObject({ status: 200 });
    expect(billText(await theBillOf(server, owner))).toBe('TOTAL 0.00');
  });

  test('a charge that is moved to a later date leaves its bill', async () => {
    const owner = await account(server);
    const made = await charged(owner);
    await billMay(owner);
    const body = { ...bodyOf(owner, { code: made['code'], billDate: '2024-07-01' }), version: 1 };
    const { body: after } = await server.request('PUT', `/charges/${made.id}`, body);
    expect(after).not.toHaveProperty('billId');
    await runJob(server, { lastDateInBillingPeriod: '2024-06-30', accountIds: [owner.id] });
    const bills = await billsOf(server, owner);
    expect(bills.map((bill: Bill) => `${bill.billDate} ${bill.billTotal}`)).toEqual([
      '2024-06-01 0',
      '2024-07-01 10',
    ]);
  });

  test('a charge on an approved or a locked bill stays as it is', async () => {
    const owner = await account(server);
    const made = await charged(owner);
    await billMay(owner);
    const bill = await theBillOf(server, owner);
    const tried = async () => {
      const body = { ...bodyOf(owner, { code: made['code'] }), amount: 11, version: 1 };
      const put = await server.request('PUT', `/charges/${made.id}`, body);
      const gone = await server.request('DELETE', `/charges/${made.id}`);
      return [put, gone].map((answer) => (answer.body as Fields)['code']);
    };
    await server.request('PUT', `/bills/${bill.id}/status`, { status: 'APPROVED' });
    expect(await tried()).toEqual(['ILLEGAL_STATE', 'ILLEGAL_STATE']);
    await server.request('PUT', `/bills/${bill.id}/lock`);
    expect(await tried()).toEqual(['BILL_LOCKED', 'BILL_LOCKED']);
    expect(await read(made)).toMatchObject({ amount: 10, version: 1 });
  });

  test('the bill of a child follows its charge', async () => {
    const parent = await account(server);
    const owner = await account(server, { parentAccountId: parent.id });
    const made = await charged(owner);
    await billMay(parent);
    const body = { ...bodyOf(owner, { code: made['code'] }), amount: 3, version: 1 };
    await server.request('PUT', `/charges/${made.id}`, body);
    expect((await theBillOf(server, owner)).billTotal).toBe(3);
    expect(await billsOf(server, parent)).toEqual([]);
  });

  test('of jobs and changes at the same time the bill shows what the charge says', async () => {
    const owner = await account(server);
    const made = await charged(owner);
    const change = (amount: number) =>
      server.request('PUT', `/charges/${made.id}`, {
        ...bodyOf(owner, { code: made['code'] }),
        amount,
        version: 1,
      });
    await Promise.all([billMay(owner), change(20), billMay(owner), change(30)]);
    const { amount, billId } = await read(made);
    const bill = await theBillOf(server, owner);
    expect(bill).toMatchObject({ id: billId, billTotal: amount });
    expect([20, 30]).toContain(amount);
  });

  test('contracts and accounts with charges cannot be deleted', async () => {
    const owner = await account(server);
    const terms = { name: 'Terms', startDate: '2024-01-01', endDate: '2025-01-01' };
    const contract = await created(server, '/contracts', { ...terms, accountId: owner.id });
    await charged(owner, { contractId: contract.id });
    for (const path of [`/contracts/${contract.id}`, `/accounts/${owner.id}`]) {
      expect(await server.request('DELETE', path)).toMatchObject({
        status: 400,
        body: { code: 'ENTITY_IN_USE' },
      });
    }
  });
});
