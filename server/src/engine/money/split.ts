// Spec 40 §5.8 no. 5: one amount split over several lines.
import { assert } from '../../kernel/assert.ts';
import { type Decimal, sumOf, ZERO } from '../../kernel/decimal.ts';
import {
  addFractions,
  dividedFractions,
  type Fraction,
  fraction,
  isZeroFraction,
  NONE,
  timesFraction,
} from './fraction.ts';
import { type CurrencyRule, isRoundingFailure, type RoundingFailure, roundAmount } from './rounding.ts';

/**
 * The parts of `total` (in the currency of the rule) in proportion to the weights, in their order. Every
 * part but the last is rounded by itself and the last takes what is left, so the parts always add up to
 * `total`: 10.00 in three equal parts is 3.33, 3.33, 3.34. Weights that add up to 0 leave everything to the
 * last part. Without weights below 0 no part takes more than is left: 0.02 in four is 0.01, 0.01, 0, 0.
 */
export function splitAmount(
  total: Decimal,
  weights: readonly Decimal[],
  rule: CurrencyRule,
): readonly Decimal[] | RoundingFailure {
  assert(weights.length > 0, 'an amount is split into at least one part');
  const whole = sumOf(weights);
  const isCapped = !weights.some((weight) => weight.isNegative());
  const parts: Decimal[] = [];
  let left = total;
  for (const weight of weights.slice(0, -1)) {
    const exact = whole.isZero() ? ZERO : timesFraction(total, fraction(weight, whole));
    const rounded = roundAmount(exact, rule);
    if (isRoundingFailure(rounded)) return rounded;
    const part = isCapped ? noMoreThan(left, rounded) : rounded;
    parts.push(part);
    left = left.minus(part);
  }
  return [...parts, left];
}

/**
 * As `splitAmount`, with exact weights: 12000 by 17/31, eleven times 1 and 14/31 is 548.39, eleven times
 * 1000.00 and 451.61.
 */
export function splitByFractions(
  total: Decimal,
  weights: readonly Fraction[],
  rule: CurrencyRule,
): readonly Decimal[] | RoundingFailure {
  const whole = weights.reduce((sum, weight) => addFractions(sum, weight), NONE);
  const parts: Decimal[] = [];
  let left = total;
  for (const weight of weights.slice(0, -1)) {
    const exact = isZeroFraction(whole) ? ZERO : timesFraction(total, dividedFractions(weight, whole));
    const rounded = roundAmount(exact, rule);
    if (isRoundingFailure(rounded)) return rounded;
    const part = noMoreThan(left, rounded);
    parts.push(part);
    left = left.minus(part);
  }
  return [...parts, left];
}

function noMoreThan(left: Decimal, part: Decimal): Decimal {
  return part.abs().gt(left.abs()) ? left : part;
}
