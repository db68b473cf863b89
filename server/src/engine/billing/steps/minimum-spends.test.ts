import { describe, expect, test } from 'vitest';
import {
  accountPlan,
  aggregation,
  at,
  billsOf,
  cycle,
  day,
  facts,
  organization,
  plan,
  planGroup,
  pricing,
  template,
} from '../../../../test/support/bill-facts.ts';
import { billText, calculated, jobs, type Measured } from '../../../../test/support/bill-story.ts';
import { decimal } from '../../../kernel/decimal.ts';
import type { BillFacts } from '../facts.ts';

function floored(minimum: number, fields: Parameters<typeof template>[1] = {}): Partial<BillFacts> {
  return {
    planTemplates: [template('monthly', { minimumSpend: decimal(minimum), ...fields })],
    pricings: [pricing('p')],
  };
}

function used(value: number, date = '2024-05-10'): readonly Measured[] {
  return value === 0 ? [] : [{ at: date, value }];
}

describe('in arrears', () => {
  test.each([
    // minimum, usage, top-up, total = max(M, S)
    [300, 180, '120.00', '300.00'],
    [300, 420, null, '420.00'],
    [300, 300, null, '300.00'],
    [300, 0, '300.00', '300.00'],
  ])('minimum %i, usage %i', (minimum, usage, topUp, total) => {
    const [bill] = calculated(facts(floored(minimum)), used(usage)).bills;
    const floors = bill?.lines.filter((line) => line.lineItemType === 'MINIMUM_SPEND') ?? [];
    expect(floors.map((line) => line.subtotal.toFixed(2))).toEqual(topUp === null ? [] : [topUp]);
    expect(bill?.billTotal.toFixed(2)).toBe(total);
  });

  test('a part of a period has a part of the minimum', () => {
    // 310 × 10/31 = 100.00 for 22 to 31 May; 100 − 30 = 70
    const given = facts({
      ...floored(310),
      accountPlans: [accountPlan('ap', { startDate: at('2024-05-22') })],
    });
    const [bill] = calculated(given, used(30, '2024-05-25')).bills;
    expect(bill && billText(bill)).toEqual([
      'USAGE 2024-05-22..2024-06-01 calls: 30.00 USD',
      'MINIMUM_SPEND 2024-05-22..2024-06-01 Core Minimum Spend Adjustment: 70.00 USD',
      'TOTAL 100.00 USD',
    ]);
  });

  test('standing charges do not count', () => {
    const given = facts(floored(100, { standingCharge: decimal(40) }));
    expect(calculated(given, used(70)).bills[0]?.billTotal.toFixed(2)).toBe('140.00');
  });
});

