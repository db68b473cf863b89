import { expect, test } from 'vitest';
import {
  account,
  accountPlan,
  aggregation,
  at,
  bands,
  billsOf,
  child,
  facts,
  pricing,
} from '../../../test/support/bill-facts.ts';
import { calculated } from '../../../test/support/bill-story.ts';
import { commitment } from '../../../test/support/commitment-facts.ts';
import { decimal } from '../../kernel/decimal.ts';

test('accounts that together have no unit share the fixed overage price by their quantities', () => {
  const given = facts({
    accounts: [account('acme'), child('a', 'acme'), child('b', 'acme')],
    accountPlans: [accountPlan('ap', { startDate: at('2025-01-01') })],
    aggregations: [aggregation('calls', { quantityPerUnit: decimal(10), rounding: 'DOWN' })],
    pricings: [pricing('price', { overagePricingBands: bands('over', [[0, 12, 2]]) }, [[0, 9, 1]])],
    commitments: [commitment('term', 1)],
    target: billsOf('2025-02-01'),
  });
  const measured = [
    { account: 'a', at: '2025-01-10', value: 2 },
    { account: 'b', at: '2025-01-10', value: 1 },
  ];
  const [bill] = calculated(given, measured).bills;
  // The fixed 9 of the first pack is not covered by 1; beyond it 12 × 2/3 and 12 × 1/3.
  expect(bill?.lines.map((line) => `${line.lineItemType} ${line.units} ${line.subtotal}`)).toEqual([
    'OVERAGE_USAGE 0 8',
    'OVERAGE_USAGE 0 4',
  ]);
  expect(bill?.lines.map((line) => line.usagePerPricingBand?.map((band) => `${band.bandSubtotal}`))).toEqual([
    ['8'],
    ['4'],
  ]);
});
