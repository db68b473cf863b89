import { describe, expect, test } from 'vitest';
import { accountPlan, at, createTarget, day, facts, template } from '../../../test/support/bill-facts.ts';
import { afterTargets, billedFees, commitment } from '../../../test/support/commitment-facts.ts';
import { decimal } from '../../kernel/decimal.ts';
import type { FeeDateFacts } from './commitment-facts.ts';
import type { BillFacts, CreateTarget } from './facts.ts';

function entry(date: string, amount: number): FeeDateFacts {
  const period = { servicePeriodStartDate: at('2025-01-01'), servicePeriodEndDate: at('2025-07-01') };
  return { date: day(date), amount: decimal(amount), ...period };
}

/** A job without `lastDateInBillingPeriod`, on a day. */
function on(date: string, fields: Partial<CreateTarget> = {}): CreateTarget {
  return createTarget({ now: at(`${date}T10:00:00Z`), ...fields });
}

describe('spec 50 §4.6: a fee of 10 March beside a monthly plan', () => {
  const given = facts({
    commitments: [commitment('term', 12000, { feeDates: [entry('2025-03-10', 300)] })],
    accountPlans: [accountPlan('ap', { startDate: at('2025-01-01') })],
    planTemplates: [template('monthly', { standingCharge: decimal(10) })],
  });
  const schedule = { intervalMinutes: 1440, offsetHours: 0, zone: 'UTC' };
  const runs = ['2025-03-05', '2025-03-10', '2025-03-11'].map((date) => on(date, { schedule }));
  const own = '2025-03-10 AD_HOC 300.00';
  const late = '2025-04-01 MONTHLY/1 300.00';

  test.each<[string, readonly CreateTarget[], readonly string[]]>([
    ['an earlier job takes the period in progress without it', [on('2025-03-05')], []],
    ['jobs before, on and after its date', [on('2025-03-05'), on('2025-03-10'), on('2025-03-20')], [own]],
    ['scheduled runs before, on and after its date', runs, [own]],
    ['a job that names its date', [on('2025-03-01', { billDate: day('2025-03-10') })], [own]],
    ['a job that comes too late', [on('2025-03-05'), on('2025-03-11')], [late]],
    ['a scheduled run that comes too late', runs.slice(2), [late]],
  ])('%s', (_, targets, expected) => {
    expect(billedFees(afterTargets(given, targets))).toEqual(expected);
  });

  test('a recalculation of the bill in progress does not take it', () => {
    const first = afterTargets({ ...given, commitments: [] }, [on('2025-03-05')]);
    const billIds = first.bills.map((bill) => bill.id);
    expect(billIds).toHaveLength(1);
    const again = { kind: 'RECALCULATE', now: at('2025-03-06'), billIds } as const;
    expect(billedFees(afterTargets({ ...first, commitments: given.commitments }, [again]))).toEqual([]);
  });

  test('the bill of a year in progress takes no fee of its quarters', () => {
    const dates = ['2025-03-10', '2025-06-10', '2025-09-10'];
    const yearly: BillFacts = {
      ...given,
      commitments: [commitment('term', 12000, { feeDates: dates.map((date) => entry(date, 300)) })],
      planTemplates: [template('monthly', { billFrequency: 'ANNUALLY' })],
    };
    expect(billedFees(afterTargets(yearly, [on('2025-02-01')]))).toEqual([]);
    const targets = dates.map((date) => on(date));
    expect(billedFees(afterTargets(yearly, targets))).toEqual(dates.map((date) => `${date} AD_HOC 300.00`));
  });
});
