import { expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { defaultCurrencyRule } from './rounding.ts';
import { splitAmount } from './split.ts';

const USD = defaultCurrencyRule('USD');

function split(total: string, weights: readonly string[]): string {
  const parts = splitAmount(decimal(total), weights.map(decimal), USD);
  return 'kind' in parts ? parts.kind : parts.map((part) => part.toFixed(2)).join(' ');
}

test.each([
  ['10', ['1', '1', '1'], '3.33 3.33 3.34'],
  // 0.05 / 3 = 0.0166… is 0.02 each, and the last takes 0.01.
  ['0.05', ['1', '1', '1'], '0.02 0.02 0.01'],
  ['-10', ['1', '1', '1'], '-3.33 -3.33 -3.34'],
  // 100 × 300/1350 = 22.222…, × 450/1350 = 33.333…
  ['100', ['300', '450', '600'], '22.22 33.33 44.45'],
  // 0.005 is 0.01 each, which the first two have used up.
  ['0.02', ['1', '1', '1', '1'], '0.01 0.01 0.00 0.00'],
  ['-0.02', ['1', '1', '1', '1'], '-0.01 -0.01 0.00 0.00'],
  ['2', ['5', '-3'], '5.00 -3.00'],
  ['7.01', ['5'], '7.01'],
  ['7.01', ['0', '1', '0'], '0.00 7.01 0.00'],
  ['7.01', ['0', '0'], '0.00 7.01'],
])('%s by %j is %s', (total, weights, expected) => {
  expect(split(total, weights)).toBe(expected);
});

test('a currency that must not be rounded refuses parts that it cannot represent', () => {
  const strict = { ...USD, roundingMode: 'UNNECESSARY' } as const;
  expect(splitAmount(decimal(10), [decimal(1), decimal(1), decimal(1)], strict)).toMatchObject({
    kind: 'RoundingNecessary',
    currency: 'USD',
  });
  expect(splitAmount(decimal(10), [decimal(1), decimal(3)], strict)).toEqual([
    decimal('2.5'),
    decimal('7.5'),
  ]);
});

test('no parts at all is a bug', () => {
  expect(() => splitAmount(decimal(1), [], USD)).toThrow('at least one part');
});
