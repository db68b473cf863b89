// Spec 30 §14, 40 §3.5: a share of time is kept as an exact fraction; only the final line is rounded.
import { assert } from '../../kernel/assert.ts';
import { Decimal, ONE, ZERO } from '../../kernel/decimal.ts';

/** An exact rational number in lowest terms: both parts are whole numbers and the denominator is above 0. */
export type Fraction = { readonly numerator: Decimal; readonly denominator: Decimal };

export const NONE: Fraction = { numerator: ZERO, denominator: ONE };
export const WHOLE: Fraction = { numerator: ONE, denominator: ONE };

/** n ÷ d in lowest terms. Takes any two decimals; d must not be 0. */
export function fraction(n: Decimal, d: Decimal): Fraction {
  const places = Math.max(n.decimalPlaces(), d.decimalPlaces());
  return fractionOfIntegers(scaledInteger(n, places), scaledInteger(d, places));
}

/** n ÷ d in lowest terms, for whole numbers of any length; d must not be 0. */
export function fractionOfIntegers(n: bigint, d: bigint): Fraction {
  assert(d !== 0n, 'a fraction has a denominator other than 0');
  const divisor = greatestCommonDivisor(n, d) * (d < 0n ? -1n : 1n);
  return { numerator: decimalOf(n / divisor), denominator: decimalOf(d / divisor) };
}

/** a + b, exactly. */
export function addFractions(a: Fraction, b: Fraction): Fraction {
  const [an, ad, bn, bd] = [a.numerator, a.denominator, b.numerator, b.denominator].map(integerOf);
  assert(an !== undefined && ad !== undefined && bn !== undefined && bd !== undefined, 'four parts');
  return fractionOfIntegers(an * bd + bn * ad, ad * bd);
}

/** a − b, exactly. */
export function subtractFractions(a: Fraction, b: Fraction): Fraction {
  return addFractions(a, { numerator: b.numerator.negated(), denominator: b.denominator });
}

/** a ÷ b, exactly; b must not be 0. */
export function dividedFractions(a: Fraction, b: Fraction): Fraction {
  const [an, ad, bn, bd] = [a.numerator, a.denominator, b.numerator, b.denominator].map(integerOf);
  assert(an !== undefined && ad !== undefined && bn !== undefined && bd !== undefined, 'four parts');
  return fractionOfIntegers(an * bd, ad * bn);
}

/**
 * amount × f, in the amount's currency and not rounded to it. The product is formed exactly before the one
 * division, so that 310 × 21/31 is exactly 210, whereas 310 × 0.6774… would round up to 210.01 under UP.
 */
export function timesFraction(amount: Decimal, f: Fraction): Decimal {
  if (f.numerator.eq(f.denominator)) return amount;
  const places = amount.decimalPlaces();
  const numerator = scaledInteger(amount, places) * integerOf(f.numerator);
  const denominator = 10n ** BigInt(places) * integerOf(f.denominator);
  return decimalOf(numerator).div(decimalOf(denominator));
}

export function isZeroFraction(f: Fraction): boolean {
  return f.numerator.isZero();
}

export function isSameFraction(a: Fraction, b: Fraction): boolean {
  return isZeroFraction(subtractFractions(a, b));
}

/**
 * value × 10^places for a value with at most that many decimals: by moving the point, since `times` rounds.
 */
function scaledInteger(value: Decimal, places: number): bigint {
  return BigInt(value.toFixed(places).replace('.', ''));
}

function integerOf(value: Decimal): bigint {
  return BigInt(value.toFixed());
}

function decimalOf(value: bigint): Decimal {
  return new Decimal(value.toString());
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
