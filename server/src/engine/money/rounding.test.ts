import { describe, expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { defaultCurrencyRule, isRoundingFailure, type RoundingMode, roundAmount } from './rounding.ts';

function rounded(amount: string, maxDecimalPlaces: number, roundingMode: RoundingMode): string {
  const result = roundAmount(decimal(amount), { code: 'EUR', maxDecimalPlaces, roundingMode });
  return isRoundingFailure(result) ? `${result.kind} ${result.amount} ${result.currency}` : String(result);
}

const MODES = ['UP', 'DOWN', 'CEILING', 'FLOOR', 'HALF_UP', 'HALF_DOWN', 'HALF_EVEN'] as const;

describe('whole numbers, in the order UP DOWN CEILING FLOOR HALF_UP HALF_DOWN HALF_EVEN', () => {
  test.each([
    ['5.5', '6 5 6 5 6 5 6'],
    ['2.5', '3 2 3 2 3 2 2'],
    ['1.6', '2 1 2 1 2 2 2'],
    ['1.1', '2 1 2 1 1 1 1'],
    ['1', '1 1 1 1 1 1 1'],
    ['0.4', '1 0 1 0 0 0 0'],
    ['0', '0 0 0 0 0 0 0'],
    ['-0.4', '-1 0 0 -1 0 0 0'],
    ['-1.1', '-2 -1 -1 -2 -1 -1 -1'],
    ['-1.6', '-2 -1 -1 -2 -2 -2 -2'],
    ['-2.5', '-3 -2 -2 -3 -3 -2 -2'],
    ['-5.5', '-6 -5 -5 -6 -6 -5 -6'],
  ])('%s is %s', (amount, expected) => {
    expect(MODES.map((mode) => rounded(amount, 0, mode)).join(' ')).toBe(expected);
  });
});

describe('decimals of the currency', () => {
  test.each([
    // 333,333 units × 0.000125 = 41.666625
    ['41.666625', 2, 'HALF_UP', '41.67'],
    // 12.34 EUR × 1.0837 = 13.372858
    ['13.372858', 2, 'HALF_UP', '13.37'],
    ['1.005', 2, 'HALF_UP', '1.01'],
    ['1.005', 2, 'HALF_EVEN', '1'],
    ['-1.005', 2, 'HALF_UP', '-1.01'],
    ['-1.001', 2, 'CEILING', '-1'],
    ['-1.001', 2, 'FLOOR', '-1.01'],
    ['0.123455', 5, 'HALF_DOWN', '0.12345'],
    ['1234.5', 0, 'DOWN', '1234'],
    ['0.1', 2, 'UP', '0.1'],
  ] as const)('%s with %i decimals, %s, is %s', (amount, places, mode, expected) => {
    expect(rounded(amount, places, mode)).toBe(expected);
  });

  test('UNNECESSARY passes what fits, trailing zeros included, and names what does not', () => {
    expect(rounded('1.2500', 2, 'UNNECESSARY')).toBe('1.25');
    expect(rounded('-7', 0, 'UNNECESSARY')).toBe('-7');
    expect(rounded('1.255', 2, 'UNNECESSARY')).toBe('RoundingNecessary 1.255 EUR');
    expect(rounded('-0.001', 2, 'UNNECESSARY')).toBe('RoundingNecessary -0.001 EUR');
  });

  test('nothing is left of a rounded zero but a zero without a sign', () => {
    const result = roundAmount(decimal('-0.001'), defaultCurrencyRule('USD'));
    if (isRoundingFailure(result)) throw new Error('rounding was necessary');
    expect(result.isNegative()).toBe(false);
  });

  test('a currency that is not configured has 2 decimals, HALF_UP', () => {
    expect(defaultCurrencyRule('XXA')).toEqual({ code: 'XXA', maxDecimalPlaces: 2, roundingMode: 'HALF_UP' });
  });
});
