import type { DraftBill } from '../../src/engine/billing/bill.ts';
import { calculateBills } from '../../src/engine/billing/calculate-bills.ts';
import type { BillFacts } from '../../src/engine/billing/facts.ts';
import type { UsageAnswer, UsageQuery } from '../../src/engine/metering/usage-query.ts';
import { isAbsent, stored } from '../support/bill-story.ts';
import { afterBilling } from '../support/commitment-facts.ts';
import { billsText, type TextBill } from './bill-text.ts';
import { isLater } from './calendar.ts';
import { engineFacts, segmentMap } from './engine-facts.ts';
import type { Step } from './given.ts';
import { measuredValue } from './metering.ts';
import type { Organization, Use } from './organization.ts';
import { the } from './organization.ts';
import { organizationOf } from './read-organization.ts';

/** What earlier jobs have left behind, by the account that leads the unit. */
type Left = Pick<BillFacts, 'bills' | 'commitments' | 'balances'> & {
  readonly billed: ReadonlyMap<string, string>;
};

/** What the engine says after each job of a story. */
export function engineStory(steps: readonly Step[]): readonly string[] {
  const left = new Map<string, Left>();
  return steps.map((step) => {
    const organization = organizationOf(step.rows);
    const heads = organization.accounts.filter((account) => account.parent === null);
    const texts = heads.flatMap(({ id }) => unitText(organization, id, { step, left }));
    const bills = texts.flatMap((one) => one.bills);
    const failed = texts.flatMap((one) => one.failed);
    return [billsText(bills, organization.zone), ...failed].filter((text) => text !== '').join('\n\n');
  });
}

function unitText(
  organization: Organization,
  head: string,
  { step, left }: { step: Step; left: Map<string, Left> },
) {
  const facts = withLocks(organization, withLeft(engineFacts(organization, head, step), left.get(head)));
  const result = answered(organization, facts);
  const after = afterBilling(facts, result.bills);
  const billed = new Map(left.get(head)?.billed);
  stored(result.bills).forEach((bill, i) => {
    for (const line of result.bills[i]?.lines ?? [])
      if (line.chargeId !== null) billed.set(line.chargeId, bill.id);
  });
  left.set(head, { bills: after.bills, commitments: after.commitments, balances: after.balances, billed });
  return {
    bills: result.bills.map(textBill),
    failed: result.failed.slice(0, 1).map(({ failure }) => `FAILED ${head} ${failureText(failure)}`),
  };
}

function failureText(failure: { readonly kind: string }): string {
  const { from, to, currency } = failure as { from?: string; to?: string; currency?: string };
  return from === undefined ? `rounding ${currency}` : `rate ${from}>${to}`;
}

function withLeft(facts: BillFacts, left: Left | undefined): BillFacts {
  if (left === undefined) return facts;
  return {
    ...facts,
    bills: left.bills,
    commitments: facts.commitments.map((row) => ({
      ...row,
      draws: left.commitments.find((one) => one.id === row.id)?.draws ?? [],
      fees: left.commitments.find((one) => one.id === row.id)?.fees ?? [],
    })),
    balances: facts.balances.map((row) => ({
      ...row,
      draws: left.balances.find((one) => one.id === row.id)?.draws ?? [],
    })),
    charges: facts.charges.map((row) => ({ ...row, billId: left.billed.get(row.id) ?? null })),
  };
}

function withLocks({ lockedUntil }: Organization, facts: BillFacts): BillFacts {
  if (lockedUntil === null) return facts;
  const bills = facts.bills.map((bill) => ({ ...bill, locked: !isLater(bill.endDate, lockedUntil) }));
  return { ...facts, bills };
}

function answered(organization: Organization, facts: BillFacts) {
  const answers = new Map<string, UsageAnswer>();
  for (let round = 0; round < 12; round += 1) {
    const result = calculateBills(facts, answers);
    if (result.kind === 'bills') return result;
    for (const query of result.queries) answers.set(query.key, answerTo(organization, query));
  }
  throw new Error('twelve rounds of questions');
}

function answerTo(organization: Organization, query: UsageQuery): UsageAnswer {
  const metric = the(organization.metrics, query.aggregation.id);
  const during = { start: query.start, end: query.end };
  const segments = metric.segments.length === 0 ? [null] : metric.segments;
  const isApart = ({ account, at: moment }: Use) => isAbsent(query, { account, moment });
  return segments.flatMap((segment) => {
    const question = { metric, accounts: query.accountIds, during, segment, isApart };
    const value = measuredValue(organization, question);
    const map = segment === null ? null : segmentMap(metric.fields, segment);
    return value === null ? [] : [{ segment: map, value }];
  });
}

function textBill(bill: DraftBill): TextBill {
  return {
    account: bill.identity.accountId,
    date: bill.identity.gridDate,
    frequency: bill.billingFrequency,
    from: bill.startDate,
    to: bill.endDate,
    currency: bill.currency,
    lines: bill.lines.map((line) => ({
      type: line.lineItemType,
      text: line.description,
      child: line.childAccountCode,
      quantity: line.quantity,
      units: line.units,
      subtotal: line.subtotal,
      currency: line.currency,
      converted: line.convertedSubtotal,
      start: line.servicePeriodStartDate,
      end: line.servicePeriodEndDate,
    })),
  };
}
