import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeStatement } from '../../src/areas/billing/statements/run-statement-job.ts';
import { type Bill, runJob } from '../support/billing.ts';
import { created, type Made } from '../support/configured.ts';
import {
  billed,
  downloaded,
  ended,
  fetched,
  MAY,
  measure,
  priced,
  regionalUsage,
  type StatementJob,
  stated,
} from '../support/statements.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
let meter: Made;
let plan: Made;
beforeAll(async () => {
  server = await startTestServer();
  const made = await regionalUsage(server);
  meter = made.meter;
  plan = made.plan;
  await priced(server, plan, { aggregationId: made.metric.id });
});
afterAll(() => server.close());

const UNKNOWN = '00000000-0000-4000-8000-000000000000';

function mayBill(fields: object = {}) {
  return billed(server, { meter, plan, fields, uses: [['2024-05-10T12:00:00Z', 'eu', 30]] });
}

async function got<T = Made>(path: string): Promise<T> {
  return (await server.request('GET', path)).body as T;
}

async function jobsOf(bill: Made): Promise<readonly StatementJob[]> {
  return (await got<{ data: StatementJob[] }>(`/statementjobs?billId=${bill.id}`)).data;
}

/** The jobs of a bill once none of them is at work. */
async function endedJobsOf(bill: Made): Promise<readonly StatementJob[]> {
  return Promise.all((await jobsOf(bill)).map((job) => ended(server, job)));
}

function flagsOf({ jsonStatementGenerated, csvStatementGenerated, statementStale }: Made) {
  return [jsonStatementGenerated, csvStatementGenerated, statementStale];
}

test('a newer statement invalidates the older one, a change of the bill makes the newest stale', async () => {
  const { acme, bill } = await mayBill();
  expect(flagsOf(bill)).toEqual([false, false, false]);
  const first = await stated(server, bill, { includeCsvFormat: true });
  const second = await stated(server, bill);
  expect(flagsOf(await got(`/bills/${bill.id}`))).toEqual([true, true, false]);
  const states = async () => {
    const jobs = await Promise.all(
      [first, second].map(({ id }) => got<StatementJob>(`/statementjobs/${id}`)),
    );
    return jobs.map((job) => [job.jsonStatementStatus, job.csvStatementStatus]);
  };
  expect(await states()).toEqual([
    ['INVALIDATED', 'LATEST'],
    ['LATEST', undefined],
  ]);
  await runJob(server, { ...MAY, accountIds: [acme.id] });
  expect(await states()).toEqual([
    ['INVALIDATED', 'STALE'],
    ['STALE', undefined],
  ]);
  expect(flagsOf(await got(`/bills/${bill.id}`))).toEqual([true, true, true]);
  await stated(server, bill);
  expect(await states()).toEqual([
    ['INVALIDATED', 'STALE'],
    ['INVALIDATED', undefined],
  ]);
  expect(flagsOf(await got(`/bills/${bill.id}`))).toEqual([true, true, false]);
});

test('a statement that was begun before the bill changed is stale from its beginning', async () => {
  const { bill } = await mayBill();
  const job = await stated(server, bill);
  const { db } = server.context;
  await sql`update statement_job set statement_job_status = 'RUNNING', attempts = attempts - 1
    where org_id = ${server.orgId} and id = ${job.id}`.execute(db);
  // The bill changes after the attempt has read it and before it ends.
  const { files } = server.context;
  const slow = {
    ...server.context,
    files: {
      ...files,
      write: async (key: string, content: Parameters<typeof files.write>[1]) => {
        const memo = { amount: 1, description: 'Sorry' };
        await created(server, `/bills/${bill.id}/creditlineitems`, memo);
        return files.write(key, content);
      },
    },
  };
  await writeStatement(slow, { orgId: server.orgId, statementJobId: job.id });
  expect(await got(`/statementjobs/${job.id}`)).toMatchObject({
    statementJobStatus: 'COMPLETE',
    jsonStatementStatus: 'STALE',
  });
  expect(flagsOf(await got(`/bills/${bill.id}`))).toEqual([true, false, true]);
});

