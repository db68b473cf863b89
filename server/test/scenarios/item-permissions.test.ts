import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Statement } from '../../src/api/permission.ts';
import { attach, pricedUsage, runJob, theBillOf } from '../support/billing.ts';
import { account, created, type Made, plan, product } from '../support/configured.ts';
import { type Ask, userWith } from '../support/people.ts';
import { type Answer, startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

function allow(action: string, ...resource: string[]): Statement {
  return { effect: 'allow', action: [action], resource };
}

function deny(action: string, ...resource: string[]): Statement {
  return { effect: 'deny', action: [action], resource };
}

const ALL = allow('all', '*');

/** Requests of a new user with exactly these statements. */
async function permitted(...statements: Statement[]): Promise<Ask> {
  return (await userWith(server, ...statements)).ask;
}

function idsOf({ body }: Answer): string[] {
  return (body as { data: { id: string }[] }).data.map(({ id }) => id);
}

describe('a usage query needs', () => {
  const QUERY = { startDate: '2024-01-01T00:00:00Z', endDate: '2024-01-02T00:00:00Z' };
  const read = allow('config:retrieve', 'analytics:usage');
  const jobs = [
    allow('config:create', 'config:analyticsJob'),
    allow('config:retrieve', 'config:analyticsJob'),
  ];
  const query = allow('analytics:query', 'analytics:usage');

  test.each<[string, Statement[], number]>([
    ['to read usage and to make jobs', [read, ...jobs], 200],
    ['more than to read usage', [read], 403],
    ['more than to make jobs', jobs, 403],
    ['or else to query usage', [query], 200],
    ['no jobs where usage may be queried', [query, deny('config:create', '*')], 200],
    ['jobs that nobody denies', [read, ...jobs, deny('config:create', 'config:*')], 403],
    ['reading that nobody denies', [ALL, deny('config:retrieve', 'analytics:*')], 403],
  ])('%s', async (_, statements, status) => {
    const ask = await permitted(...statements);
    expect(await ask('POST', '/usage/query', QUERY)).toMatchObject({ status });
  });
});

describe('a saved query', () => {
  const body = { name: 'Mine', usageQuery: { timePeriod: 'TODAY' } };
  const read = allow('config:retrieve', 'analytics:usage');
  const jobs = allow('all', 'config:analyticsJob');
  const query = allow('analytics:query', 'analytics:usage');
  const READ_ONLY = [allow('config:retrieve', '*'), allow('analytics:query', '*')];

  test.each<[string, Statement[], number, number]>([
    ['by who reads usage and makes jobs', [read, jobs], 200, 200],
    ['by nobody who may not read usage', [jobs], 403, 403],
    ['by nobody who only reads usage', [read], 403, 403],
    ['by who queries usage, who writes none', [query], 200, 403],
    ['by who reads everything, who writes none', READ_ONLY, 200, 403],
    ['by nobody whom it is denied', [query, deny('config:retrieve', 'config:analyticsJob')], 403, 403],
  ])('is read %s', async (_, statements, reading, writing) => {
    const path = '/usage/savedqueries';
    const { id, version } = await created(server, path, body);
    const ask = await permitted(...statements);
    expect(await ask('GET', `${path}/${id}`)).toMatchObject({ status: reading });
    const list = await ask('GET', path);
    expect(list).toMatchObject({ status: reading });
    if (reading === 200) expect(idsOf(list)).toContain(id);
    expect(await ask('POST', path, body)).toMatchObject({ status: writing });
    expect(await ask('PUT', `${path}/${id}`, { ...body, version })).toMatchObject({ status: writing });
    expect(await ask('DELETE', `${path}/${id}`)).toMatchObject({ status: writing });
  });

  test('that is denied stays out of reach of who queries usage', async () => {
    const save = () => created(server, '/usage/savedqueries', body);
    const [kept, hidden] = [await save(), await save()];
    const ask = await permitted(query, deny('all', `config:analyticsJob/item/${hidden.id}`));
    expect(idsOf(await ask('GET', '/usage/savedqueries'))).toContain(kept.id);
    expect(idsOf(await ask('GET', '/usage/savedqueries'))).not.toContain(hidden.id);
    expect(await ask('GET', `/usage/savedqueries/${hidden.id}`)).toMatchObject({ status: 403 });
  });
});

describe('bills that a caller may not reach', () => {
  let kept = '';
  let hidden = '';
  beforeAll(async () => {
    const { plan: priced } = await pricedUsage(server, { template: { standingCharge: 10 } });
    const accounts: Made[] = [await account(server), await account(server)];
    for (const one of accounts) await attach(server, one, priced);
    await runJob(server, {
      accountIds: accounts.map(({ id }) => id),
      billingFrequency: 'MONTHLY',
      billFrequencyInterval: 1,
      lastDateInBillingPeriod: '2024-01-31',
    });
    kept = (await theBillOf(server, accounts[0] as Made)).id;
    hidden = (await theBillOf(server, accounts[1] as Made)).id;
  });

  test('are left out of lists, searches and files', async () => {
    const ask = await permitted(ALL, deny('all', `billing:bill/item/${hidden}`));
    for (const path of ['/bills', '/bills/search', `/bills?ids=${kept},${hidden}`]) {
      expect(idsOf(await ask('GET', path))).toEqual([kept]);
    }
    const file = await ask('GET', '/bills/download/csv?startDate=2024-01-01&endDate=2024-02-01');
    expect(String(file.body)).toContain(kept);
    expect(String(file.body)).not.toContain(hidden);
    expect(await ask('GET', `/bills/${hidden}`)).toMatchObject({ status: 403 });
  });

  test('are not approved, whether a body or a query names them', async () => {
    const ask = await permitted(ALL, deny('config:update', `billing:bill/item/${hidden}`));
    const named = await ask('POST', '/bills/approve', { billIds: [kept, hidden] });
    expect(named).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
    const found = await ask('POST', '/bills/approve?externalInvoiceDateStart=2000-01-01', {});
    expect(found).toMatchObject({ status: 200, body: { message: 'Approved 1 of 1 Bills' } });
    expect(await server.request('GET', `/bills/${hidden}`)).toMatchObject({ body: { status: 'PENDING' } });
  });
});

test('events out of reach are left out of lists and cannot be marked', async () => {
  await product(server);
  const [kept = '', hidden = ''] = idsOf(await server.request('GET', '/events?pageSize=2'));
  const ask = await permitted(allow('all', `config:event/item/${kept}`));
  expect(idsOf(await ask('GET', '/events'))).toEqual([kept]);
  expect(await ask('POST', '/events/actioned', { ids: [kept, hidden] })).toMatchObject({ status: 403 });
  expect(await ask('POST', '/events/actioned', { ids: [kept] })).toMatchObject({ status: 200 });
});

test('the children of an account are not ended where one is out of reach', async () => {
  const parent = await account(server);
  const child = await account(server, { parentAccountId: parent.id });
  const ask = await permitted(ALL, deny('config:update', `config:account/item/${child.id}`));
  const body = { billingEntities: ['CONTRACT'], endDate: '2030-01-01T00:00:00Z', applyToChildren: true };
  const path = `/accounts/${parent.id}/enddatebillingentities`;
  expect(await ask('PUT', path, body)).toMatchObject({ status: 403 });
  expect(await ask('PUT', path, { ...body, applyToChildren: false })).toMatchObject({ status: 200 });
});

describe('what is part of an item is reached with it', () => {
  test('access keys with their service user', async () => {
    const user = await created(server, '/serviceusers', { name: 'Importer' });
    const key = await created(server, `/serviceusers/${user.id}/accesskeys`, {});
    const ask = await permitted(allow('config:retrieve', `config:serviceuser/item/${user.id}`));
    expect(idsOf(await ask('GET', `/serviceusers/${user.id}/accesskeys`))).toEqual([key.id]);
  });

  test('members with their resource group', async () => {
    const group = await created(server, '/resourcegroups/plan', { name: 'Plans' });
    const member = { targetId: (await plan(server)).id, targetType: 'ITEM' };
    await created(server, `/resourcegroups/plan/${group.id}/addresource`, member);
    const ask = await permitted(allow('config:retrieve', `config:resourcegroup/item/${group.id}`));
    const contents = await ask('GET', `/resourcegroups/plan/${group.id}/contents`);
    expect(contents).toMatchObject({ status: 200, body: { data: [member] } });
  });

  test('revisions with their lookup table', async () => {
    const table = await created(server, '/lookuptables', { name: 'Rates', code: 'rates' });
    const revision = await created(server, `/lookuptables/${table.id}/revisions`, {
      name: 'First',
      fields: [
        { name: 'currency', type: 'STRING' },
        { name: 'rate', type: 'NUMBER' },
      ],
      keys: ['currency'],
    });
    const ask = await permitted(allow('config:retrieve', `config:lookuptable/item/${table.id}`));
    expect(idsOf(await ask('GET', `/lookuptables/${table.id}/revisions`))).toEqual([revision.id]);
  });
});
