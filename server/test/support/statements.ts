import { expect } from 'vitest';
import { attach, type Bill, eventually, runJob, theBillOf } from './billing.ts';
import { account, created, freshCode, type Made, product } from './configured.ts';
import type { TestServer } from './stores.ts';
import { ingest } from './usage.ts';

export type StatementJob = Made & {
  readonly statementJobStatus: string;
  readonly jsonStatementStatus?: string;
  readonly csvStatementStatus?: string;
  readonly presignedJsonStatementUrl?: string;
  readonly presignedCsvStatementUrl?: string;
};

/** A meter with `qty`, `region` and `peak`, whose `qty` is summed at 0.5 each by a monthly plan. */
export async function regionalUsage(server: TestServer, aggregation: object = {}) {
  const { id: productId } = await product(server);
  const meter = await created(server, '/meters', {
    name: 'Transfer',
    code: freshCode('meter'),
    productId,
    dataFields: [
      { category: 'MEASURE', code: 'qty', name: 'Quantity', unit: 'GB' },
      { category: 'MEASURE', code: 'peak', name: 'Peak', unit: 'GB/s' },
      { category: 'WHERE', code: 'region', name: 'Region' },
    ],
    derivedFields: [],
  });
  const metric = await created(server, '/aggregations', {
    name: 'Transfer',
    code: freshCode('transfer'),
    meterId: meter.id,
    targetField: 'qty',
    aggregation: 'SUM',
    quantityPerUnit: 1,
    rounding: 'NONE',
    unit: 'GB',
    ...aggregation,
  });
  return { productId, meter, metric, plan: await monthly(server, productId) };
}

async function monthly(server: TestServer, productId: string): Promise<Made> {
  const terms = { name: 'Monthly', currency: 'USD', standingCharge: 0, billFrequency: 'MONTHLY' };
  const { id } = await created(server, '/plantemplates', { ...terms, productId });
  return created(server, '/plans', { planTemplateId: id, name: 'Pro', code: freshCode('plan') });
}

/** Prices an aggregation at a flat unit price; the pricing may name more, such as a segment. */
export function priced(
  server: TestServer,
  plan: Made,
  { unitPrice = 0.5, ...pricing }: { readonly unitPrice?: number; readonly [field: string]: unknown },
): Promise<Made> {
  const pricingBands = [{ lowerLimit: 0, fixedPrice: 0, unitPrice }];
  const terms = { planId: plan.id, startDate: '2020-01-01T00:00:00Z', cumulative: true, pricingBands };
  return created(server, '/pricings', { ...terms, ...pricing });
}

type Use = readonly [ts: string, region: string, qty: number, peak?: number];

/** Stores measurements of an account. */
export function measure(
  server: TestServer,
  [meter, of]: readonly [meter: Made, account: Made],
  uses: readonly Use[],
): Promise<void> {
  const rows = uses.map(([ts, region, qty, peak = 0]) => ({
    uid: freshCode('uid'),
    meter: meter['code'],
    account: of['code'],
    ts,
    measure: { qty, peak },
    where: { region },
  }));
  return ingest(server, rows);
}

export const MAY = { lastDateInBillingPeriod: '2024-05-31', billingFrequency: 'MONTHLY' };

/** An account on the plan with measurements and its bill of May 2024. */
export async function billed(
  server: TestServer,
  { meter, plan, fields = {}, uses }: { meter: Made; plan: Made; fields?: object; uses: readonly Use[] },
): Promise<{ readonly acme: Made; readonly bill: Bill }> {
  const acme = await account(server, fields);
  await attach(server, acme, plan);
  await measure(server, [meter, acme], uses);
  await runJob(server, { ...MAY, accountIds: [acme.id] });
  return { acme, bill: await theBillOf(server, acme) };
}

/** A statement job as it is once it has ended. */
export async function ended(server: TestServer, { id }: Made): Promise<StatementJob> {
  return eventually(`statement job ${id} to end`, async () => {
    const { body } = await server.request('GET', `/statementjobs/${id}`);
    const job = body as StatementJob;
    return ['PENDING', 'RUNNING'].includes(job.statementJobStatus) ? null : job;
  });
}

/** Starts a statement job and waits until it is COMPLETE. */
export async function stated(server: TestServer, bill: Made, terms: object = {}): Promise<StatementJob> {
  const job = await ended(server, await created(server, '/statementjobs', { billId: bill.id, ...terms }));
  expect(job.statementJobStatus).toBe('COMPLETE');
  return job;
}

/** What a link leads to: parsed when it is JSON. */
export async function fetched(server: TestServer, url: unknown): Promise<unknown> {
  const answer = await server.raw('GET', String(url).slice(String(url).indexOf('/files/')));
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body;
}

/** What the link of an answer leads to. */
export async function downloaded(
  server: TestServer,
  [method, path, body]: readonly [method: string, path: string, body?: object],
): Promise<unknown> {
  const answer = await server.request(method, path, body);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return fetched(server, (answer.body as { readonly downloadUrl: string }).downloadUrl);
}
