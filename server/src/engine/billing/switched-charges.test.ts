import { describe, expect, test } from 'vitest';
import {
  accountPlan,
  at,
  billsOf,
  day,
  facts,
  organization,
  plan,
  planGroup,
  pricing,
  template,
} from '../../../test/support/bill-facts.ts';
import { billText, calculated, type Measured, stored } from '../../../test/support/bill-story.ts';
import { decimal } from '../../kernel/decimal.ts';
import type { BillFacts, BillTarget, ExistingBillFacts, PlanTemplateFacts } from './facts.ts';

/** The bills of a unit as they stand, step by step. */
function story(given: BillFacts, measured: readonly Measured[] = []) {
  let rows = given;
  let bills: readonly ExistingBillFacts[] = [];
  function run(target: BillTarget): readonly string[] {
    const made = calculated({ ...rows, bills, target }, measured).bills;
    const written = stored(made);
    bills = [...bills.filter((bill) => !written.some(({ id }) => id === bill.id)), ...written];
    return made.flatMap(billText);
  }
  return {
    bill: (date: string) => run(billsOf(date)),
    again: (date: string) => {
      const billIds = bills.filter(({ endDate }) => endDate.equals(day(date))).map(({ id }) => id);
      return run({ kind: 'RECALCULATE', now: at('2024-08-01'), billIds });
    },
    set: (change: Partial<BillFacts>) => {
      rows = { ...rows, ...change };
    },
    lock: (date: string) => {
      bills = bills.map((bill) => (bill.endDate.equals(day(date)) ? { ...bill, locked: true } : bill));
    },
  };
}

function monthly(fields: Partial<PlanTemplateFacts>): Partial<BillFacts> {
  return { planTemplates: [template('monthly', fields)] };
}

describe('a charge that is switched to advance stays on the bill that has charged it in arrears', () => {
  const arrears = monthly({ standingCharge: decimal(310) });
  const advance = monthly({ standingCharge: decimal(310), standingChargeBillInAdvance: true });
  const both = [
    'STANDING_CHARGE 2024-05-01..2024-06-01 Standing Charge: 310.00 USD',
    'STANDING_CHARGE 2024-06-01..2024-07-01 Standing Charge: 310.00 USD',
    'TOTAL 620.00 USD',
  ];
  test.each(['again', 'bill'] as const)('%s and %s again', (repeat) => {
    const unit = story(facts(arrears));
    expect(unit.bill('2024-05-01')).toEqual([]);
    unit.bill('2024-06-01');
    unit.set(advance);
    expect(unit[repeat]('2024-06-01')).toEqual(both);
    expect(unit[repeat]('2024-06-01')).toEqual(both);
    expect(unit.bill('2024-07-01').at(-1)).toBe('TOTAL 310.00 USD');
  });

  test('also when the bill before is calculated again first', () => {
    const minimum = { minimumSpend: decimal(300), minimumSpendBillInAdvance: true };
    const unit = story(facts(monthly({ standingCharge: decimal(310), ...minimum })));
    unit.bill('2024-05-01');
    unit.bill('2024-06-01');
    unit.set(monthly({ standingCharge: decimal(310), standingChargeBillInAdvance: true, ...minimum }));
    expect(unit.again('2024-05-01')).toEqual([
      'MINIMUM_SPEND 2024-05-01..2024-06-01 Core Minimum Spend Adjustment: 300.00 USD',
      'TOTAL 300.00 USD',
    ]);
    expect(unit.again('2024-06-01')).toEqual(expect.arrayContaining(both.slice(0, 2)));
  });
});

describe('what a locked bill has settled', () => {
  const arrears = { minimumSpend: decimal(300) };
  const advance = { minimumSpend: decimal(300), minimumSpendBillInAdvance: true };

  // 400 meet the minimum of May on the locked bill, without a line.
  test('a minimum that was met in arrears is not charged in advance afterwards', () => {
    const accountPlans = [accountPlan('ap', { startDate: at('2024-04-01') })];
    const given = facts({ ...monthly(arrears), accountPlans, pricings: [pricing('p')] });
    const unit = story(given, [{ at: '2024-05-10', value: 400 }]);
    unit.bill('2024-05-01');
    unit.bill('2024-06-01');
    unit.lock('2024-06-01');
    unit.set(monthly(advance));
    expect(unit.again('2024-05-01').filter((line) => line.includes('2024-05-01..2024-06-01'))).toEqual([]);
  });

  // June: usage 180, and 180 of the minimum of 300 given back
  test('a minimum in advance stays when the bill that gave it back is locked', () => {
    const unit = story(facts({ ...monthly(advance), pricings: [pricing('p')] }), [
      { at: '2024-06-10', value: 180 },
    ]);
    for (const date of ['2024-05-01', '2024-06-01', '2024-07-01']) unit.bill(date);
    unit.lock('2024-07-01');
    unit.set(monthly(arrears));
    const line = 'MINIMUM_SPEND 2024-06-01..2024-07-01 Core Minimum Spend Adjustment: 300.00 USD';
    expect(unit.again('2024-06-01')).toContain(line);
    expect(unit.again('2024-06-01')).toContain(line);
  });
});

// The week from 29 April is billed on 6 May: its 100 count in May.
test('a member’s week counts towards the floor of its group in the month in which it ends', () => {
  const given = facts({
    organization: organization({ weekEpoch: day('2022-01-03') }),
    products: [
      { id: 'core', name: 'Core', code: 'core' },
      { id: 'x', name: 'X', code: 'x' },
    ],
    planTemplates: [template('monthly'), template('weekly', { billFrequency: 'WEEKLY', productId: 'x' })],
    plans: [plan('pro', 'monthly'), plan('side', 'weekly')],
    planGroups: [planGroup('g', ['pro', 'side'], { minimumSpend: decimal(300) })],
    accountPlans: [accountPlan('ap', { planGroupId: 'g', startDate: at('2024-04-01') })],
    pricings: [pricing('p', { planId: 'side' })],
  });
  const unit = story(given, [{ at: '2024-05-01T12:00:00Z', value: 100 }]);
  expect(unit.bill('2024-05-01').at(-1)).toBe('TOTAL 300.00 USD');
  expect(unit.bill('2024-05-06').at(-1)).toBe('TOTAL 100.00 USD');
  expect(unit.bill('2024-06-01').at(-1)).toBe('TOTAL 200.00 USD');
  expect(unit.again('2024-05-01').at(-1)).toBe('TOTAL 300.00 USD');
  expect(unit.again('2024-06-01').at(-1)).toBe('TOTAL 200.00 USD');
});
