// Spec 20 §5.2: what the operators do with each kind of operand.
import { type Decimal, isDecimal, ONE } from '../../kernel/decimal.ts';
import { Temporal } from '../../kernel/time.ts';
import { failEvaluation } from './failure.ts';
import { millisecondsBetween, momentFromIsoText, shiftedMoment } from './moments.ts';
import type { ArithmeticOperator, ComparisonOperator } from './syntax.ts';
import {
  boundedNumber,
  boundedText,
  described,
  isInstant,
  numberFromText,
  numberOf,
  type Operand,
  singleValue,
  textOf,
  type Value,
} from './values.ts';

/** `left operator right`; null on either side gives null. */
export function arithmetic(operator: ArithmeticOperator, left: Value, right: Value): Value {
  if (left === null || right === null) return null;
  if (operator === '+') return addition(left, right);
  if (operator === '-') return difference(left, right);
  const a = numberOf(left);
  const b = numberOf(right);
  if (operator === '^') return power(a, b);
  if (operator === '*') return boundedNumber(a.times(b));
  if (b.isZero()) return failEvaluation('division by zero');
  return boundedNumber(operator === '/' ? a.div(b) : a.mod(b));
}

function addition(left: Value, right: Value): Value {
  if (typeof left === 'string' || typeof right === 'string') return boundedText(textOf(left) + textOf(right));
  if (isInstant(left)) return shiftedMoment(left, numberOf(right));
  if (isInstant(right)) return shiftedMoment(right, numberOf(left));
  return boundedNumber(numberOf(left).plus(numberOf(right)));
}

function difference(left: Value, right: Value): Value {
  if (!isInstant(left)) return boundedNumber(numberOf(left).minus(numberOf(right)));
  if (isInstant(right)) return millisecondsBetween(left, right);
  return shiftedMoment(left, numberOf(right).negated());
}

/** Integer exponents multiply exactly (to 34 digits), others go through the logarithm of a positive base. */
export function power(base: Decimal, exponent: Decimal): Decimal {
  if (base.isZero() && exponent.isNegative() && !exponent.isZero()) return failEvaluation('division by zero');
  if (exponent.isZero()) return ONE;
  if (base.isNegative() && !base.isZero() && !exponent.isInteger()) {
    return failEvaluation('a negative number has no power with a fraction');
  }
  return boundedNumber(base.pow(exponent));
}

/** `+value` or `-value`. */
export function signed(operator: '+' | '-', value: Value): Value {
  if (value === null) return null;
  const number = numberOf(value);
  return boundedNumber(operator === '-' ? number.negated() : number);
}

/** `left operator right` as true or false. A list can only be compared with null, by `==` and `!=`. */
export function comparison(operator: ComparisonOperator, left: Operand, right: Operand): boolean {
  if (operator === '==') return isEqual(left, right);
  if (operator === '!=') return !isEqual(left, right);
  return isOrdered(operator, singleValue(left), singleValue(right));
}

/** Equality as `==` and `IN` see it. Null equals only null; kinds that cannot be compared are not equal. */
export function isEqual(left: Operand, right: Operand): boolean {
  if (left === null || right === null) return left === right;
  const a = singleValue(left);
  const b = singleValue(right);
  if (typeof a === 'string' && typeof b === 'string') return a === b;
  if (isInstant(a) || isInstant(b)) return isSameMoment(a, b);
  const number = comparableNumber(a, b);
  const other = comparableNumber(b, a);
  return number?.eq(other ?? Number.NaN) ?? false;
}

function isSameMoment(a: Value, b: Value): boolean {
  const first = typeof a === 'string' ? momentFromIsoText(a) : a;
  const second = typeof b === 'string' ? momentFromIsoText(b) : b;
  return isInstant(first) && isInstant(second) && first.equals(second);
}

/**
 * The number that `value` stands for beside `other`: a text beside a boolean may also be "true" or "false".
 */
function comparableNumber(value: Value, other: Value): Decimal | null {
  if (isDecimal(value) || typeof value === 'boolean') return numberOf(value);
  if (typeof value !== 'string') return null;
  const lower = value.toLowerCase();
  const isTruth = typeof other === 'boolean' && (lower === 'true' || lower === 'false');
  return isTruth ? numberOf(lower === 'true') : numberFromText(value);
}

function isOrdered(operator: ComparisonOperator, left: Value, right: Value): boolean {
  if (left === null || right === null) return false;
  const order = orderOf(left, right);
  if (operator === '<') return order < 0;
  if (operator === '<=') return order <= 0;
  return operator === '>' ? order > 0 : order >= 0;
}

/** Negative, 0 or positive as `left` lies before, on or behind `right`. */
function orderOf(left: Value, right: Value): number {
  if (typeof left === 'string' && typeof right === 'string') return codePointOrder(left, right);
  if (isInstant(left) || isInstant(right)) {
    return Temporal.Instant.compare(comparableMoment(left), comparableMoment(right));
  }
  return numberOf(left).cmp(numberOf(right));
}

function comparableMoment(value: Value): Temporal.Instant {
  const moment = typeof value === 'string' ? momentFromIsoText(value) : value;
  return isInstant(moment)
    ? moment
    : failEvaluation(`${described(value)} cannot be compared with a DateTime`);
}

/** The order of code points, which differs from that of JavaScript for characters beyond U+FFFF. */
export function codePointOrder(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const first = a.charCodeAt(index);
    const second = b.charCodeAt(index);
    if (first !== second) return surrogatesLast(first) - surrogatesLast(second);
  }
  return a.length - b.length;
}

/** Halves of characters beyond U+FFFF are moved behind the rest of the 16 bit codes. */
function surrogatesLast(code: number): number {
  if (code < 0xd800) return code;
  return code >= 0xe000 ? code - 0x800 : code + 0x2000;
}
