import { describe, expect, test } from 'vitest';
import {
  accountPlan,
  at,
  createTarget,
  cycle,
  facts,
  plan,
  pricing,
  template,
} from '../../../test/support/bill-facts.ts';
import { calculated, stored } from '../../../test/support/bill-story.ts';
import { calculateBills } from './calculate-bills.ts';
import type { BillFacts, ExistingBillFacts } from './facts.ts';

const MIDNIGHTS = { intervalMinutes: 1440, offsetHours: 0, zone: 'UTC' };

/** A run of the schedule at that moment. */
function run(now: string) {
  return createTarget({ now: at(now), schedule: MIDNIGHTS });
}

function datesOf(given: BillFacts): readonly string[] {
  return calculated(given).bills.map((bill) => bill.identity.gridDate.toString());
}

/** The bills of the facts as a run at that moment left them. */
function billedAt(given: BillFacts, now: string): readonly ExistingBillFacts[] {
  const { bills } = calculated({ ...given, target: run(now) });
  return stored(bills).map((bill) => ({ ...bill, calculatedAt: at(now) }));
}

describe('a monthly plan from 1 May', () => {
  const given = facts({ pricings: [pricing('calls')] });

  test.each([
    // before it starts there is nothing to calculate
    ['2024-04-20T00:00:00Z', []],
    // the period in progress
    ['2024-05-01T00:00:00Z', ['2024-06-01']],
    ['2024-05-20T00:00:00Z', ['2024-06-01']],
    // May is open until a day after the run that closes it
    ['2024-06-01T00:00:00Z', ['2024-06-01', '2024-07-01']],
    ['2024-06-02T00:00:00Z', ['2024-06-01', '2024-07-01']],
    ['2024-06-02T00:00:01Z', ['2024-07-01']],
  ])('a run at %s calculates %o', (now, dates) => {
    expect(datesOf({ ...given, target: run(now) })).toEqual(dates);
  });

  test('a bill that no run has closed is calculated once more, however late', () => {
    const bills = billedAt(given, '2024-05-20T00:00:00Z');
    const late = { ...given, bills, target: run('2024-06-15T00:00:00Z') };
    expect(datesOf(late)).toEqual(['2024-06-01', '2024-07-01']);
    const closed = bills.map((bill) => ({ ...bill, calculatedAt: at('2024-06-01T00:00:00Z') }));
    expect(datesOf({ ...late, bills: closed })).toEqual(['2024-07-01']);
  });

  test('what a job has stamped on the bill stays', () => {
    const job = createTarget({
      now: at('2024-05-20'),
      dueDate: at('2024-08-01').toZonedDateTimeISO('UTC').toPlainDate(),
    });
    const { bills } = calculated({ ...given, target: job });
    const again = calculated({ ...given, bills: stored(bills), target: run('2024-05-21T00:00:00Z') });
    expect(again.bills.map((bill) => bill.dueDate.toString())).toEqual(['2024-08-01']);
  });
});

describe('two plans, one of which ends on 20 May', () => {
  const given = facts({
    accountPlans: [
      accountPlan('ap', { endDate: at('2024-05-20') }),
      accountPlan('other', { planId: 'plus' }),
    ],
    plans: [plan('pro', 'monthly'), plan('plus', 'extra')],
    planTemplates: [template('monthly'), cycle('extra', 'MONTHLY')],
    pricings: [pricing('calls'), pricing('more', { planId: 'plus' })],
  });

  /** From when on measurements come too late, by the start and end of what is asked. */
  function limitsAt(now: string): readonly string[] {
    const result = calculateBills({ ...given, target: run(now) }, new Map());
    if (result.kind !== 'needs') return [];
    return result.queries
      .filter((query) => query.start.equals(at('2024-05-01')))
      .map(({ end, receivedBefore }) => `${end.toString().slice(5, 10)} ${receivedBefore ?? 'open'}`)
      .sort();
  }

  test.each([
    ['2024-05-21T00:00:00Z', ['05-20 open', '06-01 open']],
    // the first takes no measurements any more, the second does
    ['2024-05-22T00:00:00Z', ['05-20 2024-05-21T00:00:00Z', '06-01 open']],
    ['2024-06-02T00:00:00Z', ['05-20 2024-05-21T00:00:00Z', '06-01 open']],
  ])('at %s the limits are %o', (now, limits) => {
    expect(limitsAt(now)).toEqual(limits);
  });

  test('a job that somebody orders counts whatever has come', () => {
    const result = calculateBills({ ...given, target: createTarget({ now: at('2024-06-10') }) }, new Map());
    expect(result.kind === 'needs' && result.queries.every((query) => !query.receivedBefore)).toBe(true);
  });

  test('when it has been billed, a plan that has ended makes no bill due any more', () => {
    const alone = { ...given, accountPlans: given.accountPlans.slice(0, 1) };
    const bills = billedAt(alone, '2024-05-21T00:00:00Z');
    expect(bills).toHaveLength(1);
    expect(datesOf({ ...alone, bills, target: run('2024-05-21T00:00:00Z') })).toEqual(['2024-06-01']);
    expect(datesOf({ ...alone, bills, target: run('2024-05-22T00:00:00Z') })).toEqual([]);
  });
});