test('running a finished job again changes nothing', async () => {
  const { bill } = await mayBill();
  const job = await stated(server, bill);
  await writeStatement(server.context, { orgId: server.orgId, statementJobId: job.id });
  expect(await got(`/statementjobs/${job.id}`)).toMatchObject({ version: job.version });
});

test('an attempt that a later one took over leaves the job to it', async () => {
  const { bill } = await mayBill();
  const job = await stated(server, bill);
  const { db, files } = server.context;
  await sql`update statement_job set statement_job_status = 'RUNNING'
    where org_id = ${server.orgId} and id = ${job.id}`.execute(db);
  let written = 0;
  const key = { orgId: server.orgId, statementJobId: job.id };
  const overtaken = {
    ...server.context,
    files: {
      ...files,
      write: async (name: string, content: Parameters<typeof files.write>[1]) => {
        written += 1;
        if (written === 1) await writeStatement(server.context, key);
        return files.write(name, content);
      },
    },
  };
  await writeStatement(overtaken, key);
  const after = await got<StatementJob>(`/statementjobs/${job.id}`);
  expect(after.statementJobStatus).toBe('COMPLETE');
  expect(await fetched(server, after.presignedJsonStatementUrl)).toMatchObject({ billId: bill.id });
});

test('a job whose files cannot be written is tried again and fails in the end', async () => {
  const { bill } = await mayBill();
  const job = await stated(server, bill);
  const { db, files } = server.context;
  await sql`update statement_job set statement_job_status = 'PENDING', attempts = 0
    where org_id = ${server.orgId} and id = ${job.id}`.execute(db);
  const full = {
    ...server.context,
    files: { ...files, write: () => Promise.reject(new Error('the disk is full')) },
  };
  const attempt = () => writeStatement(full, { orgId: server.orgId, statementJobId: job.id });
  for (let tries = 0; tries < 4; tries += 1) await expect(attempt()).rejects.toThrow('the disk is full');
  await attempt();
  expect(await got(`/statementjobs/${job.id}`)).toMatchObject({ statementJobStatus: 'FAILED' });
});

test('a cancelled job writes nothing, and is cancelled once', async () => {
  const { bill } = await mayBill();
  const job = await stated(server, bill);
  await sql`update statement_job set statement_job_status = 'PENDING'
    where org_id = ${server.orgId} and id = ${job.id}`.execute(server.context.db);
  const path = `/statementjobs/${job.id}/cancel`;
  const cancelled = await server.request('POST', path);
  expect(cancelled).toMatchObject({ status: 200, body: { statementJobStatus: 'CANCELLED' } });
  expect(cancelled.body).not.toHaveProperty('presignedJsonStatementUrl');
  expect(await server.request('POST', path)).toMatchObject({ status: 400, body: { code: 'ILLEGAL_STATE' } });
  await writeStatement(server.context, { orgId: server.orgId, statementJobId: job.id });
  expect(await got(`/statementjobs/${job.id}`)).toMatchObject({ statementJobStatus: 'CANCELLED' });
  expect(await server.request('GET', `/bills/${bill.id}/statement/json`)).toMatchObject({ status: 404 });
});

test.each([
  ['of accounts that want none', 'NONE', []],
  ['as JSON', 'JSON', [[false, 'LATEST']]],
  ['in both forms', 'JSON_AND_CSV', [[true, 'LATEST']]],
])('statements %s are written on approval, and not again on locking', async (_what, mode, expected) => {
  const { bill } = await mayBill({ autoGenerateStatementMode: mode });
  const seen = async () =>
    (await endedJobsOf(bill)).map((job) => [job['includeCsvFormat'], job.jsonStatementStatus]);
  expect(await seen()).toEqual([]);
  await server.request('POST', '/bills/approve', { billIds: [bill.id] });
  expect(await seen()).toEqual(expected);
  expect((await got<Bill>(`/bills/${bill.id}`)).status).toBe('APPROVED');
  expect((await server.request('PUT', `/bills/${bill.id}/lock`)).status).toBe(200);
  expect(await seen()).toEqual(expected);
});

