import { describe, expect, test } from 'vitest';
import {
  account,
  accountPlan,
  aggregation,
  at,
  type BandRow,
  billsOf,
  child,
  facts,
  plan,
  pricing,
  template,
} from '../../../test/support/bill-facts.ts';
import { billText, calculated, jobs, type Measured, stored } from '../../../test/support/bill-story.ts';
import { decimal } from '../../kernel/decimal.ts';
import type { BillFacts, ChildBillingMode } from './facts.ts';

const TIERS: readonly BandRow[] = [
  [0, 0, 1],
  [100, 0, '0.5'],
];
const accounts = [account('acme'), child('a', 'acme'), child('b', 'acme')];
const measured: readonly Measured[] = [
  { account: 'acme', at: '2024-05-10', value: 40 },
  { account: 'a', at: '2024-05-10', value: 80 },
  { account: 'b', at: '2024-05-10', value: 30 },
];

/** Every bill as `account: its lines`. */
function bills(rows: Partial<BillFacts>, usage = measured): readonly string[] {
  const given = facts({ accounts, pricings: [pricing('p', {}, TIERS)], ...rows });
  return calculated(given, usage).bills.map(
    (bill) => `${bill.identity.accountId}: ${billText(bill).join(' | ')}`,
  );
}

function parentPlan(childBillingMode: ChildBillingMode) {
  return { accountPlans: [accountPlan('ap', { childBillingMode })] };
}

describe('a parent rates its children as one block', () => {
  // 100 × 1 + 50 × 0.5 = 125; shares 40, 80 and 30 of 150: 33.33, 66.67 and the rest 25.00
  test('PARENT_BREAKDOWN shows each account', () => {
    expect(bills(parentPlan('PARENT_BREAKDOWN'))).toEqual([
      [
        'acme: USAGE 2024-05-01..2024-06-01 calls: 33.33 USD',
        'USAGE 2024-05-01..2024-06-01 calls [a]: 66.67 USD',
        'USAGE 2024-05-01..2024-06-01 calls [b]: 25.00 USD',
        'TOTAL 125.00 USD',
      ].join(' | '),
    ]);
  });

  test('PARENT_SUMMARY shows one line', () => {
    expect(bills(parentPlan('PARENT_SUMMARY'))).toEqual([
      'acme: USAGE 2024-05-01..2024-06-01 calls: 125.00 USD | TOTAL 125.00 USD',
    ]);
  });

  test('CHILD puts each share on the account’s own bill, in its currency', () => {
    const rows = {
      ...parentPlan('CHILD'),
      accounts: [
        account('acme'),
        account('a', { parentAccountId: 'acme', currency: 'EUR' }),
        child('b', 'acme'),
      ],
      target: billsOf('2024-06-01', {
        currencyConversions: [{ from: 'USD', to: 'EUR', multiplier: decimal('0.5') }],
      }),
    };
    expect(bills(rows)).toEqual([
      'acme: USAGE 2024-05-01..2024-06-01 calls: 33.33 USD | TOTAL 33.33 USD',
      'a: USAGE 2024-05-01..2024-06-01 calls: 66.67 USD -> 33.34 | TOTAL 33.34 EUR',
      'b: USAGE 2024-05-01..2024-06-01 calls: 25.00 USD | TOTAL 25.00 USD',
    ]);
  });

  test('children without usage have no line and no bill', () => {
    const alone = measured.slice(0, 1);
    expect(bills(parentPlan('PARENT_BREAKDOWN'), alone)).toEqual([
      'acme: USAGE 2024-05-01..2024-06-01 calls: 40.00 USD | TOTAL 40.00 USD',
    ]);
    expect(bills(parentPlan('CHILD'), alone)).toHaveLength(1);
  });

  test('quantities follow the shares, and a maximum runs over the pooled measurements', () => {
    // The block's maximum is 80 of 40, 80 and 30; amount 80, shares by 40, 80, 30 of 150
    const metric = aggregation('calls');
    const given = facts({
      accounts,
      pricings: [pricing('p', {}, TIERS)],
      aggregations: [{ ...metric, definition: { ...metric.definition, method: 'MAX' } }],
      ...parentPlan('PARENT_BREAKDOWN'),
    });
    const [bill] = calculated(given, measured).bills;
    expect(bill?.billTotal.toFixed(2)).toBe('80.00');
    expect(bill?.lines.map((line) => line.units.toFixed(2))).toEqual(['21.33', '42.67', '16.00']);
  });

  test('the floor of the parent compares with the whole block, wherever its parts are billed', () => {
    const rows = {
      ...parentPlan('CHILD'),
      planTemplates: [template('monthly', { minimumSpend: decimal(200) })],
    };
    // 200 − 125 = 75 on the parent's bill
    expect(bills(rows)[0]).toBe(
      'acme: USAGE 2024-05-01..2024-06-01 calls: 33.33 USD | ' +
        'MINIMUM_SPEND 2024-05-01..2024-06-01 Core Minimum Spend Adjustment: 75.00 USD | TOTAL 108.33 USD',
    );
  });
});

