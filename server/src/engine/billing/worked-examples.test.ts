import { describe, expect, test } from 'vitest';
import {
  account,
  accountPlan,
  aggregation,
  at,
  billsOf,
  cycle,
  day,
  facts,
  organization,
  plan,
  pricing,
  template,
} from '../../../test/support/bill-facts.ts';
import { billText, calculated, headText, jobs } from '../../../test/support/bill-story.ts';
import { decimal } from '../../kernel/decimal.ts';

describe('spec 40 §15.1', () => {
  const given = facts({
    organization: organization({
      timezone: 'Europe/London',
      daysBeforeBillDue: 14,
      externalInvoiceDate: 'LAST_DAY_OF_ARREARS',
      currencyConversions: [{ from: 'EUR', to: 'USD', multiplier: decimal('1.10') }],
    }),
    planTemplates: [
      template('monthly', {
        currency: 'EUR',
        standingCharge: decimal(60),
        standingChargeBillInAdvance: true,
        minimumSpend: decimal(200),
      }),
    ],
    accountPlans: [accountPlan('ap', { startDate: at('2024-04-30T23:00:00Z') })],
    aggregations: [aggregation('calls', { name: 'API calls' })],
    pricings: [pricing('price', {}, [[0, 0, '0.25']])],
  });
  const [opening, may] = jobs(
    given,
    [billsOf('2024-05-01'), billsOf('2024-06-01')],
    [{ at: '2024-05-10', value: 500 }],
  );

  test('the bill of the start date holds what is in advance', () => {
    // 60 EUR × 1.10 = 66 USD
    expect(opening?.map(billText)).toEqual([
      ['STANDING_CHARGE 2024-05-01..2024-06-01 Standing Charge: 60.00 EUR -> 66.00', 'TOTAL 66.00 USD'],
    ]);
    expect(opening?.map(headText)).toEqual([
      {
        period: '2024-04-01..2024-05-01',
        billDate: '2024-05-01',
        dueDate: '2024-05-15',
        externalInvoiceDate: '2024-04-30',
        frequency: 'MONTHLY/1',
      },
    ]);
    expect(String(opening?.[0]?.lines[0]?.servicePeriodStartDate)).toBe('2024-04-30T23:00:00Z');
    expect(String(opening?.[0]?.lines[0]?.servicePeriodEndDate)).toBe('2024-05-31T23:00:00Z');
  });

  test('the next bill holds usage, the next standing charge and the top-up', () => {
    // 500 × 0.25 = 125 EUR -> 137.50; top-up 200 − 125 = 75 EUR -> 82.50; 137.50 + 66 + 82.50 = 286
    expect(may?.map(billText)).toEqual([
      [
        'USAGE 2024-05-01..2024-06-01 API calls: 125.00 EUR -> 137.50',
        'STANDING_CHARGE 2024-06-01..2024-07-01 Standing Charge: 60.00 EUR -> 66.00',
        'MINIMUM_SPEND 2024-05-01..2024-06-01 Core Minimum Spend Adjustment: 75.00 EUR -> 82.50',
        'TOTAL 286.00 USD',
      ],
    ]);
    expect(may?.map(headText)).toEqual([
      {
        period: '2024-05-01..2024-06-01',
        billDate: '2024-06-01',
        dueDate: '2024-06-15',
        externalInvoiceDate: '2024-05-31',
        frequency: 'MONTHLY/1',
      },
    ]);
    const rates = may?.[0]?.currencyConversions.map(
      ({ from, to, multiplier }) => `${from} ${to} ${multiplier}`,
    );
    expect(rates).toEqual(['EUR USD 1.1']);
  });
});

describe('spec 40 §15.2', () => {
  const given = facts({
    accountPlans: [
      accountPlan('m', { planId: 'pm', startDate: at('2024-01-01') }),
      accountPlan('y', { planId: 'py', startDate: at('2024-01-01') }),
    ],
    plans: [plan('pm', 'monthly'), plan('py', 'annual')],
    planTemplates: [template('monthly'), cycle('annual', 'ANNUALLY')],
    target: billsOf('2025-01-01'),
  });

  test('without consolidation each frequency has its bill', () => {
    const summary = calculated(given).bills.map((bill) => [
      bill.billingFrequency,
      `${bill.startDate}`,
      `${bill.endDate}`,
    ]);
    expect(summary).toEqual([
      ['MONTHLY', '2024-12-01', '2025-01-01'],
      ['ANNUALLY', '2024-01-01', '2025-01-01'],
    ]);
  });

  test('with consolidation there is one bill over the longest period', () => {
    const bills = calculated({ ...given, organization: organization({ consolidateBills: true }) }).bills;
    const summary = bills.map((bill) => [
      bill.billingFrequency,
      bill.billFrequencyInterval,
      `${bill.startDate}`,
    ]);
    expect(summary).toEqual([['MIXED', null, '2024-01-01']]);
  });
});

