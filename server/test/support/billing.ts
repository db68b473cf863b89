import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect } from 'vitest';
import { startScheduledBilling } from '../../src/areas/billing/index.ts';
import { created, freshCode, type Made, product } from './configured.ts';
import type { TestServer } from './stores.ts';

export type Line = {
  readonly id: string;
  readonly lineItemType: string;
  readonly description: string;
  readonly quantity: number;
  readonly units: number;
  readonly subtotal: number;
  readonly convertedSubtotal: number;
  readonly servicePeriodStartDate: string;
  readonly servicePeriodEndDate: string;
};

export type Bill = Made & {
  readonly accountId: string;
  readonly billDate: string;
  readonly status: string;
  readonly locked: boolean;
  readonly billTotal: number;
  readonly lineItems: readonly Line[];
};

export type Job = Made & {
  readonly status: string;
  readonly total: number;
  readonly pending: number;
  readonly billIds: readonly string[];
};

export type Priced = { readonly meter: Made; readonly plan: Made };

type Terms = {
  /** Lower limit, fixed price and unit price of each band; tiered. */
  readonly bands?: readonly (readonly [number, number, number])[];
  readonly template?: object;
};

/** A meter whose `qty` is summed and priced by a monthly plan, all of its own. */
export async function pricedUsage(server: TestServer, { bands = [[0, 0, 1]], template = {} }: Terms = {}) {
  const { id: productId } = await product(server);
  const meter = await created(server, '/meters', {
    name: 'Calls',
    code: freshCode('meter'),
    productId,
    dataFields: [{ category: 'MEASURE', code: 'qty', name: 'Quantity', unit: 'calls' }],
    derivedFields: [],
  });
  const aggregation = await created(server, '/aggregations', {
    name: 'API calls',
    meterId: meter.id,
    targetField: 'qty',
    aggregation: 'SUM',
    quantityPerUnit: 1,
    rounding: 'NONE',
    unit: 'calls',
  });
  const plan = await monthlyPlan(server, productId, template);
  await created(server, '/pricings', {
    planId: plan.id,
    aggregationId: aggregation.id,
    startDate: '2020-01-01T00:00:00Z',
    cumulative: true,
    pricingBands: bands.map(([lowerLimit, fixedPrice, unitPrice]) => ({ lowerLimit, fixedPrice, unitPrice })),
  });
  return { meter, plan };
}

async function monthlyPlan(server: TestServer, productId: string, template: object): Promise<Made> {
  const terms = { name: 'Monthly', currency: 'USD', standingCharge: 0, billFrequency: 'MONTHLY' };
  const { id } = await created(server, '/plantemplates', { ...terms, productId, ...template });
  return created(server, '/plans', { planTemplateId: id, name: 'Pro', code: freshCode('plan') });
}

/** Attaches a plan to an account from 1 January 2024 on. */
export function attach(server: TestServer, account: Made, plan: Made): Promise<Made> {
  return created(server, '/accountplans', {
    accountId: account.id,
    planId: plan.id,
    startDate: '2024-01-01T00:00:00Z',
  });
}

type Use = {
  readonly account: Made;
  readonly meter: Made;
  readonly ts: string;
  readonly qty: number;
  readonly where?: Readonly<Record<string, string>>;
};

/** Sends one measurement and waits until it can be billed. */
export async function use(server: TestServer, { account, meter, ts, qty, where }: Use): Promise<void> {
  const measurement = {
    uid: freshCode('uid'),
    meter: meter['code'],
    account: account['code'],
    ts,
    measure: { qty },
    ...(where && { where }),
  };
  const answer = await server.request('POST', '/measurements', { measurements: [measurement] });
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  const query = {
    startDate: ts,
    endDate: '2030-01-01T00:00:00Z',
    meterIds: [meter.id],
    accountIds: [account.id],
  };
  await eventually('the measurement to be stored', async () => {
    const { body } = await server.request('POST', '/usage/query', query);
    const rows = (body as { data?: readonly object[] }).data ?? [];
    return rows.length > 0 ? rows : null;
  });
}

/** Starts a bill job and waits for its end. */
export async function runJob(server: TestServer, body: object, path = '/billjobs'): Promise<Job> {
  return finished(server, (await created(server, path, body)) as Job);
}

export function finished(server: TestServer, job: Made): Promise<Job> {
  return eventually(`bill job ${job.id} to end`, async () => {
    const { body } = await server.request('GET', `/billjobs/${job.id}`);
    const current = body as Job;
    return ['COMPLETE', 'CANCELLED'].includes(current.status) ? current : null;
  });
}

/** Moves the clock, starts the runs of the schedule that are due then, and waits for the end of them. */
export async function scheduledRun(server: TestServer, moment: string): Promise<void> {
  await server.moveTo(moment);
  await startScheduledBilling.run(server.context, {});
  await eventually('the run to end', async () => {
    const { rows } = await sql<{ open: number }>`select count(*) as open from bill_job
      where status not in ('COMPLETE', 'CANCELLED')`.execute(server.context.db);
    return rows[0]?.open === 0 ? true : null;
  });
}

/** The bills of an account with their lines and totals, oldest first. */
export async function billsOf(server: TestServer, account: Made): Promise<readonly Bill[]> {
  const path = `/bills?accountId=${account.id}&includeBillTotal=true`;
  const { body } = await server.request('GET', path);
  return [...(body as { data: Bill[] }).data].reverse();
}

export async function theBillOf(server: TestServer, account: Made): Promise<Bill> {
  const bills = await billsOf(server, account);
  expect(bills).toHaveLength(1);
  return bills[0] as Bill;
}

/** A bill as one line of text for each of its lines, and the total. */
export function billText(bill: Bill): string {
  const day = (moment: string) => moment.slice(0, 10);
  const lines = bill.lineItems.map((line) => {
    const service = `${day(line.servicePeriodStartDate)} → ${day(line.servicePeriodEndDate)}`;
    return `${line.lineItemType} ${service} ${line.units} u ${line.convertedSubtotal.toFixed(2)}`;
  });
  return [...lines, `TOTAL ${bill.billTotal.toFixed(2)}`].join('\n');
}

/** What `attempt` answers once it is not null; it is tried for 20 seconds. */
export async function eventually<T>(what: string, attempt: () => Promise<T | null>): Promise<T> {
  for (let tries = 0; tries < 400; tries += 1) {
    const result = await attempt();
    if (result !== null) return result;
    await sleep(50);
  }
  throw new Error(`waited in vain for ${what}`);
}
