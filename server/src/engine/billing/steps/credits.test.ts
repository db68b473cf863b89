import { describe, expect, test } from 'vitest';
import {
  accountPlan,
  aggregation,
  at,
  facts,
  organization,
  plan,
  pricing,
  template,
} from '../../../../test/support/bill-facts.ts';
import { calculated } from '../../../../test/support/bill-story.ts';
import { decimal } from '../../../kernel/decimal.ts';
import type { BillFacts, PricingFacts } from '../facts.ts';

/**
 * Product Core: usage `x`, standing charge 0; product Extra: usage `y`. Credits are measured as `cx` and
 * `cg`.
 */
const base: Partial<BillFacts> = {
  products: [
    { id: 'core', name: 'Core', code: 'core' },
    { id: 'extra', name: 'Extra', code: 'extra' },
  ],
  aggregations: [aggregation('x'), aggregation('y'), aggregation('cx'), aggregation('cg')],
  planTemplates: [template('monthly'), template('other', { productId: 'extra' })],
  plans: [plan('one', 'monthly'), plan('two', 'other')],
  accountPlans: [accountPlan('a', { planId: 'one' }), accountPlan('b', { planId: 'two' })],
};
const usage: readonly PricingFacts[] = [
  pricing('rx', { planId: 'one', aggregationId: 'x' }),
  pricing('ry', { planId: 'two', aggregationId: 'y' }),
];
const productCredit = pricing('cp', { planId: 'one', aggregationId: 'cx', type: 'PRODUCT_CREDIT' });
const globalCredit = pricing('cg', { planId: 'two', aggregationId: 'cg', type: 'GLOBAL_CREDIT' });

function amounts(rows: Partial<BillFacts>, values: Readonly<Record<string, number>>): readonly string[] {
  const measured = Object.entries(values).map(([of, value]) => ({ of, value, at: '2024-05-10' }));
  const [bill] = calculated(facts({ ...base, ...rows }), measured).bills;
  return (bill?.lines ?? []).map(
    (line) => `${line.lineItemType} ${line.description} ${line.convertedSubtotal}`,
  );
}

test('a product credit stops at its product, a global credit at the bill', () => {
  // x 80 less min(90, 80); y 50; global min(70, 80 − 80 + 50) = 50
  const pricings = [...usage, productCredit, globalCredit];
  expect(amounts({ pricings }, { x: 80, cx: 90, y: 50, cg: 70 })).toEqual([
    'USAGE x 80',
    'USAGE y 50',
    'USAGE_CREDIT cx -80',
    'USAGE_CREDIT cg -50',
  ]);
});

test('credits below their cap are kept whole, whatever the sign of their prices', () => {
  const negative = pricing('cp', { planId: 'one', aggregationId: 'cx', type: 'PRODUCT_CREDIT' }, [
    [0, 0, -1],
  ]);
  expect(amounts({ pricings: [...usage, negative] }, { x: 80, cx: 30 })).toEqual([
    'USAGE x 80',
    'USAGE_CREDIT cx -30',
  ]);
});

test('a credit without anything to offset leaves no line', () => {
  expect(amounts({ pricings: [productCredit] }, { cx: 30 })).toEqual([]);
});

test('two credits share one cap in the order of their creation', () => {
  // 100 − 70 leaves 30 for the later one
  const later = pricing('aa', {
    planId: 'one',
    aggregationId: 'cg',
    type: 'PRODUCT_CREDIT',
    dtCreated: at('2024-02-01'),
  });
  expect(amounts({ pricings: [...usage, later, productCredit] }, { x: 100, cx: 70, cg: 70 })).toEqual([
    'USAGE x 100',
    'USAGE_CREDIT cg -30',
    'USAGE_CREDIT cx -70',
  ]);
});

describe('credits and floors', () => {
  const floored = { plans: [plan('one', 'monthly', { minimumSpend: decimal(100) }), plan('two', 'other')] };

  test('a product credit lowers the spend, so the top-up is larger', () => {
    // spend 80 − 30 = 50, top-up 50
    expect(amounts({ ...floored, pricings: [...usage, productCredit] }, { x: 80, cx: 30 })).toEqual([
      'USAGE x 80',
      'USAGE_CREDIT cx -30',
      'MINIMUM_SPEND Core Minimum Spend Adjustment 50',
    ]);
  });

  test('a global credit comes after the floor and offsets it', () => {
    // spend 80, top-up 20, credit min(150, 100)
    expect(amounts({ ...floored, pricings: [...usage, globalCredit] }, { x: 80, cg: 150 })).toEqual([
      'USAGE x 80',
      'MINIMUM_SPEND Core Minimum Spend Adjustment 20',
      'USAGE_CREDIT cg -100',
    ]);
  });
});

test('a cap is compared in the currency of the bill', () => {
  // base 10 EUR × 3 = 30 USD; the credit of 15 EUR is cut to −30.00 USD, which is −10.00 EUR
  const rows: Partial<BillFacts> = {
    organization: organization({ currencyConversions: [{ from: 'EUR', to: 'USD', multiplier: decimal(3) }] }),
    planTemplates: [template('monthly', { currency: 'EUR' }), template('other', { productId: 'extra' })],
    pricings: [...usage, productCredit],
  };
  const measured = [
    { of: 'x', at: '2024-05-10', value: 10 },
    { of: 'cx', at: '2024-05-10', value: 15 },
  ];
  const [bill] = calculated(facts({ ...base, ...rows }), measured).bills;
  const credit = bill?.lines[1];
  expect(`${credit?.subtotal} ${credit?.currency} ${credit?.convertedSubtotal}`).toBe('-10 EUR -30');
});