test('spec 40 §15.4: a late start catches up and goes on in advance', () => {
  const given = facts({
    planTemplates: [template('monthly', { standingCharge: decimal(31), standingChargeBillInAdvance: true })],
    accountPlans: [accountPlan('ap', { startDate: at('2024-05-22') })],
  });
  // 31 × 10/31 = 10.00 for 22 to 31 May, then 31.00 for June
  expect(calculated(given).bills.map(billText)).toEqual([
    [
      'STANDING_CHARGE 2024-05-22..2024-06-01 Standing Charge: 10.00 USD',
      'STANDING_CHARGE 2024-06-01..2024-07-01 Standing Charge: 31.00 USD',
      'TOTAL 41.00 USD',
    ],
  ]);
});

describe('spec 40 §3.4, §3.5, 30 §14: proration', () => {
  test.each([
    // charge, start, epoch of the account plan, bill date, amount, start of the bill
    ['310 × 21/31', 310, '2024-03-11', null, '2024-04-01', '210.00', '2024-03-01'],
    [
      '100 × (19/31 + 1), a long first period',
      100,
      '2024-04-01',
      '2024-05-20',
      '2024-05-20',
      '161.29',
      '2024-04-01',
    ],
    ['90 × 20/30', 90, '2024-04-11', null, '2024-05-01', '60.00', '2024-04-01'],
    ['100 × 15/29', 100, '2024-02-15', null, '2024-03-01', '51.72', '2024-02-01'],
  ] as const)('%s', (_name, charge, start, epoch, date, amount, periodStart) => {
    const given = facts({
      planTemplates: [template('monthly', { standingCharge: decimal(charge) })],
      accountPlans: [
        accountPlan('ap', { startDate: at(start), billEpoch: epoch === null ? null : day(epoch) }),
      ],
      target: billsOf(date),
    });
    const [bill] = calculated(given).bills;
    expect(bill?.billTotal.toFixed(2)).toBe(amount);
    expect(bill?.startDate.toString()).toBe(periodStart);
  });

  test('a plan that is replaced and its successor share the month', () => {
    // 310 × 11/31 = 110.00 and 620 × 20/31 = 400.00
    const given = facts({
      plans: [
        plan('a', 'monthly', { standingCharge: decimal(310) }),
        plan('b', 'monthly', { standingCharge: decimal(620) }),
      ],
      accountPlans: [
        accountPlan('first', { planId: 'a', startDate: at('2024-01-01'), endDate: at('2024-03-12') }),
        accountPlan('second', { planId: 'b', startDate: at('2024-03-12') }),
      ],
      target: billsOf('2024-04-01'),
    });
    expect(calculated(given).bills.map(billText)).toEqual([
      [
        'STANDING_CHARGE 2024-03-01..2024-03-12 Standing Charge: 110.00 USD',
        'STANDING_CHARGE 2024-03-12..2024-04-01 Standing Charge: 400.00 USD',
        'TOTAL 510.00 USD',
      ],
    ]);
  });
});

test('spec 40 §3.4: after a change of epoch the new period begins where the last bill ended', () => {
  const given = facts({
    planTemplates: [template('monthly', { standingCharge: decimal(31) })],
    accountPlans: [accountPlan('ap', { startDate: at('2024-01-01') })],
  });
  const moved = {
    accountPlans: [accountPlan('ap', { startDate: at('2024-01-01'), billEpoch: day('2024-01-15') })],
  };
  const [, june] = jobs(given, [billsOf('2024-06-01'), [billsOf('2024-06-15'), moved]]);
  // 31 × 14/31 = 14.00: 1 to 15 June in the cell 15 May to 15 June
  expect(june?.map(billText)).toEqual([
    ['STANDING_CHARGE 2024-06-01..2024-06-15 Standing Charge: 14.00 USD', 'TOTAL 14.00 USD'],
  ]);
  expect(june?.[0]?.startDate.toString()).toBe('2024-06-01');
});

test('accounts of a zone have bills from local midnight to local midnight', () => {
  const given = facts({
    organization: organization({ timezone: 'America/New_York' }),
    accounts: [account('acme', { purchaseOrderNumber: 'PO-1', currency: 'USD' })],
    accountPlans: [accountPlan('ap', { startDate: at('2024-01-01T05:00:00Z') })],
    target: billsOf('2024-12-01'),
  });
  const [bill] = calculated(given).bills;
  expect(String(bill?.startDateTimeUTC)).toBe('2024-11-01T04:00:00Z');
  expect(String(bill?.endDateTimeUTC)).toBe('2024-12-01T05:00:00Z');
  expect(bill?.purchaseOrderNumber).toBe('PO-1');
  expect(bill?.isEmpty).toBe(true);
});
