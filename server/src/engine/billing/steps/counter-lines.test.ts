import { describe, expect, test } from 'vitest';
import {
  accountPlan,
  adjustments,
  at,
  type BandRow,
  billsOf,
  counterPricing,
  cycle,
  facts,
  template,
} from '../../../../test/support/bill-facts.ts';
import { billText, calculated, jobs } from '../../../../test/support/bill-story.ts';
import { decimal } from '../../../kernel/decimal.ts';
import type { BillFacts } from '../facts.ts';

const TIERS: readonly BandRow[] = [
  [0, 0, 30],
  [10, 0, 25],
];

function licences(fields: Parameters<typeof counterPricing>[1] = {}, rows = TIERS): Partial<BillFacts> {
  return {
    accountPlans: [accountPlan('ap', { startDate: at('2024-04-01') })],
    counterPricings: [counterPricing('seat price', fields, rows)],
    counterAdjustments: adjustments({ '2024-04-20': 9, '2024-04-11': 12, '2024-04-01': 8 }),
  };
}

describe('the worked example of spec 30 §15.6', () => {
  const april = billsOf('2024-05-01');
  const may = billsOf('2024-06-01');

  test('running total in advance', () => {
    // 8 × 30 × 30/30 = 240; (2 × 30 + 2 × 25) × 20/30 = 73.33; −(2 × 25 + 30) × 11/30 = −29.33; 9 × 30 = 270
    const made = jobs(facts(licences()), [april, may]);
    expect(made.map((bills) => bills.map(billText))).toEqual([
      [
        [
          'COUNTER_ADJUSTMENT_CREDIT 2024-04-20..2024-05-01 Counter Adjustment Credit: -29.33 USD',
          'COUNTER_ADJUSTMENT_DEBIT 2024-04-01..2024-05-01 Counter Adjustment Debit: 240.00 USD',
          'COUNTER_ADJUSTMENT_DEBIT 2024-04-11..2024-05-01 Counter Adjustment Debit: 73.33 USD',
          'COUNTER_RUNNING_TOTAL_CHARGE 2024-05-01..2024-06-01 Counter Running Total Charge: 270.00 USD',
          'TOTAL 554.00 USD',
        ],
      ],
      [
        [
          'COUNTER_RUNNING_TOTAL_CHARGE 2024-06-01..2024-07-01 Counter Running Total Charge: 270.00 USD',
          'TOTAL 270.00 USD',
        ],
      ],
    ]);
    const debit = made[0]?.[0]?.lines[2];
    expect(`${debit?.quantity} ${debit?.units} ${debit?.unit} ${debit?.reason.proration}`).toBe(
      '4 4 seat 2/3',
    );
    expect(debit?.usagePerPricingBand?.map((band) => `${band.bandUnits} ${band.bandSubtotal}`)).toEqual([
      '2 60',
      '2 50',
    ]);
  });

  test('running total in arrears', () => {
    const made = jobs(facts(licences({ runningTotalBillInAdvance: false })), [april, may]);
    expect(made.map(([bill]) => bill?.billTotal.toFixed(2))).toEqual(['284.00', '270.00']);
  });

  test('without proration changes cost the full period', () => {
    // 240 + 110 − 80 + 270 = 540
    const flags = { proRateAdjustmentDebit: false, proRateAdjustmentCredit: false };
    expect(calculated(facts({ ...licences(flags), target: april })).bills[0]?.billTotal.toFixed(2)).toBe(
      '540.00',
    );
  });
});

