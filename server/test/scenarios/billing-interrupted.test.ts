import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runBillJob } from '../../src/areas/billing/index.ts';
import type { Context } from '../../src/context.ts';
import { attach, finished, type Job, pricedUsage } from '../support/billing.ts';
import { account, created } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

// Nobody works in these servers: the test runs the task itself.
const BATCH = 250;
const ACCOUNTS = 2 * BATCH + 100;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
  const { plan } = await pricedUsage(server, { template: { standingCharge: 10 } });
  const acme = await account(server);
  await attach(server, acme, plan);
  await copyAccounts(acme.id);
});
afterAll(() => server.close());

/** Makes more accounts like the first one, each with its plan: more than fit one batch. */
async function copyAccounts(id: string): Promise<void> {
  await sql`with copy as (
      insert into account select (jsonb_populate_record(a, jsonb_build_object(
        'id', gen_random_uuid(), 'code', 'copy ' || n))).*
      from account a, generate_series(2, ${ACCOUNTS}) n where a.org_id = ${server.orgId} and a.id = ${id}
      returning id
    ) insert into account_plan select (jsonb_populate_record(p, jsonb_build_object(
        'id', gen_random_uuid(), 'account_id', copy.id))).*
      from account_plan p, copy where p.org_id = ${server.orgId} and p.account_id = ${id}
  `.execute(server.context.db);
}

function start(lastDateInBillingPeriod: string): Promise<Job> {
  return created(server, '/billjobs', { lastDateInBillingPeriod }) as Promise<Job>;
}

function run(job: Job, ctx: Context = server.context): Promise<void> {
  return runBillJob.run(ctx, { orgId: server.orgId, billJobId: job.id });
}

async function versionsOfBills(job: Job): Promise<readonly number[]> {
  const { rows } = await sql<{ version: number }>`
    select version from bill where org_id = ${server.orgId} and bill_job_id = ${job.id}`.execute(
    server.context.db,
  );
  return rows.map((row) => row.version);
}

const ONCE = Array.from({ length: ACCOUNTS }, () => 1);

test('a job that is run three times at once bills every account once', async () => {
  const job = await start('2024-05-31');
  await Promise.all([run(job), run(job), run(job)]);
  expect(await finished(server, job)).toMatchObject({ status: 'COMPLETE', total: ACCOUNTS, pending: 0 });
  expect(await versionsOfBills(job)).toEqual(ONCE);
});

test('a job that has been finished is not run again', async () => {
  const job = await start('2024-06-30');
  await run(job);
  const done = await finished(server, job);
  await run(job);
  expect((await server.request('GET', `/billjobs/${job.id}`)).body).toEqual(done);
});

test('a job whose run broke goes on where it was', async () => {
  const job = await start('2024-07-31');
  let asked = 0;
  const query = (...args: Parameters<Context['clickhouse']['query']>) => {
    asked += 1;
    if (asked > 1) throw new Error('the measurements cannot be reached');
    return server.context.clickhouse.query(...args);
  };
  const breaking = { ...server.context, clickhouse: { query } as unknown as Context['clickhouse'] };
  await expect(run(job, breaking)).rejects.toThrow('cannot be reached');
  const { body } = await server.request('GET', `/billjobs/${job.id}`);
  expect(body).toMatchObject({ status: 'RUNNING', total: ACCOUNTS, pending: ACCOUNTS - BATCH });
  await run(job);
  expect(await finished(server, job)).toMatchObject({ status: 'COMPLETE', pending: 0 });
  expect(await versionsOfBills(job)).toEqual(ONCE);
});

test('a cancelled job writes no more bills', async () => {
  const job = await start('2024-08-31');
  const cancelled = await server.request('POST', `/billjobs/${job.id}/cancel`);
  expect(cancelled).toMatchObject({ status: 200, body: { status: 'CANCELLED' } });
  await run(job);
  expect(await versionsOfBills(job)).toEqual([]);
  expect((await server.request('GET', `/billjobs/${job.id}`)).body).toEqual(cancelled.body);
});