test.each([
  ['of some meters', () => ({ meterIds: [meter.id] }), 2],
  ['that names no meters', () => ({ meterIds: [] }), 1],
])(
  'beside a statement %s, the one of the approval is written when it shows more',
  async (_what, filters, jobs) => {
    const { bill } = await mayBill({ autoGenerateStatementMode: 'JSON' });
    await stated(server, bill, { filters: filters() });
    await server.request('POST', '/bills/approve', { billIds: [bill.id] });
    expect(await endedJobsOf(bill)).toHaveLength(jobs);
  },
);

test('direct access: none until there is one, then the newest; the usage of a line alone', async () => {
  const { acme, bill } = await mayBill();
  const line = bill.lineItems[0]?.id;
  const usagePath = `/bills/${bill.id}/lineitems/${line}/usage/json`;
  for (const path of [`/bills/${bill.id}/statement/json`, `/bills/${bill.id}/statement/csv`, usagePath]) {
    expect((await server.request('GET', path)).status, path).toBe(404);
  }
  expect(await got(`/bills/${bill.id}/lineitems/${line}`)).toMatchObject({ jsonUsageGenerated: false });
  const csv = await downloaded(server, ['POST', `/bills/${bill.id}/statement/csv`]);
  expect(csv).toBe(await downloaded(server, ['GET', `/bills/${bill.id}/statement/csv`]));
  expect(String(csv).split('\r\n')[1]).toContain(`${bill.id},${acme['code']},Acme,2024-06-01,${line},USAGE,`);
  expect(await downloaded(server, ['GET', `/bills/${bill.id}/statement/json`])).toMatchObject({
    billId: bill.id,
  });
  expect(await downloaded(server, ['GET', usagePath])).toMatchObject({
    lineItemId: line,
    usage: [{ accountId: acme.id, quantity: 30, measures: { qty: { SUM: 30 } } }],
  });
  expect(await got(`/bills/${bill.id}/lineitems/${line}`)).toMatchObject({ jsonUsageGenerated: true });
});

test('late measurements are in the next statement', async () => {
  const { acme, bill } = await mayBill();
  await stated(server, bill);
  await measure(server, [meter, acme], [['2024-05-11T00:00:00Z', 'eu', 12]]);
  const job = await stated(server, bill);
  expect(await fetched(server, job.presignedJsonStatementUrl)).toMatchObject({
    lineItems: [{ quantity: 30, usage: [{ quantity: 42 }] }],
  });
});

test('several jobs at once, all or none', async () => {
  const [one, two] = [(await mayBill()).bill, (await mayBill()).bill];
  const batch = (billIds: readonly string[]) =>
    server.request('POST', '/statementjobs/batch', { billIds, includeCsvFormat: true });
  const jobs = (await batch([one.id, two.id])).body as readonly Made[];
  expect(jobs).toMatchObject([
    { billId: one.id, orgId: server.orgId, statementJobStatus: 'PENDING', version: 1 },
    { billId: two.id },
  ]);
  for (const job of jobs) expect(await ended(server, job)).toMatchObject({ statementJobStatus: 'COMPLETE' });
  expect(await batch([one.id, UNKNOWN])).toMatchObject({
    status: 400,
    body: { code: 'REFERENCE_NOT_FOUND', errors: [{ field: 'billIds[1]' }] },
  });
  expect(await jobsOf(one)).toHaveLength(1);
});

