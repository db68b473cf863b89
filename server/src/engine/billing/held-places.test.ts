import { describe, expect, test } from 'vitest';
import {
  account,
  accountPlan,
  type BandRow,
  billsOf,
  child,
  facts,
  plan,
  pricing,
  template,
} from '../../../test/support/bill-facts.ts';
import { billText, calculated, type Measured, stored } from '../../../test/support/bill-story.ts';
import { decimal } from '../../kernel/decimal.ts';
import type { BillFacts, ChildBillingMode, ExistingBillFacts } from './facts.ts';

const UNIT = [account('acme'), child('a', 'acme')];
const STANDING = { planTemplates: [template('monthly', { standingCharge: decimal(10) })] };
const TIERS: readonly BandRow[] = [
  [0, 0, 1],
  [100, 0, '0.5'],
];
const measured: readonly Measured[] = [
  { account: 'acme', at: '2024-05-10', value: 40 },
  { account: 'a', at: '2024-05-10', value: 80 },
];

type May = { readonly before: Partial<BillFacts>; readonly after: Partial<BillFacts> };

/** The bills of May as `account: lines`, calculated again while the bill of `locked` stays as it was. */
function again({ before, after }: May, locked: string): readonly string[] {
  const common = facts({ accounts: UNIT, pricings: [pricing('p', {}, TIERS)], ...STANDING });
  const first = stored(calculated({ ...common, ...before }, measured).bills);
  const bills = first.map((bill) => ({ ...bill, locked: bill.identity.accountId === locked }));
  return calculated({ ...common, ...after, bills }, measured).bills.map(
    (bill) => `${bill.identity.accountId}: ${billText(bill).join(' | ')}`,
  );
}

function childPlan(childBillingMode: ChildBillingMode): Partial<BillFacts> {
  return { accountPlans: [accountPlan('ap', { accountId: 'a', childBillingMode })] };
}

function parentPlan(childBillingMode: ChildBillingMode): Partial<BillFacts> {
  return { accountPlans: [accountPlan('ap', { childBillingMode })] };
}

describe('what stands on a locked bill stays there when the place of billing changes', () => {
  // The child's 80 and standing charge 10 are on the locked bill, whoever has it.
  const modes: readonly [ChildBillingMode, ChildBillingMode, string][] = [
    ['CHILD', 'PARENT_BREAKDOWN', 'a'],
    ['CHILD', 'PARENT_SUMMARY', 'a'],
    ['PARENT_BREAKDOWN', 'CHILD', 'acme'],
    ['PARENT_SUMMARY', 'CHILD', 'acme'],
  ];
  test.each(modes)(
    '%s, now %s: the bill of %s has it, the other account gets none',
    (before, after, held) => {
      expect(again({ before: childPlan(before), after: childPlan(after) }, held)).toEqual([]);
    },
  );

  test.each(modes)('%s, now %s: it moves while the bill of %s is open', (before, after) => {
    const [bill = ''] = again({ before: childPlan(before), after: childPlan(after) }, 'nobody').filter(
      (text) => text.includes('80.00 USD'),
    );
    expect(bill.split(':')[0]).toBe(after === 'CHILD' ? 'a' : 'acme');
  });

  // 100 × 1 + 20 × 0.5 = 110 in shares of 40 and 80: 36.67 and 73.33
  test('shares of a parent’s block: the child’s is locked, the parent’s own is billed', () => {
    expect(again({ before: parentPlan('CHILD'), after: parentPlan('PARENT_BREAKDOWN') }, 'a')).toEqual([
      [
        'acme: USAGE 2024-05-01..2024-06-01 calls: 36.67 USD',
        'STANDING_CHARGE 2024-05-01..2024-06-01 Standing Charge: 10.00 USD',
        'TOTAL 46.67 USD',
      ].join(' | '),
    ]);
  });

  test('shares of a parent’s block: all are on the parent’s locked bill', () => {
    expect(again({ before: parentPlan('PARENT_BREAKDOWN'), after: parentPlan('CHILD') }, 'acme')).toEqual([]);
  });

  test('an account that was billed alone keeps its locked bill when it gets a parent', () => {
    const alone = { ...childPlan('PARENT_BREAKDOWN'), accounts: [account('a')] };
    expect(again({ before: alone, after: childPlan('PARENT_BREAKDOWN') }, 'a')).toEqual([]);
  });
});

describe('the bills of a former parent say what is charged already', () => {
  const inAdvance = template('monthly', {
    standingCharge: decimal(10),
    standingChargeBillInAdvance: true,
    minimumSpend: decimal(100),
    minimumSpendBillInAdvance: true,
  });
  const common = { planTemplates: [inAdvance], plans: [plan('pro', 'monthly')], pricings: [pricing('p')] };
  const together = facts({ accounts: UNIT, ...childPlan('PARENT_BREAKDOWN'), ...common });
  const april = calculated({ ...together, target: billsOf('2024-05-01') }, measured).bills;

  /** The lines of the child's bill of the date, alone since. */
  function alone(date: string, formerBills: readonly ExistingBillFacts[]): readonly string[] {
    const own = { ...childPlan('PARENT_BREAKDOWN'), accounts: [account('a')], target: billsOf(date) };
    return calculated({ ...together, ...own, formerBills }, measured).bills.flatMap(billText);
  }

  test('the parent had billed the first period in advance', () => {
    expect(april.map((bill) => `${bill.identity.accountId} ${bill.billTotal}`)).toEqual(['acme 110']);
  });

  // 80 used of the minimum of 100 that the parent has been billed: −80
  test('a minimum that the parent was billed in advance is given back to the child', () => {
    expect(alone('2024-06-01', stored(april))).toEqual([
      'USAGE 2024-05-01..2024-06-01 calls: 80.00 USD',
      'STANDING_CHARGE 2024-06-01..2024-07-01 Standing Charge: 10.00 USD',
      'MINIMUM_SPEND_REFUND 2024-05-01..2024-06-01 Core Minimum Spend Adjustment: -80.00 USD',
      'MINIMUM_SPEND 2024-06-01..2024-07-01 Core Minimum Spend Adjustment: 100.00 USD',
      'TOTAL 110.00 USD',
    ]);
  });

  test('a locked bill of the parent is not made again for the child', () => {
    const locked = stored(april).map((bill) => ({ ...bill, locked: true }));
    expect(alone('2024-05-01', locked)).toEqual([]);
  });

  test('an open one of the same date is: the parent’s loses the lines when it is calculated again', () => {
    expect(alone('2024-05-01', stored(april)).at(-1)).toBe('TOTAL 110.00 USD');
  });
});
