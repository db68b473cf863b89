import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { runBalanceSchedules } from '../../src/areas/billing/index.ts';
import { account, created, freshCode, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
let typeId: string;
beforeAll(async () => {
  server = await startTestServer();
  await server.moveTo('2025-03-15T12:00:00Z');
  typeId = (await created(server, '/picklists/transactiontypes', { name: 'Top-up', code: 'topup' })).id;
});
afterAll(() => server.close());

type Fields = Record<string, unknown>;
type Page = { readonly data: readonly Made[]; readonly nextToken?: string };

async function newBalance(): Promise<Made> {
  const { id: accountId } = await account(server);
  const period = { startDate: '2025-01-01T00:00:00Z', endDate: '2026-01-01T00:00:00Z' };
  const named = { name: 'Wallet', code: freshCode('wallet'), currency: 'USD' };
  return created(server, '/balances', { ...named, ...period, accountId });
}

/** 50 USD on the 10th of each month from January to June 2025. */
function topUps(fields: Fields = {}): Fields {
  return {
    name: 'Monthly',
    code: freshCode('schedule'),
    amount: 50,
    transactionDescription: 'Top-up',
    transactionTypeId: typeId,
    startDate: '2025-01-10T00:00:00Z',
    endDate: '2025-07-10T00:00:00Z',
    frequency: 'MONTHLY',
    frequencyInterval: 1,
    ...fields,
  };
}

/** 300 USD for each quarter of 2025, in advance. */
function fees(fields: Fields = {}): Fields {
  return {
    name: 'Quarterly fee',
    code: freshCode('schedule'),
    currency: 'USD',
    servicePeriodStartDate: '2025-01-01T00:00:00Z',
    servicePeriodEndDate: '2026-01-01T00:00:00Z',
    billFrequency: 'MONTHLY',
    billFrequencyInterval: 3,
    billInAdvance: true,
    chargeDescription: 'Fee',
    amount: 300,
    ...fields,
  };
}

async function page(path: string): Promise<readonly Made[]> {
  const answer = await server.request('GET', path);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return (answer.body as Page).data;
}

async function appliedDates(balance: Made): Promise<readonly string[]> {
  const rows = await page(`/balances/${balance.id}/transactions`);
  return rows.map((row) => String(row['appliedDate']).slice(0, 10)).toSorted();
}

async function configure(fields: Fields): Promise<void> {
  const { body } = await server.request('GET', '/organizationconfig');
  const answer = await server.request('PUT', '/organizationconfig', { ...(body as Fields), ...fields });
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
}

describe('transaction schedules', () => {
  test('what is due is put in at once, the rest at its time, and all of it once', async () => {
    const balance = await newBalance();
    const path = `/balances/${balance.id}/balancetransactionschedules`;
    const made = await created(server, path, topUps({ paid: 45, currencyPaid: 'EUR' }));
    expect(made).toMatchObject({
      balanceId: balance.id,
      previousRun: '2025-03-10T00:00:00Z',
      nextRun: '2025-04-10T00:00:00Z',
    });
    expect(await appliedDates(balance)).toEqual(['2025-01-10', '2025-02-10', '2025-03-10']);
    const [newest] = await page(`/balances/${balance.id}/transactions`);
    expect(newest).toMatchObject({
      amount: 50,
      paid: 45,
      currencyPaid: 'EUR',
      entityType: 'SCHEDULER',
      entityId: made.id,
      description: 'Top-up',
      transactionTypeId: typeId,
    });
    await server.moveTo('2025-05-10T00:00:00Z');
    const runs = Array.from({ length: 4 }, () => runBalanceSchedules.run(server.context, {}));
    await Promise.all(runs);
    expect(await appliedDates(balance)).toHaveLength(5);
    expect((await server.request('GET', `/balances/${balance.id}`)).body).toMatchObject({ amount: 250 });
    await server.moveTo('2025-08-01T00:00:00Z');
    await runBalanceSchedules.run(server.context, {});
    expect(await appliedDates(balance)).toHaveLength(6);
    const { body } = await server.request('GET', `${path}/${made.id}`);
    expect(body).toMatchObject({ previousRun: '2025-06-10T00:00:00Z', version: 1 });
    expect(body).not.toHaveProperty('nextRun');
    await server.moveTo('2025-03-15T12:00:00Z');
  });

  test('a catch-up moves the balance once for each transaction, oldest first', async () => {
    const balance = await newBalance();
    await created(server, `/balances/${balance.id}/balancetransactionschedules`, topUps());
    expect((await server.request('GET', `/balances/${balance.id}`)).body).toMatchObject({
      amount: 150,
      version: 4,
    });
    const { rows } = await sql<{ name: string; before: string; after: string }>`
      select event_name as name,
        concat_ws(' ', old ->> 'version', old ->> 'amount') as before,
        concat_ws(' ', new ->> 'version', new ->> 'amount') as after
      from event, lateral (select m3ter_event #> '{eventData,oldDto}' as old,
        m3ter_event #> '{eventData,newDto}' as new) dto
      where org_id = ${server.orgId} and resource_id = ${balance.id}
        and event_name like '%.updated' order by event_name, id`.execute(server.context.db);
    const steps = [
      ['1 0', '2 50'],
      ['2 50', '3 100'],
      ['3 100', '4 150'],
    ];
    const names = ['billing.balance.updated', 'billing.balanceamount.updated'];
    expect(rows).toEqual(names.flatMap((name) => steps.map(([before, after]) => ({ name, before, after }))));
  });

  test('a change touches what is to come, and a deleted schedule leaves what it has put in', async () => {
    const balance = await newBalance();
    const path = `/balances/${balance.id}/balancetransactionschedules`;
    const body = topUps();
    const made = await created(server, path, body);
    const changed = { ...body, amount: 70, frequency: 'WEEKLY', version: 1 };
    const answer = await server.request('PUT', `${path}/${made.id}`, changed);
    expect(answer).toMatchObject({ status: 200, body: { version: 2, nextRun: '2025-03-21T00:00:00Z' } });
    // 14 March is a week's distance from 10 January; 10 March ran already.
    expect(await appliedDates(balance)).toEqual(['2025-01-10', '2025-02-10', '2025-03-10', '2025-03-14']);
    expect(await server.request('DELETE', `${path}/${made.id}`)).toMatchObject({ status: 200 });
    expect(await appliedDates(balance)).toHaveLength(4);
    expect(await page(path)).toEqual([]);
  });

  test('amounts of 0 pass without a trace', async () => {
    const balance = await newBalance();
    const path = `/balances/${balance.id}/balancetransactionschedules`;
    expect(await created(server, path, topUps({ amount: 0 }))).toMatchObject({
      nextRun: '2025-04-10T00:00:00Z',
    });
    expect(await appliedDates(balance)).toEqual([]);
  });

  test('a preview stores nothing and comes in pages', async () => {
    const balance = await newBalance();
    const path = `/balances/${balance.id}/balancetransactionschedules`;
    const body = topUps();
    await created(server, path, { ...body, startDate: '2025-06-10T00:00:00Z' });
    const first = (await server.request('POST', `${path}/preview?pageSize=4`, body)).body as Page & Fields;
    expect(first).toMatchObject({ amount: 50, appliedDate: '2025-01-10T00:00:00Z' });
    expect(first.data).toHaveLength(4);
    expect(first.data[0]).not.toHaveProperty('id');
    const rest = `${path}/preview?pageSize=4&nextToken=${encodeURIComponent(first.nextToken ?? '')}`;
    const second = (await server.request('POST', rest, body)).body as Page;
    expect(second.data.map((row) => row['appliedDate'])).toEqual([
      '2025-05-10T00:00:00Z',
      '2025-06-10T00:00:00Z',
    ]);
    expect(second).not.toHaveProperty('nextToken');
    expect(await appliedDates(balance)).toEqual([]);
  });

  test('refusals: codes of one balance, unknown and archived types, other balances', async () => {
    const balance = await newBalance();
    const path = `/balances/${balance.id}/balancetransactionschedules`;
    const body = topUps();
    const made = await created(server, path, body);
    expect(await server.request('POST', path, body)).toMatchObject({ body: { code: 'DUPLICATE_CODE' } });
    const old = await created(server, '/picklists/transactiontypes', {
      name: 'Old',
      code: freshCode('type'),
      archived: true,
    });
    const archived = topUps({ transactionTypeId: old.id });
    expect(await server.request('POST', path, archived)).toMatchObject({
      status: 400,
      body: { code: 'REFERENCE_NOT_FOUND', errors: [{ field: 'transactionTypeId' }] },
    });
    const { id } = await newBalance();
    const elsewhere = `/balances/${id}/balancetransactionschedules/${made.id}`;
    expect(await server.request('GET', elsewhere)).toMatchObject({ status: 404 });
    expect(await server.request('DELETE', elsewhere)).toMatchObject({ status: 404 });
    expect(await server.request('DELETE', `/picklists/transactiontypes/${typeId}`)).toMatchObject({
      body: { code: 'ENTITY_IN_USE' },
    });
  });
});

describe('charge schedules', () => {
  async function chargesOf(schedule: Made): Promise<readonly string[]> {
    const rows = await page(`/charges?scheduleId=${schedule.id}`);
    return rows.map((row) => `${row['code']} ${row['billDate']}`).toSorted();
  }

  test('charges are made at the midnight of their bill dates, once', async () => {
    const balance = await newBalance();
    const path = `/balances/${balance.id}/balancechargeschedules`;
    const made = await created(server, path, fees({ code: 'fee' }));
    expect(made).toMatchObject({
      nextRun: '2025-04-01T00:00:00Z',
      previousRun: '2025-01-01T00:00:00Z',
      amount: 300,
    });
    expect(await chargesOf(made)).toEqual(['fee-1 2025-01-01']);
    await server.moveTo('2025-07-01T00:00:00Z');
    const runs = Array.from({ length: 4 }, () => runBalanceSchedules.run(server.context, {}));
    await Promise.all(runs);
    expect(await chargesOf(made)).toEqual(['fee-1 2025-01-01', 'fee-2 2025-04-01', 'fee-3 2025-07-01']);
    const [last] = await page(`/charges?entityId=${balance.id}`);
    expect(last).toMatchObject({
      entityType: 'BALANCE',
      lineItemType: 'BALANCE_FEE',
      description: 'Fee',
      accountId: balance['accountId'],
      servicePeriodEndDate: expect.stringMatching(/^2025-/),
    });
    await server.request('DELETE', `/charges/${last?.id}`);
    await runBalanceSchedules.run(server.context, {});
    expect(await chargesOf(made)).toHaveLength(2);
    await server.moveTo('2025-03-15T12:00:00Z');
  });

  test('a code that is taken gets the beginning of the id of the schedule', async () => {
    const balance = await newBalance();
    const path = `/balances/${balance.id}/balancechargeschedules`;
    const taken = {
      accountId: balance['accountId'],
      name: 'x',
      code: 'taken-1',
      entityType: 'AD_HOC',
      lineItemType: 'AD_HOC',
      currency: 'USD',
      amount: 1,
      servicePeriodStartDate: '2025-01-01T00:00:00Z',
      servicePeriodEndDate: '2025-01-01T00:00:00Z',
    };
    await created(server, '/charges', taken);
    const made = await created(server, path, fees({ code: 'taken' }));
    expect(await chargesOf(made)).toEqual([`taken-1-${made.id.slice(0, 8)} 2025-01-01`]);
  });

  test.each([
    [{ amount: null }, 'amount'],
    [{ units: 1, unitPrice: 1 }, 'amount'],
    [{ amount: -1 }, 'amount'],
    [{ billFrequencyInterval: 366 }, 'billFrequencyInterval'],
    [{ servicePeriodEndDate: '2025-01-01T00:00:00Z' }, 'servicePeriodEndDate'],
  ])('%j is refused', async (fields, field) => {
    const path = `/balances/${(await newBalance()).id}/balancechargeschedules`;
    const answer = await server.request('POST', path, fees(fields));
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED', errors: [{ field }] } });
  });

  test('a preview names every charge in order', async () => {
    const path = `/balances/${(await newBalance()).id}/balancechargeschedules/preview`;
    const { body } = await server.request('POST', path, fees({ billInAdvance: false }));
    const dates = (body as Page).data.map((row) => row['billDate']);
    expect(dates).toEqual(['2025-04-01', '2025-07-01', '2025-10-01', '2026-01-01']);
    expect(body).toMatchObject({ billDate: '2025-04-01' });
  });

  test('a balance goes with its schedules and its charges that are on no bill', async () => {
    const balance = await newBalance();
    const made = await created(server, `/balances/${balance.id}/balancechargeschedules`, fees());
    await created(server, `/balances/${balance.id}/balancetransactionschedules`, topUps());
    expect(await server.request('DELETE', `/balances/${balance.id}`)).toMatchObject({ status: 200 });
    expect(await chargesOf(made)).toEqual([]);
    const { rows } = await sql<{ name: string; count: number }>`
      select event_name as name, count(*)::int from event
      where org_id = ${server.orgId} and event_name like '%.deleted'
        and (resource_id = ${balance.id} or m3ter_event #>> '{eventData,oldDto,balanceId}' = ${balance.id}
          or m3ter_event #>> '{eventData,oldDto,entityId}' = ${balance.id})
      group by event_name order by event_name`.execute(server.context.db);
    // The fees of 1 January and of no later quarter are charged by 15 March.
    expect(rows.map(({ name, count }) => `${name} ${count}`)).toEqual([
      'billing.balance.deleted 1',
      'billing.balanceamount.deleted 1',
      'billing.charge.deleted 1',
      'billing.scheduledbalancecharge.deleted 1',
      'billing.scheduledbalancetransaction.deleted 1',
    ]);
    const audited = await sql<{ type: string }>`
      select entity_type as type from audit_entry where org_id = ${server.orgId} and action = 'deleted'
        and (entity_id = ${made.id} or before ->> 'scheduleId' = ${made.id})
      order by entity_type`.execute(server.context.db);
    expect(audited.rows.map((row) => row.type)).toEqual(['BalanceChargeSchedule', 'Charge']);
  });
});

describe('a change of the organization’s zone or epochs', () => {
  afterEach(async () => {
    await configure({ timezone: 'UTC', monthEpoch: '2022-01-01' });
    await server.moveTo('2025-03-15T12:00:00Z');
  });

  async function read(path: string): Promise<Fields> {
    return (await server.request('GET', path)).body as Fields;
  }

  /** A charge for each month from May on, in advance: the first on the 1st of May. */
  const monthly = { servicePeriodStartDate: '2025-05-01T00:00:00Z', billFrequencyInterval: 1 };

  test('a time that was moved back keeps nobody waiting', async () => {
    await configure({ monthEpoch: '2022-01-01' });
    const path = `/balances/${(await newBalance()).id}/balancechargeschedules`;
    const made = await created(server, path, fees(monthly));
    const balance = await newBalance();
    const topUpsPath = `/balances/${balance.id}/balancetransactionschedules`;
    await created(server, topUpsPath, topUps());
    const last = await created(server, path, fees({ ...monthly, billEpoch: '2022-01-01' }));
    expect([made, last]).toMatchObject([{ nextRun: '2025-05-01T00:00:00Z' }, { nextRun: made['nextRun'] }]);
    await configure({ monthEpoch: '2022-01-15' });
    await server.moveTo('2025-05-01T00:00:00Z');
    await runBalanceSchedules.run(server.context, {});
    expect(await read(`${path}/${made.id}`)).toMatchObject({ nextRun: '2025-05-15T00:00:00Z' });
    expect(await page(`/charges?scheduleId=${made.id}`)).toEqual([]);
    expect(await page(`/charges?scheduleId=${last.id}`)).toMatchObject([{ billDate: '2025-05-01' }]);
    expect(await appliedDates(balance)).toHaveLength(4);
  });

  test('a time that was moved forward is kept', async () => {
    await configure({ monthEpoch: '2022-01-28' });
    const path = `/balances/${(await newBalance()).id}/balancechargeschedules`;
    const made = await created(server, path, fees(monthly));
    expect(made).toMatchObject({ nextRun: '2025-05-28T00:00:00Z' });
    await configure({ monthEpoch: '2022-01-15' });
    await runBalanceSchedules.run(server.context, {});
    expect(await read(`${path}/${made.id}`)).toMatchObject({ nextRun: '2025-05-15T00:00:00Z', version: 1 });
    await configure({ monthEpoch: '2022-01-03', timezone: 'Europe/Berlin' });
    await server.moveTo('2025-05-02T22:00:00Z');
    await runBalanceSchedules.run(server.context, {});
    expect(await page(`/charges?scheduleId=${made.id}`)).toMatchObject([{ billDate: '2025-05-03' }]);
  });

  test('top-ups keep to the clock of the new zone', async () => {
    const path = `/balances/${(await newBalance()).id}/balancetransactionschedules`;
    const made = await created(server, path, topUps());
    expect(made).toMatchObject({ nextRun: '2025-04-10T00:00:00Z' });
    await configure({ timezone: 'Europe/Berlin' });
    await runBalanceSchedules.run(server.context, {});
    // 1 o'clock in Berlin, where it is summer by then.
    expect(await read(`${path}/${made.id}`)).toMatchObject({ nextRun: '2025-04-09T23:00:00Z' });
  });

  test('one that has nothing left to make is finished', async () => {
    const path = `/balances/${(await newBalance()).id}/balancetransactionschedules`;
    await configure({ timezone: 'Europe/Berlin' });
    // At 1 o'clock in Berlin the second time would be an hour before it is in UTC.
    const ending = topUps({ startDate: '2025-03-10T00:00:00Z', endDate: '2025-04-09T23:30:00Z' });
    const made = await created(server, path, ending);
    expect(made).toMatchObject({ nextRun: '2025-04-09T23:00:00Z' });
    await configure({ timezone: 'UTC' });
    await runBalanceSchedules.run(server.context, {});
    expect(await read(`${path}/${made.id}`)).not.toHaveProperty('nextRun');
  });
});
