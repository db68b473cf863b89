import { describe, expect, test } from 'vitest';
import {
  accountPlan,
  at,
  billsOf,
  cycle,
  day,
  facts,
  organization,
  plan,
  planGroup,
  template,
} from '../../../../test/support/bill-facts.ts';
import { billText, calculated, jobs } from '../../../../test/support/bill-story.ts';
import { decimal } from '../../../kernel/decimal.ts';
import type { BillFacts } from '../facts.ts';

function monthly(fields: Parameters<typeof template>[1]) {
  return [template('monthly', { standingCharge: decimal(50), ...fields })];
}

/** Totals of the bills of these dates, `-` where there is none. */
function totals(rows: Partial<BillFacts>, dates: readonly string[]): readonly string[] {
  const made = jobs(
    facts(rows),
    dates.map((date) => billsOf(date)),
  );
  return made.map(([bill]) => bill?.billTotal.toFixed(2) ?? '-');
}

const DATES = ['2024-05-01', '2024-06-01', '2024-07-01', '2024-08-01', '2024-09-01', '2024-10-01'];

describe('interval and offset count billing periods', () => {
  test.each([
    // interval, offset, in advance, totals of the bills from 1 May on
    [1, 0, false, ['-', '50.00', '50.00', '50.00', '50.00', '50.00']],
    [3, 1, false, ['-', '0.00', '50.00', '0.00', '0.00', '50.00']],
    [1, 0, true, ['50.00', '50.00', '50.00', '50.00', '50.00', '50.00']],
    [3, 1, true, ['-', '50.00', '0.00', '0.00', '50.00', '0.00']],
    [12, 0, true, ['50.00', '0.00', '0.00', '0.00', '0.00', '0.00']],
  ])('every %i from %i, in advance %s', (interval, offset, inAdvance, expected) => {
    const planTemplates = monthly({
      standingChargeInterval: interval,
      standingChargeOffset: offset,
      standingChargeBillInAdvance: inAdvance,
    });
    expect(totals({ planTemplates }, DATES)).toEqual(expected);
  });

  test('a catch-up is its own period: offset 1 leaves it out', () => {
    const rows = {
      planTemplates: monthly({ standingChargeOffset: 1, standingChargeBillInAdvance: true }),
      accountPlans: [accountPlan('ap', { startDate: at('2024-05-22') })],
    };
    expect(totals(rows, ['2024-06-01'])).toEqual(['50.00']);
  });
});

describe('which value applies', () => {
  test.each([
    ['the template where the plan has none', {}, '50.00'],
    ['the plan', { standingCharge: decimal(20) }, '20.00'],
    ['an explicit 0 of the plan', { standingCharge: decimal(0) }, '0.00'],
  ])('%s', (_name, fields, expected) => {
    expect(
      totals({ planTemplates: monthly({}), plans: [plan('pro', 'monthly', fields)] }, ['2024-06-01']),
    ).toEqual([expected]);
  });

  test.each([
    // plan, template, organization -> in advance, so a bill on the start date
    [null, null, true, '50.00'],
    [null, false, true, '-'],
    [true, false, false, '50.00'],
  ])('in advance: plan %s, template %s, organization %s', (ofPlan, ofTemplate, ofOrganization, expected) => {
    const rows = {
      organization: organization({ standingChargeBillInAdvance: ofOrganization }),
      planTemplates: monthly({ standingChargeBillInAdvance: ofTemplate }),
      plans: [plan('pro', 'monthly', { standingChargeBillInAdvance: ofPlan })],
    };
    expect(totals(rows, ['2024-05-01'])).toEqual([expected]);
  });
});

describe('each service time is charged once', () => {
  const inAdvance = { planTemplates: monthly({ standingChargeBillInAdvance: true }) };
  const inArrears = { planTemplates: monthly({ standingChargeBillInAdvance: false }) };

  test('switched to advance: the month without a charge is added', () => {
    const made = jobs(facts(inArrears), [billsOf('2024-06-01'), [billsOf('2024-07-01'), inAdvance]]);
    expect(made[1]?.map(billText)).toEqual([
      [
        'STANDING_CHARGE 2024-06-01..2024-07-01 Standing Charge: 50.00 USD',
        'STANDING_CHARGE 2024-07-01..2024-08-01 Standing Charge: 50.00 USD',
        'TOTAL 100.00 USD',
      ],
    ]);
  });

  test('switched to arrears: the month already charged is left out', () => {
    const given = facts(inAdvance);
    const made = jobs(given, [
      billsOf('2024-06-01'),
      [billsOf('2024-07-01'), inArrears],
      billsOf('2024-08-01'),
    ]);
    expect(made.slice(1).flatMap((bills) => bills.map(billText))).toEqual([
      ['TOTAL 0.00 USD'],
      ['STANDING_CHARGE 2024-07-01..2024-08-01 Standing Charge: 50.00 USD', 'TOTAL 50.00 USD'],
    ]);
  });

  test('a new epoch inside a month charged in advance continues where it ended', () => {
    const moved = { accountPlans: [accountPlan('ap', { billEpoch: day('2024-01-15') })] };
    const made = jobs(facts(inAdvance), [billsOf('2024-06-01'), [billsOf('2024-06-15'), moved]]);
    // June is paid; 1 to 15 July is 14/30 of the cell 15 June to 15 July: 50 × 14/30 = 23.33
    expect(made[1]?.map(billText)).toEqual([
      ['STANDING_CHARGE 2024-07-01..2024-07-15 Standing Charge: 23.33 USD', 'TOTAL 23.33 USD'],
    ]);
  });

  test('a bill that was never run is not made up for', () => {
    expect(totals(inAdvance, ['2024-06-01'])).toEqual(['50.00']);
  });
});

test('in advance nothing is charged beyond the end of the attachment', () => {
  const rows = {
    planTemplates: monthly({ standingChargeBillInAdvance: true }),
    accountPlans: [accountPlan('ap', { endDate: at('2024-06-16') })],
  };
  // 50 × 15/30 = 25.00 for 1 to 15 June; nothing opens on 1 July
  expect(totals(rows, ['2024-05-01', '2024-06-01', '2024-07-01', '2024-08-01'])).toEqual([
    '50.00',
    '25.00',
    '0.00',
    '-',
  ]);
});

test('a group charges once, with the period of its longest member, besides its members', () => {
  const given = facts({
    products: [
      { id: 'core', name: 'Core', code: 'core' },
      { id: 'fees', name: 'Fees', code: 'fees' },
    ],
    planTemplates: [template('monthly', { standingCharge: decimal(10) }), cycle('annual', 'ANNUALLY')],
    plans: [plan('a', 'monthly'), plan('b', 'annual')],
    planGroups: [
      planGroup('g', ['b', 'a'], {
        standingCharge: decimal(365),
        standingChargeDescription: 'Bundle',
        standingChargeAccountingProductId: 'fees',
      }),
    ],
    accountPlans: [accountPlan('ap', { planGroupId: 'g', startDate: at('2023-12-02') })],
    target: billsOf('2024-01-01'),
  });
  // 10 × 30/31 = 9.68 for December; 365 × 30/365 = 30.00
  const { bills } = calculated(given);
  expect(bills.map(billText)).toEqual([
    ['STANDING_CHARGE 2023-12-02..2024-01-01 Standing Charge: 9.68 USD', 'TOTAL 9.68 USD'],
    ['STANDING_CHARGE 2023-12-02..2024-01-01 Bundle: 30.00 USD', 'TOTAL 30.00 USD'],
  ]);
  expect(bills[1]?.lines[0]).toMatchObject({ planId: null, planGroupId: 'g', productId: 'fees' });
});
