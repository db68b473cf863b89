import { describe, expect, test } from 'vitest';
import {
  accountPlan,
  billsOf,
  contract,
  cycle,
  facts,
  organization,
  plan,
  pricing,
  template,
} from '../../../test/support/bill-facts.ts';
import { answerFrom, billText, calculated, stored } from '../../../test/support/bill-story.ts';
import { decimal } from '../../kernel/decimal.ts';
import type { BillLine } from './bill.ts';
import { calculateBills } from './calculate-bills.ts';
import { failureMessage } from './failure-message.ts';

const measured = [{ at: '2024-05-10', value: 5 }];

test('questions come first, each once, and the answers lead to the bills', () => {
  const pricings = [pricing('a'), pricing('b', { type: 'GLOBAL_CREDIT' })];
  const given = facts({ pricings });
  const first = calculateBills(given, new Map());
  expect(first.kind).toBe('needs');
  const queries = first.kind === 'needs' ? first.queries : [];
  expect(
    queries.map((query) => `${query.aggregation.id} ${query.accountIds} ${query.start} ${query.end}`),
  ).toEqual(['calls acme 2024-05-01T00:00:00Z 2024-06-01T00:00:00Z']);
  const answers = new Map(queries.map((query) => [query.key, answerFrom(measured, query)]));
  expect(calculateBills(given, answers).kind).toBe('bills');
});

test('the filters of a contract go with the question', () => {
  const filter = { dimensionCode: 'region', value: 'eu', mode: 'INCLUDE' } as const;
  const given = facts({
    contracts: [contract('c', { usageFilters: [filter] })],
    accountPlans: [accountPlan('with', { contractId: 'c' }), accountPlan('without')],
    pricings: [pricing('p')],
  });
  const result = calculateBills(given, new Map());
  const filters = result.kind === 'needs' ? result.queries.map((query) => query.filters) : [];
  expect(filters.toSorted((a, b) => a.length - b.length)).toEqual([[], [filter]]);
});

describe('failures', () => {
  test('a missing rate fails the bill by name, letter case included', () => {
    const given = facts({
      organization: organization({
        currencyConversions: [{ from: 'eur', to: 'USD', multiplier: decimal(2) }],
      }),
      planTemplates: [template('monthly', { currency: 'EUR', standingCharge: decimal(10) })],
    });
    const { bills, failed } = calculated(given);
    expect(bills).toEqual([]);
    expect(failed.map((one) => failureMessage(one.failure))).toEqual([
      'no conversion rate EUR → USD for STANDING_CHARGE of plan pro',
    ]);
    expect(failed[0]?.identities.map((identity) => `${identity.accountId} ${identity.gridDate}`)).toEqual([
      'acme 2024-06-01',
    ]);
  });

  test('a currency that never rounds fails where a digit would be lost', () => {
    const given = facts({
      currencies: [{ code: 'USD', maxDecimalPlaces: 0, roundingMode: 'UNNECESSARY' }],
      planTemplates: [template('monthly', { standingCharge: decimal('1.5') })],
    });
    const { failed } = calculated(given);
    expect(failed.map((one) => failureMessage(one.failure))).toEqual([
      'STANDING_CHARGE of plan pro: 1.5 USD cannot be represented without rounding, ' +
        'which the currency does not allow',
    ]);
  });

  test('one bill fails, the others of the account go on', () => {
    const given = facts({
      accountPlans: [accountPlan('m', { planId: 'pm' }), accountPlan('d', { planId: 'pd' })],
      plans: [plan('pm', 'monthly'), plan('pd', 'daily')],
      planTemplates: [
        template('monthly', { currency: 'EUR', standingCharge: decimal(10) }),
        cycle('daily', 'DAILY', { standingCharge: decimal(2) }),
      ],
    });
    const { bills, failed } = calculated(given);
    expect(bills.map((bill) => bill.identity.frequencyKey)).toEqual(['DAILY/1']);
    expect(failed.flatMap((one) => one.identities).map((identity) => identity.frequencyKey)).toEqual([
      'MONTHLY/1',
    ]);
  });
});

test('12.34 EUR at 1.0837 are converted from the rounded line', () => {
  const given = facts({
    planTemplates: [template('monthly', { currency: 'EUR', standingCharge: decimal('12.3449') })],
    target: billsOf('2024-06-01', {
      currencyConversions: [{ from: 'EUR', to: 'USD', multiplier: decimal('1.0837') }],
    }),
  });
  // 12.3449 -> 12.34; 12.34 × 1.0837 = 13.372858 -> 13.37
  expect(calculated(given).bills.map(billText)).toEqual([
    ['STANDING_CHARGE 2024-05-01..2024-06-01 Standing Charge: 12.34 EUR -> 13.37', 'TOTAL 13.37 USD'],
  ]);
});

test('memo lines stay on the bill and count in its total', () => {
  const given = facts({ planTemplates: [template('monthly', { standingCharge: decimal(60) })] });
  const [bill] = stored(calculated(given).bills);
  const [line] = calculated(given).bills[0]?.lines ?? [];
  const memo = {
    ...(line as BillLine),
    key: 'memo-1',
    lineItemType: 'CREDIT_MEMO' as const,
    description: 'Sorry',
    subtotal: decimal(-20),
    convertedSubtotal: decimal(-20),
  };
  const bills = bill === undefined ? [] : [{ ...bill, memoLines: [memo] }];
  const [again] = calculated({ ...given, bills }).bills;
  expect(
    again?.lines.map((one) => `${one.sequenceNumber} ${one.key === 'memo-1'} ${one.lineItemType}`),
  ).toEqual(['1 false STANDING_CHARGE', '2 true CREDIT_MEMO']);
  expect(again?.billTotal.toString()).toBe('40');
});

test('a bill without lines says so', () => {
  const [bill] = calculated(facts()).bills;
  expect(`${bill?.isEmpty} ${bill?.billTotal} ${bill?.lines.length}`).toBe('true 0 0');
});
