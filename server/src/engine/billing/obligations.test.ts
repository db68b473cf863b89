import { expect, test } from 'vitest';
import { day } from '../../../test/support/bill-facts.ts';
import { decimal } from '../../kernel/decimal.ts';
import { defaultCurrencyRule } from '../money/rounding.ts';
import { obligationsOf } from './obligations.ts';

function monthsOf(left: number, endDate: string, today = '2025-07-10'): readonly string[] {
  const currency = defaultCurrencyRule('USD');
  const row = { id: 'term', left: decimal(left), endDate: day(endDate), currency };
  return obligationsOf([row], day(today)).map(({ dateMonth, obligations }) => {
    return `${dateMonth} ${obligations['term']?.toFixed(2)}`;
  });
}

test.each([
  [1000, '2025-10-01', ['2025-07 333.33', '2025-08 333.33', '2025-09 333.34']],
  [1000, '2025-07-20', ['2025-07 1000.00']],
  [1000, '2025-08-02', ['2025-07 500.00', '2025-08 500.00']],
  [1000, '2025-07-01', []],
  [0, '2025-10-01', []],
  [-5, '2025-10-01', []],
])('%d left until %s are spread over the months', (left, endDate, expected) => {
  expect(monthsOf(left, endDate)).toEqual(expected);
});
