import { describe, expect, test } from 'vitest';
import { afterBills, balance, paid, paidOf, priced, usage } from '../../../../test/support/balance-facts.ts';
import {
  accountPlan,
  adjustments,
  aggregation,
  at,
  billsOf,
  contract,
  counterPricing,
  facts,
  organization,
  pricing,
  template,
} from '../../../../test/support/bill-facts.ts';
import { calculated } from '../../../../test/support/bill-story.ts';
import { decimal } from '../../../kernel/decimal.ts';
import type { BillFacts } from '../facts.ts';

test.each([
  // funds, usage, what is paid
  [500, 117, ['2024-05-01..2024-06-01 wallet: -117.00 USD', 'TOTAL 0.00']],
  [100, 117, ['2024-05-01..2024-06-01 wallet: -100.00 USD', 'TOTAL 17.00']],
  [0, 117, ['TOTAL 117.00']],
  [-5, 117, ['TOTAL 117.00']],
  [500, 0, ['TOTAL 0.00']],
])('a balance of %s pays of %s at most what both allow', (funds, amount, expected) => {
  expect(paidOf(priced({ balances: [balance('wallet', funds)] }), [usage(amount)])).toEqual(expected);
});

test('the charge keeps its amount, and the line names balance, product and texts', () => {
  const row = balance('wallet', 20, {
    balanceDrawDownDescription: 'Welcome credit used',
    consumptionsAccountingProductId: 'books',
    productIds: ['core'],
    contractId: 'terms',
  });
  const given = priced({
    balances: [row],
    contracts: [contract('terms')],
    accountPlans: [accountPlan('ap', { contractId: 'terms' })],
    products: [
      { id: 'core', name: 'Core', code: 'core' },
      { id: 'books', name: 'Books', code: 'books' },
    ],
  });
  const [bill] = calculated(given, [usage(50)]).bills;
  expect(bill?.lines.map((line) => `${line.lineItemType} ${line.subtotal}`)).toEqual([
    'USAGE 50',
    'BALANCE_CONSUMED -20',
  ]);
  expect(bill?.lines[1]).toMatchObject({
    description: 'Welcome credit used',
    balanceId: 'wallet',
    contractId: 'terms',
    productId: 'core',
    productName: 'Core',
    accountingProductId: 'books',
    accountingProductName: 'Books',
    unit: '',
  });
  expect(bill?.draws.map(({ creditId, phase, amount }) => `${creditId} ${phase} ${amount}`)).toEqual([
    'wallet BASE 20',
  ]);
});

describe('what a balance pays for', () => {
  const charged = (balances: BillFacts['balances']) =>
    priced({
      balances,
      planTemplates: [template('monthly', { standingCharge: decimal(10), minimumSpend: decimal(40) })],
    });

  // Usage 20, standing charge 10, which does not count towards the minimum: 40 - 20 = 20.
  test.each([
    [{}, 'TOTAL 0.00'],
    [{ lineItemTypes: ['USAGE'] }, 'TOTAL 30.00'],
    [{ lineItemTypes: ['STANDING_CHARGE', 'MINIMUM_SPEND'] }, 'TOTAL 20.00'],
    [{ lineItemTypes: ['COUNTER_RUNNING_TOTAL_CHARGE'] }, 'TOTAL 50.00'],
    [{ productIds: ['core'] }, 'TOTAL 0.00'],
    [{ productIds: ['other'] }, 'TOTAL 50.00'],
    [{ contractId: 'terms' }, 'TOTAL 50.00'],
    [{ endDate: at('2024-05-01') }, 'TOTAL 50.00'],
    [{ startDate: at('2024-06-01') }, 'TOTAL 50.00'],
  ])('a balance with %j leaves %s', (fields, total) => {
    const given = charged([balance('wallet', 100, fields)]);
    expect(paidOf(given, [usage(20)]).at(-1)).toBe(total);
  });

  test('counters are paid, and credits for counters are not', () => {
    const row = counterPricing('seat', { proRateRunningTotal: false }, [[0, 0, 5]]);
    const given = facts({
      balances: [balance('wallet', 100)],
      counterPricings: [{ ...row, runningTotalBillInAdvance: false, proRateAdjustmentCredit: false }],
      counterAdjustments: adjustments({ '2024-04-01': 8, '2024-05-11': 6 }),
    });
    // 8 × 5 = 40.00 paid; the 2 × 5 = 10.00 given back for two seats fewer stay.
    expect(paidOf(given, [])).toEqual(['2024-05-01..2024-06-01 wallet: -40.00 USD', 'TOTAL -10.00']);
  });

  test('usage that a credit pays for is not paid again', () => {
    const credit = pricing('gift', { type: 'PRODUCT_CREDIT', aggregationId: 'gifts' });
    const given = priced({
      balances: [balance('wallet', 500)],
      pricings: [pricing('price'), credit],
      aggregations: [aggregation('calls'), aggregation('gifts')],
    });
    const measured = [usage(80), { of: 'gifts', at: '2024-05-10', value: 30 }];
    expect(paidOf(given, measured)).toEqual(['2024-05-01..2024-06-01 wallet: -50.00 USD', 'TOTAL 0.00']);
  });
});