describe('the first period', () => {
  const before = { counterAdjustments: adjustments({ '2024-03-01': 4 }) };

  test.each([
    // start, bill date, amounts: R(0) = 4 seats × 30
    ['on a grid date, in advance on that date', '2024-04-01', '2024-04-01', ['120']],
    // 120 × 15/30 = 60 for 16 to 30 April as catch-up, 120 for May
    ['between grid dates, as a catch-up', '2024-04-16', '2024-05-01', ['60', '120']],
  ])('%s', (_name, start, date, amounts) => {
    const given = facts({
      ...licences(),
      ...before,
      accountPlans: [accountPlan('ap', { startDate: at(start) })],
      target: billsOf(date),
    });
    const [bill] = calculated(given).bills;
    expect(bill?.lines.map((line) => line.subtotal.toString())).toEqual(amounts);
  });

  test('a counter at 0 gives no bill on the start date', () => {
    expect(calculated(facts({ ...licences(), target: billsOf('2024-04-01') })).bills).toEqual([]);
  });

  test('an adjustment on the first day is a change, not part of the running total', () => {
    const given = facts({
      ...licences(),
      counterAdjustments: adjustments({ '2024-03-01': 4, '2024-04-01': 5 }),
      target: billsOf('2024-05-01'),
    });
    const types = calculated(given).bills[0]?.lines.map((line) => `${line.lineItemType} ${line.quantity}`);
    expect(types).toEqual(['COUNTER_ADJUSTMENT_DEBIT 1', 'COUNTER_RUNNING_TOTAL_CHARGE 5']);
  });
});

test('an adjustment that changes nothing gives no line', () => {
  const given = facts({
    ...licences({ runningTotalBillInAdvance: false }),
    counterAdjustments: adjustments({ '2024-03-01': 4, '2024-04-10': 4 }),
    target: billsOf('2024-05-01'),
  });
  expect(calculated(given).bills[0]?.lines.map((line) => line.lineItemType)).toEqual([
    'COUNTER_RUNNING_TOTAL_CHARGE',
  ]);
});

test('a fixed price is not charged for no units', () => {
  // 2 -> 0 takes the fixed 100 back with the 2 × 1
  const given = facts({
    ...licences({ runningTotalBillInAdvance: false, proRateAdjustmentCredit: false }, [[0, 100, 1]]),
    counterAdjustments: adjustments({ '2024-03-01': 2, '2024-04-10': 0 }),
    target: billsOf('2024-05-01'),
  });
  expect(calculated(given).bills[0]?.lines.map((line) => line.subtotal.toString())).toEqual(['-102', '102']);
});

test('a price that changes within the period splits the running total by days', () => {
  // April in arrears, 3 seats: 30 × 3 × 10/30 = 30 and 60 × 3 × 20/30 = 120
  const given = facts({
    ...licences(),
    counterPricings: [
      counterPricing('old', { runningTotalBillInAdvance: false, endDate: at('2024-04-11') }, [[0, 0, 30]]),
      counterPricing('new', { runningTotalBillInAdvance: false, startDate: at('2024-04-11') }, [[0, 0, 60]]),
    ],
    counterAdjustments: adjustments({ '2024-03-01': 3 }),
    target: billsOf('2024-05-01'),
  });
  expect(calculated(given).bills[0]?.lines.map((line) => line.subtotal.toString())).toEqual(['30', '120']);
});

test('counters count towards the floor of the period they serve', () => {
  // May: running total 240 of May was billed on 1 May; floor 300 − 240 = 60; June's 240 is not counted
  const given = facts({
    ...licences(),
    counterAdjustments: adjustments({ '2024-03-01': 8 }),
    planTemplates: [template('monthly', { minimumSpend: decimal(300) })],
    accountPlans: [accountPlan('ap', { startDate: at('2024-05-01') })],
  });
  const made = jobs(given, [billsOf('2024-05-01'), billsOf('2024-06-01')]);
  const lines = made[1]?.[0]?.lines.map((line) => `${line.lineItemType} ${line.subtotal}`);
  expect(lines).toEqual(['COUNTER_RUNNING_TOTAL_CHARGE 240', 'MINIMUM_SPEND 60']);
});

test('a plan without a cycle charges counters in full and in arrears', () => {
  const given = facts({
    ...licences(),
    planTemplates: [{ ...cycle('monthly', 'MONTHLY'), billFrequency: 'AD_HOC' }],
    counterAdjustments: adjustments({ '2024-03-01': 2 }),
    target: billsOf('2024-04-11', { billingFrequency: 'AD_HOC' }),
  });
  expect(calculated(given).bills.map(billText)).toEqual([
    [
      'COUNTER_RUNNING_TOTAL_CHARGE 2024-04-01..2024-04-11 Counter Running Total Charge: 60.00 USD',
      'TOTAL 60.00 USD',
    ],
  ]);
});