test('lists take one filter', async () => {
  const { bill } = await mayBill();
  await stated(server, bill);
  const active = await got<{ data: StatementJob[] }>('/statementjobs?active=true');
  expect(active.data.map((job) => job['billId'])).not.toContain(bill.id);
  const path = `/statementjobs?billId=${bill.id}&status=COMPLETE`;
  expect(await server.request('GET', path)).toMatchObject({ status: 400 });
});

test('a deleted bill takes its jobs and memos along, and leaves its resource groups', async () => {
  const { bill } = await mayBill();
  const job = await stated(server, bill);
  const terms = { amount: 20, description: 'Goodwill', productId: meter['productId'] };
  const memo = await created(server, `/bills/${bill.id}/debitlineitems`, terms);
  const group = await created(server, '/resourcegroups/bill', { name: 'Disputed' });
  const path = `/resourcegroups/bill/${group.id}`;
  const member = { targetId: bill.id, targetType: 'item' };
  expect((await server.request('POST', `${path}/addresource`, member)).status).toBe(200);
  expect((await server.request('DELETE', `/bills/${bill.id}`)).status).toBe(200);
  expect((await server.request('GET', `/statementjobs/${job.id}`)).status).toBe(404);
  expect(await got(`${path}/contents`)).toMatchObject({ data: [] });
  expect(await got(`/events?resourceId=${job.id}`)).toMatchObject({
    data: [{ eventName: 'billing.statementjob.deleted' }, {}, {}, {}],
  });
  for (const { id } of [job, memo]) {
    expect(await got(`/audit?entityId=${id}&pageSize=1`)).toMatchObject({ data: [{ action: 'deleted' }] });
  }
});

test('events tell of each state; the audit log keeps no links', async () => {
  const { bill } = await mayBill();
  const job = await stated(server, bill);
  const { rows } = await sql<{ name: string; dto: Made }>`
    select event_name as name, m3ter_event #> '{eventData,newDto}' as dto from event
    where org_id = ${server.orgId} and resource_id = ${job.id} order by id`.execute(server.context.db);
  expect(rows.map(({ name, dto }) => [name, dto['statementJobStatus']])).toEqual([
    ['billing.statementjob.created', 'PENDING'],
    ['billing.statementjob.updated', 'RUNNING'],
    ['billing.statementjob.updated', 'COMPLETE'],
  ]);
  expect(rows[2]?.dto).toHaveProperty('presignedJsonStatementUrl');
  const audit = await sql<{ after: object }>`select after from audit_entry
    where org_id = ${server.orgId} and entity_id = ${job.id}`.execute(server.context.db);
  for (const { after } of audit.rows) expect(after).not.toHaveProperty('presignedJsonStatementUrl');
});

test('a moved lock date locks bills, whose statements are written', async () => {
  const unlocked = await startTestServer();
  try {
    const made = await regionalUsage(unlocked);
    await priced(unlocked, made.plan, { aggregationId: made.metric.id });
    const fields = { autoGenerateStatementMode: 'NONE' };
    const uses = [['2024-05-10T12:00:00Z', 'eu', 30]] as const;
    const { acme, bill } = await billed(unlocked, { ...made, fields, uses });
    await unlocked.request('POST', '/bills/approve', { billIds: [bill.id] });
    const { body } = await unlocked.request('GET', `/accounts/${acme.id}`);
    const wanting = { ...(body as object), autoGenerateStatementMode: 'JSON' };
    expect((await unlocked.request('PUT', `/accounts/${acme.id}`, wanting)).status).toBe(200);
    const lock = { billLockDate: '2024-06-01', version: 1 };
    expect((await unlocked.request('PUT', '/billconfig', lock)).status).toBe(200);
    const path = `/statementjobs?billId=${bill.id}`;
    await expect
      .poll(async () => (await unlocked.request('GET', path)).body, { timeout: 20_000 })
      .toMatchObject({ data: [{ statementJobStatus: 'COMPLETE', jsonStatementStatus: 'LATEST' }] });
  } finally {
    await unlocked.close();
  }
}, 60_000);