describe('in advance', () => {
  const inAdvance = { minimumSpendBillInAdvance: true };

  test.each([
    // usage, refund, total of the closing bill without the next advance; both bills = max(250, usage)
    [90, '-90.00', '0.00'],
    [410, '-250.00', '160.00'],
    [0, null, '0.00'],
  ])('minimum 250, usage %i', (usage, refund, rest) => {
    const given = facts({
      ...floored(250, inAdvance),
      accountPlans: [accountPlan('ap', { endDate: at('2024-06-01') })],
    });
    const [opening, closing] = jobs(given, [billsOf('2024-05-01'), billsOf('2024-06-01')], used(usage));
    expect(opening?.map(billText)).toEqual([
      ['MINIMUM_SPEND 2024-05-01..2024-06-01 Core Minimum Spend Adjustment: 250.00 USD', 'TOTAL 250.00 USD'],
    ]);
    const refunds = closing?.[0]?.lines.filter((line) => line.lineItemType === 'MINIMUM_SPEND_REFUND') ?? [];
    expect(refunds.map((line) => line.subtotal.toFixed(2))).toEqual(refund === null ? [] : [refund]);
    expect(closing?.[0]?.billTotal.toFixed(2)).toBe(rest);
  });

  test('the closing bill opens the next period too', () => {
    const [, closing] = jobs(
      facts(floored(300, inAdvance)),
      [billsOf('2024-05-01'), billsOf('2024-06-01')],
      used(180),
    );
    expect(closing?.map(billText)).toEqual([
      [
        'USAGE 2024-05-01..2024-06-01 calls: 180.00 USD',
        'MINIMUM_SPEND_REFUND 2024-05-01..2024-06-01 Core Minimum Spend Adjustment: -180.00 USD',
        'MINIMUM_SPEND 2024-06-01..2024-07-01 Core Minimum Spend Adjustment: 300.00 USD',
        'TOTAL 300.00 USD',
      ],
    ]);
  });

  test('a late start bills the part and gives back on one bill', () => {
    // 310 × 10/31 = 100 for 22 to 31 May, usage 30: 30 + 100 − 30 = 100; then 310 for June
    const given = facts({
      ...floored(310, inAdvance),
      accountPlans: [accountPlan('ap', { startDate: at('2024-05-22') })],
    });
    const [bill] = calculated(given, used(30, '2024-05-25')).bills;
    const amounts = bill?.lines.map((line) => `${line.lineItemType} ${line.subtotal}`) ?? [];
    expect(amounts.toSorted()).toEqual([
      'MINIMUM_SPEND 100',
      'MINIMUM_SPEND 310',
      'MINIMUM_SPEND_REFUND -30',
      'USAGE 30',
    ]);
  });

  test('what was billed is given back also when the setting changed, and is not charged again', () => {
    const [, closing] = jobs(
      facts(floored(250, inAdvance)),
      [billsOf('2024-05-01'), [billsOf('2024-06-01'), floored(250)]],
      used(90),
    );
    const amounts = closing?.[0]?.lines.map((line) => `${line.lineItemType} ${line.subtotal}`);
    expect(amounts).toEqual(['USAGE 90', 'MINIMUM_SPEND_REFUND -90']);
  });

  test('one minimum that closes in two parts is given back once', () => {
    // June is billed 300 in advance; then bills close on 15 June (usage 200) and 15 July (usage 250 of which
    // 100 is
    // left to give back); 1 to 15 July costs 300 × 14/30 = 140 more in advance on 15 June, given back on 15
    // July
    const moved = { accountPlans: [accountPlan('ap', { billEpoch: day('2024-01-15') })] };
    const made = jobs(
      facts(floored(300, inAdvance)),
      [billsOf('2024-06-01'), [billsOf('2024-06-15'), moved], billsOf('2024-07-15')],
      [...used(200, '2024-06-10'), ...used(250, '2024-06-20')],
    );
    const refunds = made.map(([bill]) =>
      bill?.lines
        .filter((line) => line.lineItemType === 'MINIMUM_SPEND_REFUND')
        .map((line) => `${line.subtotal}`),
    );
    expect(refunds).toEqual([[], ['-200'], ['-100', '-140']]);
  });
});

