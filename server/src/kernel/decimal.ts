import { Decimal as BaseDecimal } from 'decimal.js';

/**
 * Exact decimals of 34 significant digits, HALF_EVEN, never exponent notation in `toString` for the sizes
 * that occur (spec 20 §1). The one clone of decimal.js in the product: import it from here only.
 */
export const Decimal = BaseDecimal.clone({
  precision: 34,
  rounding: BaseDecimal.ROUND_HALF_EVEN,
  toExpNeg: -7000,
  toExpPos: 7000,
});
export type Decimal = BaseDecimal;

export const ZERO: Decimal = new Decimal(0);
export const ONE: Decimal = new Decimal(1);

/**
 * Takes decimal text, an integer or a Decimal; answers a Decimal. Throws on text that is no finite number.
 */
export function decimal(value: string | number | Decimal): Decimal {
  const result = new Decimal(value);
  if (!result.isFinite()) throw new RangeError(`not a finite number: ${String(value)}`);
  return result;
}

export function isDecimal(value: unknown): value is Decimal {
  return Decimal.isDecimal(value);
}

/** The exact sum of any number of decimals; 0 for none. */
export function sumOf(values: Iterable<Decimal>): Decimal {
  let total = ZERO;
  for (const value of values) total = total.plus(value);
  return total;
}

export function minOf(a: Decimal, b: Decimal): Decimal {
  return a.lt(b) ? a : b;
}

export function maxOf(a: Decimal, b: Decimal): Decimal {
  return a.gt(b) ? a : b;
}