describe('a child with its own plan is rated alone', () => {
  function both(childBillingMode: ChildBillingMode): Partial<BillFacts> {
    const own = (id: string) => accountPlan(`ap-${id}`, { accountId: id, childBillingMode });
    return {
      accountPlans: [accountPlan('ap'), own('a'), own('b')],
      planTemplates: [template('monthly', { standingCharge: decimal(5) })],
    };
  }

  test('PARENT_BREAKDOWN brings its lines to the parent’s bill', () => {
    expect(bills(both('PARENT_BREAKDOWN'))).toEqual([
      [
        'acme: USAGE 2024-05-01..2024-06-01 calls: 40.00 USD',
        'USAGE 2024-05-01..2024-06-01 calls [a]: 80.00 USD',
        'USAGE 2024-05-01..2024-06-01 calls [b]: 30.00 USD',
        'STANDING_CHARGE 2024-05-01..2024-06-01 Standing Charge: 5.00 USD',
        'STANDING_CHARGE 2024-05-01..2024-06-01 Standing Charge [a]: 5.00 USD',
        'STANDING_CHARGE 2024-05-01..2024-06-01 Standing Charge [b]: 5.00 USD',
        'TOTAL 165.00 USD',
      ].join(' | '),
    ]);
  });

  test('PARENT_SUMMARY merges the lines of the children', () => {
    expect(bills(both('PARENT_SUMMARY'))).toEqual([
      [
        'acme: USAGE 2024-05-01..2024-06-01 calls: 110.00 USD',
        'USAGE 2024-05-01..2024-06-01 calls: 40.00 USD',
        'STANDING_CHARGE 2024-05-01..2024-06-01 Standing Charge: 10.00 USD',
        'STANDING_CHARGE 2024-05-01..2024-06-01 Standing Charge: 5.00 USD',
        'TOTAL 165.00 USD',
      ].join(' | '),
    ]);
  });

  test('CHILD leaves them on the child’s own bill', () => {
    expect(bills(both('CHILD')).map((text) => text.slice(text.lastIndexOf('TOTAL')))).toEqual([
      'TOTAL 45.00 USD',
      'TOTAL 85.00 USD',
      'TOTAL 35.00 USD',
    ]);
  });

  test('a plan of the child that begins within the period takes it out of the block from then on', () => {
    // The block of May: 40 + 80 + 30 + 7 = 157 -> 100 + 28.50 = 128.50; a from 16 May on: 10 alone
    const rows = {
      accountPlans: [accountPlan('ap'), accountPlan('own', { accountId: 'a', startDate: at('2024-05-16') })],
    };
    const usage = [
      ...measured,
      { account: 'a', at: '2024-05-20', value: 10 },
      { account: 'b', at: '2024-05-20', value: 7 },
    ];
    // 128.50 by 40, 80 and 37 of 157: 32.74, 65.48 and the rest 30.28
    expect(bills(rows, usage)[0]?.split(' | ')).toEqual([
      'acme: USAGE 2024-05-01..2024-06-01 calls: 32.74 USD',
      'USAGE 2024-05-01..2024-06-01 calls [a]: 65.48 USD',
      'USAGE 2024-05-16..2024-06-01 calls [a]: 10.00 USD',
      'USAGE 2024-05-01..2024-06-01 calls [b]: 30.28 USD',
      'TOTAL 138.50 USD',
    ]);
  });

  test.each([
    ['begins on the 16th', { startDate: at('2024-05-16') }],
    ['ends on the 16th', { endDate: at('2024-05-16') }],
    ['lasts five days', { startDate: at('2024-05-16'), endDate: at('2024-05-21') }],
  ])('a plan of the child that %s cuts no window of the parent', (_name, dates) => {
    // 10 + 100 × 1 + 60 × 0.5 = 140; two windows would be 90 each
    const rows = {
      accountPlans: [accountPlan('ap'), accountPlan('own', { accountId: 'a', ...dates })],
      pricings: [
        pricing('p', {}, [
          [0, 10, 1],
          [100, 0, '0.5'],
        ]),
      ],
    };
    const usage = [
      { account: 'acme', at: '2024-05-05', value: 80 },
      { account: 'acme', at: '2024-05-25', value: 80 },
    ];
    expect(bills(rows, usage)).toEqual([
      'acme: USAGE 2024-05-01..2024-06-01 calls: 140.00 USD | TOTAL 140.00 USD',
    ]);
  });

  test('what a child used between two plans of its own belongs to the block', () => {
    // 5 of 12 May; 1 of the first plan and 2 of the second are rated alone
    const plans = [
      accountPlan('ap', { childBillingMode: 'PARENT_SUMMARY' }),
      accountPlan('early', { accountId: 'a', endDate: at('2024-05-11') }),
      accountPlan('late', { accountId: 'a', startDate: at('2024-05-16') }),
    ];
    const usage = [
      { account: 'a', at: '2024-05-05', value: 1 },
      { account: 'a', at: '2024-05-12', value: 5 },
      { account: 'a', at: '2024-05-20', value: 2 },
    ];
    expect(bills({ accountPlans: plans }, usage)[0]?.split(' | ')).toEqual([
      'acme: USAGE 2024-05-01..2024-06-01 calls: 5.00 USD',
      'USAGE 2024-05-01..2024-05-11 calls [a]: 1.00 USD',
      'USAGE 2024-05-16..2024-06-01 calls [a]: 2.00 USD',
      'TOTAL 8.00 USD',
    ]);
  });

  test('the parent without a plan of its own has the bill of what is rolled up', () => {
    const rows = { accountPlans: [accountPlan('own', { accountId: 'a' })] };
    expect(bills(rows)).toEqual([
      'acme: USAGE 2024-05-01..2024-06-01 calls [a]: 80.00 USD | TOTAL 80.00 USD',
    ]);
  });
});

