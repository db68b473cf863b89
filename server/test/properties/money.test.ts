import fc from 'fast-check';
import { expect, test } from 'vitest';
import { conversionRate, isNoConversionRate } from '../../src/engine/money/conversion.ts';
import { type CurrencyRule, isRoundingFailure, roundAmount } from '../../src/engine/money/rounding.ts';
import { type Decimal, decimal, ONE } from '../../src/kernel/decimal.ts';

const places = fc.integer({ min: 0, max: 5 });
const modes = fc.constantFrom<CurrencyRule['roundingMode']>('HALF_UP', 'HALF_DOWN', 'HALF_EVEN');
function currency(code: string): fc.Arbitrary<CurrencyRule> {
  return fc.record({ code: fc.constant(code), maxDecimalPlaces: places, roundingMode: modes });
}

const cents = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n });
const multiplier = fc
  .integer({ min: 1, max: 10 ** 9 })
  .map((millionths) => decimal(millionths).div(1_000_000));

function rounded(amount: Decimal, rule: CurrencyRule): Decimal {
  const result = roundAmount(amount, rule);
  if (isRoundingFailure(result)) throw new Error('these modes always round');
  return result;
}

function minorUnit({ maxDecimalPlaces }: CurrencyRule): Decimal {
  return decimal(10).pow(-maxDecimalPlaces);
}

test('an amount converted there and back is off by half a minor unit of each currency at most', () => {
  fc.assert(
    fc.property(currency('AAA'), currency('BBB'), cents, multiplier, (home, away, count, rate) => {
      const there = conversionRate('AAA', 'BBB', [[{ from: 'AAA', to: 'BBB', multiplier: rate }]]);
      if (isNoConversionRate(there)) throw new Error('the rate is listed');
      const amount = decimal(count.toString()).times(minorUnit(home));
      const abroad = rounded(amount.times(there), away);
      const back = rounded(abroad.div(there), home);
      const bound = minorUnit(away).div(there).plus(minorUnit(home)).div(2);
      const slack = ONE.plus('1e-20');
      expect(back.minus(amount).abs().lte(bound.times(slack))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
