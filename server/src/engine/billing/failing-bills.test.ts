// Spec 40 §8.5, §14: a failing bill and the others that are calculated with it.
import { describe, expect, test } from 'vitest';
import {
  account,
  accountPlan,
  type BandRow,
  child,
  compound,
  day,
  facts,
  plan,
  pricing,
  template,
} from '../../../test/support/bill-facts.ts';
import { billText, calculated, type Measured, stored } from '../../../test/support/bill-story.ts';
import { afterBilling, commitment } from '../../../test/support/commitment-facts.ts';
import { decimal } from '../../kernel/decimal.ts';
import type { BillFacts } from './facts.ts';
import { failureMessage } from './failure-message.ts';

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

/** The block of 150 costs 125.00: 33.33 for acme, 66.67 for a and 25.00 for b. */
const shared = { accountPlans: [accountPlan('ap', { childBillingMode: 'CHILD' })] };

describe('a bill that cannot be calculated leaves the other bills of its date alone', () => {
  const inPounds = (id: string) => account(id, { parentAccountId: 'acme', currency: 'GBP' });

  /** The bills as text, and `account: cause` of those that failed. */
  function outcome(rows: Partial<BillFacts>, usage = measured) {
    const { bills: made, failed } = calculated(
      facts({ pricings: [pricing('p', {}, TIERS)], ...rows }),
      usage,
    );
    return {
      bills: made.map((bill) => `${bill.identity.accountId}: ${billText(bill).join(' | ')}`),
      failed: failed.flatMap(({ identities, failure }) =>
        identities.map(({ accountId }) => `${accountId}: ${failureMessage(failure)}`),
      ),
    };
  }

  const noRate = 'no conversion rate USD → GBP for';

  test('the child whose currency has no rate fails, its parent and its siblings do not', () => {
    const rows = { ...shared, accounts: [account('acme'), inPounds('a'), child('b', 'acme')] };
    expect(outcome(rows)).toEqual({
      bills: [
        'acme: USAGE 2024-05-01..2024-06-01 calls: 33.33 USD | TOTAL 33.33 USD',
        'b: USAGE 2024-05-01..2024-06-01 calls: 25.00 USD | TOTAL 25.00 USD',
      ],
      failed: [`a: ${noRate} USAGE of plan pro`],
    });
  });

  test('the parent fails, its children do not', () => {
    const own = (id: string) => accountPlan(`ap-${id}`, { accountId: id, childBillingMode: 'CHILD' });
    const rows = {
      accounts: [account('acme', { currency: 'GBP' }), child('a', 'acme'), child('b', 'acme')],
      accountPlans: [accountPlan('ap'), own('a'), own('b')],
    };
    expect(outcome(rows)).toEqual({
      bills: [
        'a: USAGE 2024-05-01..2024-06-01 calls: 80.00 USD | TOTAL 80.00 USD',
        'b: USAGE 2024-05-01..2024-06-01 calls: 30.00 USD | TOTAL 30.00 USD',
      ],
      failed: [`acme: ${noRate} USAGE of plan pro`],
    });
  });

  test('a floor of the parent still counts the usage of the child that fails', () => {
    const rows = {
      ...shared,
      accounts: [account('acme'), inPounds('a'), child('b', 'acme')],
      planTemplates: [template('monthly', { minimumSpend: decimal(200) })],
    };
    // 200 − 125 = 75, as when every bill can be made
    expect(outcome(rows).bills[0]).toContain('Core Minimum Spend Adjustment: 75.00 USD');
  });

  test('a locked bill of a child that could not be made again stops nobody', () => {
    const rows = { ...shared, accounts };
    const locked = stored(calculated(facts({ pricings: [pricing('p', {}, TIERS)], ...rows }), measured).bills)
      .filter((bill) => bill.identity.accountId === 'a')
      .map((bill) => ({ ...bill, locked: true }));
    const given = { ...rows, bills: locked, accounts: [account('acme'), inPounds('a'), child('b', 'acme')] };
    expect(outcome(given)).toMatchObject({ bills: [expect.any(String), expect.any(String)], failed: [] });
  });

  test('a calculation that gives no number fails the bill of the plan it prices', () => {
    const rows: Partial<BillFacts> = {
      accounts,
      accountPlans: [
        accountPlan('ap'),
        accountPlan('own', { accountId: 'a', planId: 'broken', childBillingMode: 'CHILD' }),
      ],
      plans: [plan('pro', 'monthly'), plan('broken', 'monthly')],
      pricings: [pricing('p'), pricing('q', { planId: 'broken', compoundAggregationId: 'odd' })],
      compoundAggregations: [compound('odd', 'aggregation.calls / 0')],
    };
    expect(outcome(rows)).toEqual({
      bills: [
        [
          'acme: USAGE 2024-05-01..2024-06-01 calls: 40.00 USD',
          'USAGE 2024-05-01..2024-06-01 calls [b]: 30.00 USD',
          'TOTAL 70.00 USD',
        ].join(' | '),
      ],
      failed: [expect.stringMatching(/^a: compound aggregation "odd" cannot be calculated/)],
    });
  });

  test('what a failing bill would draw stays for the others, what it has drawn stays drawn', () => {
    const inUsd = { ...shared, accounts };
    const pays = { startDate: day('2024-01-01'), childBillingMode: 'CHILD' } as const;
    const made = { pricings: [pricing('p', {}, TIERS)], commitments: [commitment('c', 70, pays)] };
    // 70 pay 33.33 of the parent and 36.67 of a
    const first = calculated(facts({ ...inUsd, ...made }), measured);
    expect(first.bills.map((bill) => bill.billTotal.toFixed(2))).toEqual(['0.00', '30.00', '25.00']);
    const failing = { ...inUsd, accounts: [account('acme'), inPounds('a'), child('b', 'acme')], ...made };
    // Nothing of a is paid: 33.33 of the parent and 25 of b
    expect(outcome(failing).bills.map((text) => text.slice(text.lastIndexOf('TOTAL')))).toEqual([
      'TOTAL 0.00 USD',
      'TOTAL 0.00 USD',
    ]);
    const after = afterBilling(facts(failing), first.bills);
    // a keeps the 36.67 that its bill has drawn
    expect(outcome(after).bills.map((text) => text.slice(text.lastIndexOf('TOTAL')))).toEqual([
      'TOTAL 0.00 USD',
      'TOTAL 25.00 USD',
    ]);
  });
});
