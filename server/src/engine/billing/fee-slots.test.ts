import { describe, expect, test } from 'vitest';
import {
  account,
  accountPlan,
  at,
  billsOf,
  child,
  contract,
  createTarget,
  day,
  facts,
  template,
} from '../../../test/support/bill-facts.ts';
import { afterTargets, billedFees, commitment, MONTHLY } from '../../../test/support/commitment-facts.ts';
import { decimal } from '../../kernel/decimal.ts';
import type { CommitmentFacts, FeeDateFacts } from './commitment-facts.ts';
import type { BillFacts, CreateTarget } from './facts.ts';

function entry(date: string, amount: number): FeeDateFacts {
  const period = { servicePeriodStartDate: at('2025-01-01'), servicePeriodEndDate: at('2025-07-01') };
  return { date: day(date), amount: decimal(amount), ...period };
}

/** A job without `lastDateInBillingPeriod`, on a day. */
function on(date: string, fields: Partial<CreateTarget> = {}): CreateTarget {
  return createTarget({ now: at(`${date}T10:00:00Z`), ...fields });
}

/** The facts with other terms of the commitments. */
function amended(given: BillFacts, fields: Partial<CommitmentFacts>): BillFacts {
  return { ...given, commitments: given.commitments.map((row) => ({ ...row, ...fields })) };
}