describe('nested floors', () => {
  const base: Partial<BillFacts> = {
    aggregations: [aggregation('x'), aggregation('y'), aggregation('z')],
    products: [
      { id: 'core', name: 'Core', code: 'core' },
      { id: 'extra', name: 'Extra', code: 'extra' },
    ],
    planTemplates: [template('monthly'), template('other', { productId: 'extra' })],
    plans: [plan('one', 'monthly', { minimumSpend: decimal(300) }), plan('two', 'other')],
    pricings: [
      pricing('px', { planId: 'one', aggregationId: 'x', minimumSpend: decimal(50) }),
      pricing('py', { planId: 'one', aggregationId: 'y' }),
      pricing('pz', { planId: 'two', aggregationId: 'z' }),
    ],
    planGroups: [planGroup('g', ['one', 'two'], { name: 'Pro', minimumSpend: decimal(500) })],
    accountPlans: [accountPlan('ap', { planGroupId: 'g' })],
  };
  const measured = [
    { of: 'x', at: '2024-05-10', value: 20 },
    { of: 'y', at: '2024-05-10', value: 130 },
    { of: 'z', at: '2024-05-10', value: 90 },
  ];

  function floors(rows: Partial<BillFacts>): readonly string[] {
    const [bill] = calculated(facts(rows), measured).bills;
    return (bill?.lines ?? [])
      .filter((line) => line.lineItemType === 'MINIMUM_SPEND')
      .map((line) => `${line.description} ${line.subtotal}`);
  }

  test('each inner top-up counts towards the next floor', () => {
    // 50 − 20 = 30; 300 − (20 + 130 + 30) = 120; 500 − (300 + 90) = 110
    expect(floors(base)).toEqual([
      'x Minimum Spend Adjustment 30',
      'Core Minimum Spend Adjustment 120',
      'Pro Minimum Spend Adjustment 110',
    ]);
  });

  test('a member below 0 takes nothing from what the others spent', () => {
    // 20 of x less a credit of 60 counts as 0, and z with 90: 500 − 90 = 410; 300 of the plan's floor: 110
    const credit = pricing('credit', { planId: 'one', aggregationId: 'x', type: 'PRODUCT_CREDIT' }, [
      [0, 0, 3],
    ]);
    const rows: Partial<BillFacts> = {
      ...base,
      planTemplates: [
        template('monthly', { standingCharge: decimal(100) }),
        template('other', { productId: 'extra' }),
      ],
      pricings: [
        pricing('px', { planId: 'one', aggregationId: 'x' }),
        pricing('pz', { planId: 'two', aggregationId: 'z' }),
        credit,
      ],
    };
    expect(floors({ ...rows, plans: [plan('one', 'monthly'), plan('two', 'other')] })).toEqual([
      'Pro Minimum Spend Adjustment 410',
    ]);
    expect(floors(rows)).toEqual(['Core Minimum Spend Adjustment 300', 'Pro Minimum Spend Adjustment 110']);
  });

  test('members in another currency are converted before the floor of the group', () => {
    // 500 USD − 300 USD − 90 EUR × 2 = 20 USD
    const rows = {
      ...base,
      organization: organization({
        currencyConversions: [{ from: 'EUR', to: 'USD', multiplier: decimal(2) }],
      }),
      planTemplates: [template('monthly'), template('other', { productId: 'extra', currency: 'EUR' })],
    };
    expect(floors(rows).at(-1)).toBe('Pro Minimum Spend Adjustment 20');
  });

  test('members of other frequencies count with the bills they had', () => {
    // The group's year: 12 months of 10 from the monthly member; 500 − 120 = 380
    const rows = facts({
      ...base,
      planTemplates: [template('monthly'), cycle('other', 'ANNUALLY', { productId: 'extra' })],
      plans: [plan('one', 'monthly'), plan('two', 'other')],
      pricings: [
        pricing('py', { planId: 'one', aggregationId: 'y' }),
        pricing('gx', { planId: 'one', aggregationId: 'x', type: 'GLOBAL_CREDIT' }),
      ],
      accountPlans: [accountPlan('ap', { planGroupId: 'g', startDate: at('2024-01-01') })],
    });
    const months = Array.from({ length: 12 }, (_, k) => day('2024-02-01').add({ months: k }).toString());
    const usage = Array.from({ length: 12 }, (_, k) => ({
      of: 'y',
      at: day('2024-01-10').add({ months: k }).toString(),
      value: 10,
    }));
    // A global credit of February lowers that bill and not the spend.
    usage.push({ of: 'x', at: '2024-02-10', value: 4 });
    const made = jobs(
      rows,
      months.map((date) => billsOf(date)),
      usage,
    );
    expect(made.at(-1)?.map(billText)).toEqual([
      ['USAGE 2024-12-01..2025-01-01 y: 10.00 USD', 'TOTAL 10.00 USD'],
      ['MINIMUM_SPEND 2024-01-01..2025-01-01 Pro Minimum Spend Adjustment: 380.00 USD', 'TOTAL 380.00 USD'],
    ]);
  });

  test('a floor of a pricing covers the days in which it is the winner', () => {
    // 62 × 15/31 = 30 for 1 to 15 May; the usage of 4 is from the time after it
    const rows = facts({
      pricings: [
        pricing('old', { minimumSpend: decimal(62), endDate: at('2024-05-16') }),
        pricing('new', { startDate: at('2024-05-16') }),
      ],
    });
    const [bill] = calculated(rows, used(4, '2024-05-20')).bills;
    expect(bill && billText(bill)).toEqual([
      'USAGE 2024-05-16..2024-06-01 calls: 4.00 USD',
      'MINIMUM_SPEND 2024-05-01..2024-05-16 calls Minimum Spend Adjustment: 30.00 USD',
      'TOTAL 34.00 USD',
    ]);
  });
});