test('merged minimums in advance are given back child by child', () => {
  // Two children, 100 each in advance; usage 80 and 30: given back 80 + 30, in one line
  const own = (id: string) => accountPlan(`ap-${id}`, { accountId: id, childBillingMode: 'PARENT_SUMMARY' });
  const given = facts({
    accounts,
    accountPlans: [own('a'), own('b')],
    pricings: [pricing('p')],
    planTemplates: [template('monthly', { minimumSpend: decimal(100), minimumSpendBillInAdvance: true })],
  });
  const made = jobs(given, [billsOf('2024-05-01'), billsOf('2024-06-01')], measured);
  expect(made[1]?.map(billText)).toEqual([
    [
      'USAGE 2024-05-01..2024-06-01 calls: 110.00 USD',
      'MINIMUM_SPEND_REFUND 2024-05-01..2024-06-01 Core Minimum Spend Adjustment: -110.00 USD',
      'MINIMUM_SPEND 2024-06-01..2024-07-01 Core Minimum Spend Adjustment: 200.00 USD',
      'TOTAL 200.00 USD',
    ],
  ]);
});

describe('recalculation', () => {
  const given = facts({
    accounts,
    accountPlans: [accountPlan('ap'), accountPlan('own', { accountId: 'a', childBillingMode: 'CHILD' })],
    pricings: [pricing('p')],
    plans: [plan('pro', 'monthly')],
  });
  const existing = stored(calculated(given, measured).bills);
  const [parentBill, childBill] = existing.map((bill) => bill.id);

  test('naming the parent’s bill takes the child’s along', () => {
    const target = { kind: 'RECALCULATE', now: at('2024-06-10'), billIds: [`${parentBill}`] } as const;
    const again = calculated({ ...given, bills: existing, target }, measured).bills;
    expect(again.map((bill) => bill.existingBillId)).toEqual([parentBill, childBill]);
  });

  test('naming a child’s bill alone does nothing', () => {
    const target = { kind: 'RECALCULATE', now: at('2024-06-10'), billIds: [`${childBill}`] } as const;
    expect(calculated({ ...given, bills: existing, target }, measured).bills).toEqual([]);
  });

  test('a locked child’s bill is left out and its lines go nowhere else', () => {
    const locked = existing.map((bill) => ({ ...bill, locked: bill.id === childBill }));
    const again = calculated({ ...given, bills: locked, target: billsOf('2024-06-01') }, measured).bills;
    expect(again.map((bill) => bill.identity.accountId)).toEqual(['acme']);
    expect(again[0]?.lines).toHaveLength(2);
  });
});
