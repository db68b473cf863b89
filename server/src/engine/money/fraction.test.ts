import { describe, expect, test } from 'vitest';
import { type Decimal, decimal } from '../../kernel/decimal.ts';
import {
  addFractions,
  type Fraction,
  fraction,
  isSameFraction,
  isZeroFraction,
  NONE,
  subtractFractions,
  timesFraction,
  WHOLE,
} from './fraction.ts';
import { isRoundingFailure, type RoundingMode, roundAmount } from './rounding.ts';

function ratio(numerator: string, denominator: string): Fraction {
  return fraction(decimal(numerator), decimal(denominator));
}

function text(f: Fraction): string {
  return `${f.numerator.toFixed()}/${f.denominator.toFixed()}`;
}

describe('fraction', () => {
  test.each([
    ['21', '31', '21/31'],
    ['14', '28', '1/2'],
    ['0', '31', '0/1'],
    ['-3', '6', '-1/2'],
    ['3', '-6', '-1/2'],
    ['10.5', '31', '21/62'],
    ['0.1', '0.3', '1/3'],
    ['1814400000000000', '2678400000000000', '21/31'],
  ])('%s over %s is %s in lowest terms', (n, d, expected) => {
    expect(text(ratio(n, d))).toBe(expected);
  });

  test('a denominator of 0 is a bug', () => {
    expect(() => ratio('1', '0')).toThrow('denominator');
  });
});

describe('sums', () => {
  test.each([
    ['a long first period', ratio('19', '31'), WHOLE, '50/31'],
    ['shares of two months', ratio('11', '31'), ratio('20', '29'), '939/899'],
    ['nothing added', ratio('2', '3'), NONE, '2/3'],
    ['opposites', ratio('2', '3'), ratio('-2', '3'), '0/1'],
  ])('%s', (_name, a, b, expected) => {
    expect(text(addFractions(a, b))).toBe(expected);
  });

  test('sums stay exact beyond the 34 digits of a decimal', () => {
    const a = ratio('1', '11517120000000000001');
    const b = ratio('1', '11517120000000000003');
    expect(isSameFraction(subtractFractions(addFractions(a, b), b), a)).toBe(true);
  });

  test('a fraction is zero, or the same as another, whatever its parts', () => {
    expect(isZeroFraction(ratio('0', '7'))).toBe(true);
    expect(isZeroFraction(ratio('1', '7'))).toBe(false);
    expect(isSameFraction({ numerator: decimal(2), denominator: decimal(4) }, ratio('1', '2'))).toBe(true);
  });
});

describe('timesFraction', () => {
  const modes: RoundingMode[] = [
    'UP',
    'DOWN',
    'CEILING',
    'FLOOR',
    'HALF_UP',
    'HALF_DOWN',
    'HALF_EVEN',
    'UNNECESSARY',
  ];

  test.each(modes)('310 × 21/31 is exactly 210 under %s', (roundingMode) => {
    const rounded = roundAmount(timesFraction(decimal(310), ratio('21', '31')), {
      code: 'USD',
      maxDecimalPlaces: 2,
      roundingMode,
    });
    if (isRoundingFailure(rounded)) throw new Error('rounding was necessary');
    expect(rounded.toFixed()).toBe('210');
  });

  test.each([
    // 100 × 50/31 = 161.290…
    ['100', ratio('50', '31'), '161.2903225806451612903225806451613'],
    ['100', ratio('1', '3'), '33.33333333333333333333333333333333'],
    ['-310', ratio('21', '31'), '-210'],
    ['0.000125', ratio('2', '5'), '0.00005'],
    ['19.99', WHOLE, '19.99'],
    ['19.99', NONE, '0'],
  ])('%s times a share', (amount, share, expected) => {
    expect(timesFraction(decimal(amount), share).toFixed()).toBe(expected);
  });

  test('a whole share leaves every digit of the amount', () => {
    const long: Decimal = decimal('1.000000000000000000000000000000000000001');
    expect(timesFraction(long, ratio('7', '7')).toFixed()).toBe(long.toFixed());
  });
});
