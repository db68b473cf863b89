import { expect } from 'vitest';
import { decimal } from '../../src/kernel/decimal.ts';
import { Temporal } from '../../src/kernel/time.ts';
import { runJob } from '../support/billing.ts';
import type { Made } from '../support/configured.ts';
import type { TextBill, TextLine } from './bill-text.ts';
import type { Step } from './given.ts';
import type { Names } from './server-names.ts';

type WireLine = Readonly<Record<string, string | number | undefined>>;
export type WireBill = Made & {
  readonly accountId: string;
  readonly billingFrequency: string;
  readonly billFrequencyInterval?: number;
  readonly startDate: string;
  readonly endDate: string;
  readonly currency: string;
  readonly billTotal: number;
  readonly lineItems: readonly WireLine[];
};

/** Runs the job of a step for all accounts; answers the bills with that date. */
export async function serverBills(world: Names, { date, frequency }: Step): Promise<readonly WireBill[]> {
  const { server, organization, id } = world;
  const heads = organization.accounts.filter((account) => account.parent === null);
  const job = await runJob(server, {
    accountIds: heads.map((account) => id(`account ${account.id}`)),
    lastDateInBillingPeriod: date.subtract({ days: 1 }).toString(),
    ...(frequency && { billingFrequency: frequency }),
  });
  expect(job.status).toBe('COMPLETE');
  const query = `/bills?billDate=${date}&includeBillTotal=true&pageSize=100&billJobId=${job.id}`;
  return ((await server.request('GET', query)).body as { data: WireBill[] }).data;
}

/** The bill that a preview for the same account, date and frequency shows. */
export async function previewOf({ server }: Names, bill: WireBill): Promise<WireBill> {
  const answer = await server.request('POST', '/bills/preview', {
    accountIds: [bill.accountId],
    lastDateInBillingPeriod: Temporal.PlainDate.from(bill.endDate).subtract({ days: 1 }).toString(),
    billingFrequency: bill.billingFrequency,
    billFrequencyInterval: bill.billFrequencyInterval,
  });
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return answer.body as WireBill;
}

/** The bill in the form that all tellers share; codes lose the prefix of their organization. */
export function textBill({ names, prefix }: Names, bill: WireBill): TextBill {
  const owner = [...names].find(([name, made]) => name.startsWith('account ') && made.id === bill.accountId);
  return {
    account: (owner?.[0] ?? '').replace('account ', ''),
    date: Temporal.PlainDate.from(String(bill['billDate'])),
    frequency: bill.billingFrequency,
    from: Temporal.PlainDate.from(bill.startDate),
    to: Temporal.PlainDate.from(bill.endDate),
    currency: bill.currency,
    lines: bill.lineItems.map((line) => textLine(line, prefix)),
  };
}

function textLine(line: WireLine, prefix: string): TextLine {
  const text = (name: string) => String(line[name]);
  const child = line['childAccountCode'];
  return {
    type: text('lineItemType'),
    text: text('description'),
    child: child === undefined || child === null ? null : String(child).replace(prefix, ''),
    quantity: decimal(text('quantity')),
    units: decimal(text('units')),
    subtotal: decimal(text('subtotal')),
    currency: text('currency'),
    converted: decimal(text('convertedSubtotal')),
    start: Temporal.Instant.from(text('servicePeriodStartDate')),
    end: Temporal.Instant.from(text('servicePeriodEndDate')),
  };
}
