// Spec 20 §5.2: the values of calculations and how one kind stands for another.
import { Decimal, isDecimal, ONE, ZERO } from '../../kernel/decimal.ts';
import { type Instant, Temporal } from '../../kernel/time.ts';
import { failEvaluation } from './failure.ts';

/** What a calculation results in: null, a boolean, an exact number, a text, or a moment ("DateTime"). */
export type Value = null | boolean | Decimal | string | Instant;

/** What a name can stand for: also a list, which only `== null`, `!= null` and `IN` take (spec 60 §3.3). */
export type Operand = Value | readonly Value[];

/** Bounds on what an evaluation may build, so that hostile calculations stay cheap. */
const MAX_TEXT_LENGTH = 100_000;
/** The exponents of decimal128: beyond it a number is out of range, below its negative it is 0. */
const MAX_EXPONENT = 6144;
const NUMERIC_TEXT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

export function isInstant(value: unknown): value is Instant {
  return value instanceof Temporal.Instant;
}

/** The operand when it is a single value; fails on a list. */
export function singleValue(operand: Operand): Value {
  if (Array.isArray(operand))
    return failEvaluation('a list can only be compared with null or searched by IN');
  return operand as Value;
}

/** The number, when it is one that a calculation may work with; fails on overflow and on no number at all. */
export function boundedNumber(value: Decimal): Decimal {
  if (!value.isFinite()) return failEvaluation('the result is no finite number');
  if (value.isZero() || value.e < -MAX_EXPONENT) return ZERO;
  return value.e > MAX_EXPONENT ? failEvaluation('the number is too large') : value;
}

/** The text, unless it has grown beyond all use. */
export function boundedText(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? failEvaluation('the text is too long') : text;
}

/** The number that a text writes, or null when it writes none. */
export function numberFromText(text: string): Decimal | null {
  if (!NUMERIC_TEXT.test(text)) return null;
  const value = new Decimal(text);
  return value.isFinite() && Math.abs(value.e) <= MAX_EXPONENT ? value : null;
}

/**
 * A value where a number is needed: true counts as 1, false as 0, a numeric text as its number; else it
 * fails.
 */
export function numberOf(value: Value): Decimal {
  if (isDecimal(value)) return value;
  if (typeof value === 'boolean') return value ? ONE : ZERO;
  const number = typeof value === 'string' ? numberFromText(value) : null;
  return number ?? failEvaluation(`${described(value)} is not a number`);
}

/**
 * A value as text: plain digits, `true` / `false`, moments as `yyyy-MM-dd'T'HH:mm:ss.SSSX` in UTC; null is
 * empty.
 */
export function textOf(value: Value): string {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (isInstant(value)) return value.toString({ fractionalSecondDigits: 3 });
  return value.isZero() ? '0' : value.toFixed();
}

/** A value as a condition: non-zero numbers and the text "true" in any case hold, null does not. */
export function conditionOf(value: Value): boolean {
  if (value === null) return false;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return value.toLowerCase() === 'true';
  if (isInstant(value)) return failEvaluation('a DateTime is not a condition');
  return !value.isZero();
}

/** The value in an error message, cut to a readable length. */
export function described(value: Value): string {
  if (value === null) return 'null';
  const text = textOf(value);
  const short = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return typeof value === 'string' ? JSON.stringify(short) : short;
}