function monthly(first: string, count: number): readonly CreateTarget[] {
  const dates = Array.from({ length: count }, (_, months) => day(first).add({ months }));
  return dates.map((date) => billsOf(date.toString()));
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

describe('spec 50 §4.6: several fees of one date after a change of the agreed dates', () => {
  const date = '2025-03-10';
  const [a, b, c] = [entry(date, 300), entry(date, 200), entry(date, 350)];
  const later = { ...a, servicePeriodStartDate: at('2025-02-01') };

  /** What the next bill bills after one of 10 March that is locked or not, and what that one had. */
  function billedNext(before: readonly FeeDateFacts[], locked: boolean, after: readonly FeeDateFacts[]) {
    const row = commitment('term', 12000, { feeDates: before });
    const first = afterTargets(facts({ accountPlans: [], commitments: [row] }), [billsOf(date)]);
    const bills = first.bills.map((bill) => ({ ...bill, locked }));
    const next = afterTargets(amended({ ...first, bills }, { feeDates: after }), monthly('2025-04-01', 2));
    return billedFees(next).filter((text) => !text.startsWith(date));
  }

  test.each<[string, readonly FeeDateFacts[], readonly FeeDateFacts[], readonly string[]]>([
    ['another one before', [a], [b, a], ['200.00']],
    ['another one after', [a], [a, b], ['200.00']],
    ['the same once more', [a], [a, a], ['300.00']],
    ['the same for another time', [a], [later, a], ['300.00']],
    ['the other order', [a, b], [b, a], []],
    ['another amount', [a], [c], []],
    ['another amount of the second', [a, b], [a, c], []],
    ['another amount of the second, and one more', [a, b], [a, c, a], ['300.00']],
    ['one less', [a, b], [b], []],
    ['none', [a, b], [], []],
  ])('%s', (_, before, after, expected) => {
    expect(billedNext(before, true, after)).toEqual(expected.map((amount) => `2025-04-01 AD_HOC ${amount}`));
  });

  test('what is on an unlocked bill stays there when another one comes before it', () => {
    const row = commitment('term', 12000, { feeDates: [a] });
    const given = facts({ accountPlans: [], commitments: [row] });
    const first = afterTargets(given, monthly('2025-04-01', 1));
    const next = afterTargets(amended(first, { feeDates: [b, a] }), monthly('2025-05-01', 1));
    expect(billedFees(next)).toEqual(['2025-04-01 AD_HOC 300.00', '2025-05-01 AD_HOC 200.00']);
  });
});

describe('a fee is on one bill, also when it would now be on another', () => {
  const own = { billGroupingKey: { id: 'key', exclusive: true } };
  const alone = facts({
    accountPlans: [],
    commitments: [commitment('term', 12000, { feeDates: [entry('2025-03-10', 300)], contractId: 'terms' })],
    contracts: [contract('terms')],
  });
  const billed = afterTargets(alone, [billsOf('2025-03-10')]);
  const keyed = { ...billed, contracts: [contract('terms', own)] };

  test('its contract gets a bill of its own', () => {
    expect(billedFees(afterTargets(keyed, monthly('2025-04-01', 2)))).toEqual(['2025-03-10 AD_HOC 300.00']);
  });

  test('when the old bill is calculated again, the next one of the contract takes the fee', () => {
    const billIds = billed.bills.map((bill) => bill.id);
    const again = { kind: 'RECALCULATE', now: at('2025-03-20'), billIds } as const;
    const moved = afterTargets(keyed, [again, ...monthly('2025-04-01', 2)]);
    expect(billedFees(moved)).toEqual(['2025-04-01 AD_HOC 300.00']);
  });

  test('the fee of a plan moves to the other bill of its date when that job runs again', () => {
    const given = facts({
      commitments: [commitment('term', 12000, { ...MONTHLY, contractId: 'terms' })],
      contracts: [contract('terms')],
      accountPlans: [accountPlan('ap', { startDate: at('2025-01-01') })],
      planTemplates: [template('monthly', { standingCharge: decimal(10) })],
    });
    const first = afterTargets(given, [billsOf('2025-02-01')]);
    expect(billedFees(first)).toEqual(['2025-02-01 MONTHLY/1 1000.00']);
    const again = afterTargets({ ...first, contracts: [contract('terms', own)] }, [billsOf('2025-02-01')]);
    expect(billedFees(again)).toEqual(['2025-02-01 AD_HOC 1000.00']);
  });

  test('a child’s commitment goes from its own bills to those of the parent', () => {
    const given = facts({
      accounts: [account('acme'), child('kid', 'acme')],
      accountPlans: [],
      commitments: [
        commitment('term', 12000, {
          accountId: 'kid',
          feeDates: [entry('2025-03-10', 300)],
          childBillingMode: 'CHILD',
        }),
      ],
    });
    const first = afterTargets(given, [billsOf('2025-03-10')]);
    const changed = amended(first, { childBillingMode: 'PARENT_BREAKDOWN' });
    expect(billedFees(afterTargets(changed, monthly('2025-04-01', 2)))).toEqual(['2025-03-10 AD_HOC 300.00']);
    // The job of that very date writes both bills.
    expect(billedFees(afterTargets(changed, [billsOf('2025-03-10')]))).toEqual(['2025-03-10 AD_HOC 300.00']);
  });
});

describe('fees on bills of a former parent', () => {
  const together = facts({ accounts: [account('acme'), child('kid', 'acme')], accountPlans: [] });
  const agreed = { accountId: 'kid', feeDates: [entry('2025-02-01', 300)] };

  /** The child on its own, after bills of the parent that are locked or not. */
  function left(before: BillFacts, locked: boolean): BillFacts {
    const formerBills = before.bills.map((bill) => ({ ...bill, locked }));
    return { ...before, accounts: [account('kid')], bills: [], formerBills };
  }

  test.each([true, false])('an agreed fee stands (locked: %s)', (locked) => {
    const given = { ...together, commitments: [commitment('term', 12000, agreed)] };
    const alone = left(afterTargets(given, [billsOf('2025-02-01')]), locked);
    expect(billedFees(afterTargets(alone, monthly('2025-03-01', 2)))).toEqual([]);
  });

  test('on an unlocked bill of the very date, the order of the two units makes no difference', () => {
    const given = {
      ...together,
      commitments: [commitment('term', 12000, agreed)],
      accountPlans: [accountPlan('ap', { startDate: at('2025-01-01') })],
    };
    const parent = afterTargets(given, [billsOf('2025-02-01')]);
    expect(billedFees(parent)).toEqual(['2025-02-01 MONTHLY/1 300.00']);
    const alone = (locked: boolean) => ({ ...left(parent, locked), accountPlans: [] });
    const childFirst = afterTargets(alone(false), [billsOf('2025-02-01')]);
    expect(billedFees(childFirst)).toEqual(['2025-02-01 AD_HOC 300.00']);
    const childLast = { ...alone(false), formerBills: [], commitments: given.commitments };
    expect(billedFees(afterTargets(childLast, [billsOf('2025-02-01')]))).toEqual(billedFees(childFirst));
    expect(billedFees(afterTargets(alone(true), [billsOf('2025-02-01')]))).toEqual([]);
  });

  test.each([true, false])('what they have billed of a plan is not owed (known: %s)', (known) => {
    const given = {
      ...together,
      commitments: [commitment('term', 12000, { ...MONTHLY, accountId: 'kid' })],
    };
    const before = left(afterTargets(given, monthly('2025-02-01', 6)), true);
    const alone = amended(known ? before : { ...before, formerBills: [] }, { amount: decimal(24000) });
    // 24000 - 6 × 1000 in six parts.
    const dates = ['2025-08-01', '2025-09-01', '2025-10-01', '2025-11-01', '2025-12-01', '2026-01-01'];
    const fees = billedFees(afterTargets(alone, monthly('2025-08-01', 8)));
    expect(fees).toEqual(dates.map((date) => `${date} AD_HOC 3000.00`));
  });
});

test('the rest is on the next bill, whatever bills there are of the day on which the term began', () => {
  const given = facts({
    commitments: [commitment('term', 12000, { ...MONTHLY, billFrequencyInterval: 3 })],
    accountPlans: [accountPlan('ap', { startDate: at('2024-12-01') })],
    planTemplates: [template('monthly', { standingCharge: decimal(10) })],
  });
  const first = afterTargets(given, monthly('2025-01-01', 4));
  const ended: BillFacts = {
    ...amended(first, { endDate: day('2025-04-01') }),
    bills: first.bills.map((bill) => ({ ...bill, locked: bill.identity.gridDate.equals(day('2025-04-01')) })),
  };
  const months = monthly('2025-05-01', 2);
  // 12000 - 3000. The jobs of May run twice, and what was calculated before the end takes no part.
  const jobs = [billsOf('2025-01-01'), billsOf('2025-03-01'), ...months, ...months];
  expect(billedFees(afterTargets(ended, jobs)).toSorted()).toEqual([
    '2025-04-01 MONTHLY/1 3000.00',
    '2025-05-01 MONTHLY/1 9000.00',
  ]);
});