describe('spec 40 §15.3: a balance that is active for a part of the period', () => {
  const half = { startDate: at('2024-05-01'), endDate: at('2024-05-16') };
  const measured = [usage(120), usage(180, '2024-05-16')];

  test.each([
    // Of 300 used, 120 were before 16 May.
    [100, ['2024-05-01..2024-05-16 wallet: -100.00 USD', 'TOTAL 200.00']],
    [150, ['2024-05-01..2024-05-16 wallet: -120.00 USD', 'TOTAL 180.00']],
  ])('with %s it pays for what was used in it', (funds, expected) => {
    expect(paidOf(priced({ balances: [balance('wallet', funds, half)] }), measured)).toEqual(expected);
  });

  test('a standing charge and a maximum count by days', () => {
    const most = aggregation('calls');
    const given = priced({
      balances: [balance('wallet', 1000, { startDate: at('2024-05-22') })],
      planTemplates: [template('monthly', { standingCharge: decimal(310) })],
      aggregations: [{ ...most, definition: { ...most.definition, method: 'MAX' } }],
    });
    // 10 of 31 days: 310 × 10/31 + 62 × 10/31 = 100.00 + 20.00
    expect(paidOf(given, [usage(62)])).toEqual([
      '2024-05-22..2024-06-01 wallet: -120.00 USD',
      'TOTAL 252.00',
    ]);
  });

  test('measurements below 0 elsewhere do not make it pay more than the charge', () => {
    const given = priced({ balances: [balance('wallet', 1000, half)] });
    const paidFor = paidOf(given, [usage(120), usage(-20, '2024-05-20')]);
    expect(paidFor).toEqual(['2024-05-01..2024-05-16 wallet: -100.00 USD', 'TOTAL 0.00']);
  });

  test('days are those of the bill in the zone of the organization', () => {
    const given = priced({
      organization: organization({ timezone: 'Europe/Berlin' }),
      accountPlans: [accountPlan('ap', { startDate: at('2024-02-29T23:00:00Z') })],
      planTemplates: [template('monthly', { standingCharge: decimal(310) })],
      balances: [balance('wallet', 1000, { startDate: at('2024-03-30T23:00:00Z') })],
      target: billsOf('2024-04-01'),
    });
    // 31 March has 23 hours and counts as one day of 31: 10.00.
    expect(paidOf(given, []).at(-1)).toBe('TOTAL 300.00');
  });
});

test('spec 50 §5.7: after the end of a balance the rest may be used up to a cap', () => {
  const row = balance('wallet', 1000, {
    endDate: at('2024-07-01'),
    rolloverEndDate: at('2024-09-01'),
    rolloverAmount: decimal(150),
  });
  let given = priced({
    balances: [row],
    accountPlans: [accountPlan('ap', { startDate: at('2024-01-01') })],
  });
  const measured = [
    usage(700, '2024-06-10'),
    usage(120, '2024-07-10'),
    usage(80, '2024-08-10'),
    usage(40, '2024-09-10'),
  ];
  const totals = ['2024-07-01', '2024-08-01', '2024-09-01', '2024-10-01'].map((date) => {
    const { bills } = calculated({ ...given, target: billsOf(date) }, measured);
    given = afterBills(given, bills);
    return paid(bills).at(-1);
  });
  expect(totals).toEqual(['TOTAL 0.00', 'TOTAL 0.00', 'TOTAL 50.00', 'TOTAL 40.00']);
  expect(given.balances[0]?.draws.map(({ phase, amount }) => `${phase} ${amount}`)).toEqual([
    'BASE 700',
    'ROLLOVER 120',
    'ROLLOVER 30',
  ]);
});

test('a bill over the end of a balance draws before the end first, and the rest up to the cap', () => {
  const row = balance('wallet', 1000, {
    endDate: at('2024-05-16'),
    rolloverEndDate: at('2024-09-01'),
    rolloverAmount: decimal(150),
  });
  const [bill] = calculated(priced({ balances: [row] }), [usage(700), usage(400, '2024-05-20')]).bills;
  expect(bill?.draws.map(({ phase, amount, end }) => `${phase} ${amount} ${end}`)).toEqual([
    'BASE 700 2024-05-16T00:00:00Z',
    'ROLLOVER 150 2024-06-01T00:00:00Z',
  ]);
  expect(paid(bill ? [bill] : [])).toEqual(['2024-05-01..2024-06-01 wallet: -850.00 USD', 'TOTAL 250.00']);
});
