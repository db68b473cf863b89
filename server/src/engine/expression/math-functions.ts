// Spec 20 §5.3: the Math functions.
import { Decimal, maxOf, minOf } from '../../kernel/decimal.ts';
import { failEvaluation } from './failure.ts';
import type { PlainFunction } from './functions.ts';
import { power } from './operators.ts';
import { boundedNumber, described, numberOf, type Value } from './values.ts';

const MANY = Number.POSITIVE_INFINITY;
/** Scales beyond the digits that a number can have change nothing more. */
const MAX_SCALE = 10_000;

type RoundingMode = typeof Decimal.ROUND_FLOOR | typeof Decimal.ROUND_CEIL | typeof Decimal.ROUND_HALF_UP;

export const mathFunctions: readonly [string, PlainFunction][] = [
  ['Math.max', { min: 2, max: MANY, apply: (args) => extreme(args, maxOf) }],
  ['Math.min', { min: 2, max: MANY, apply: (args) => extreme(args, minOf) }],
  ['Math.floor', { min: 1, max: 2, apply: (args) => rounded(args, Decimal.ROUND_FLOOR) }],
  ['Math.ceil', { min: 1, max: 2, apply: (args) => rounded(args, Decimal.ROUND_CEIL) }],
  ['Math.round', { min: 1, max: 2, apply: (args) => rounded(args, Decimal.ROUND_HALF_UP) }],
  ['Math.pow', { min: 2, max: 2, apply: powerOf }],
  [
    'Math.abs',
    { min: 1, max: 1, apply: ([value = null]) => (value === null ? null : numberOf(value).abs()) },
  ],
];

/** Null arguments do not take part; null when nothing does. */
function extreme(args: readonly Value[], pick: (a: Decimal, b: Decimal) => Decimal): Value {
  const numbers = args.filter((value) => value !== null).map(numberOf);
  return numbers.length === 0 ? null : numbers.reduce(pick);
}

function powerOf([base = null, exponent = null]: readonly Value[]): Value {
  return base === null || exponent === null ? null : power(numberOf(base), numberOf(exponent));
}

/**
 * The number at a scale: digits behind the point, or for a negative scale a power of ten. 1,250 rounded at
 * scale -2 counts 12.5 hundreds, hence 1,300.
 */
function rounded(args: readonly Value[], mode: RoundingMode): Value {
  const [value = null] = args;
  const scaleValue = args.length > 1 ? (args[1] ?? null) : new Decimal(0);
  if (value === null || scaleValue === null) return null;
  const scale = scaleOf(scaleValue);
  const number = numberOf(value);
  if (scale >= 0) return number.toDecimalPlaces(scale, mode);
  const step = new Decimal(`1e${-scale}`);
  return boundedNumber(number.toNearest(step, mode));
}

function scaleOf(value: Value): number {
  const scale = numberOf(value);
  if (!scale.isInteger()) return failEvaluation(`the scale ${described(value)} is no integer`);
  if (scale.abs().gt(MAX_SCALE)) return failEvaluation(`the scale ${described(value)} is out of range`);
  return Number.parseInt(scale.toFixed(0), 10);
}
