// Spec 20 §5.3: the String functions and the casts.
import { Decimal } from '../../kernel/decimal.ts';
import { failEvaluation } from './failure.ts';
import type { PlainFunction } from './functions.ts';
import { boundedText, described, isInstant, numberOf, textOf, type Value } from './values.ts';

const MANY = Number.POSITIVE_INFINITY;

/** Lengths and places count characters (code points), so a character is never cut in half. */
export const textFunctions: readonly [string, PlainFunction][] = [
  ['String.length', textFunction(1, ([text]) => new Decimal([...text].length))],
  ['String.upper', textFunction(1, ([text]) => text.toUpperCase())],
  ['String.lower', textFunction(1, ([text]) => text.toLowerCase())],
  ['String.trim', textFunction(1, ([text]) => text.trim())],
  ['String.contains', textFunction(2, ([text, part = '']) => text.includes(part))],
  ['String.startsWith', textFunction(2, ([text, part = '']) => text.startsWith(part))],
  ['String.endsWith', textFunction(2, ([text, part = '']) => text.endsWith(part))],
  ['String.replace', textFunction(3, ([text, find = '', by = '']) => replaced(text, find, by))],
  ['String.substring', { min: 2, max: 3, apply: substring }],
  ['String.concat', { min: 2, max: MANY, apply: (args) => boundedText(args.map(textOf).join('')) }],
];

type Texts = readonly [text: string, ...rest: string[]];

/** A function of texts; other kinds are read as text, and a null argument makes it null. */
function textFunction(arity: number, apply: (texts: Texts) => Value): PlainFunction {
  const onValues = (args: readonly Value[]) => {
    if (args.includes(null)) return null;
    const [text = '', ...rest] = args.map(textOf);
    return apply([text, ...rest]);
  };
  return { min: arity, max: arity, apply: onValues };
}

/** Every occurrence replaced, the length being known before it is built; an empty text is found nowhere. */
function replaced(text: string, find: string, by: string): string {
  if (find === '') return text;
  const parts = text.split(find);
  const length = text.length + (parts.length - 1) * (by.length - find.length);
  return length > text.length && length > 100_000 ? failEvaluation('the text is too long') : parts.join(by);
}

/** From a place (counted from 0) up to another, which is left out; places beyond the text mean its ends. */
function substring(args: readonly Value[]): Value {
  if (args.includes(null)) return null;
  const [value = null, from = null, to] = args;
  const characters = [...textOf(value)];
  const start = placeOf(from, characters.length);
  const end = to === undefined ? characters.length : placeOf(to, characters.length);
  return characters.slice(start, Math.max(start, end)).join('');
}

function placeOf(value: Value, length: number): number {
  const place = numberOf(value);
  if (!place.isInteger()) return failEvaluation(`the place ${described(value)} is no integer`);
  return Number.parseInt(Decimal.max(0, Decimal.min(place, length)).toFixed(0), 10);
}

/** A number; moments give their milliseconds since 1970. */
export function castNumber(value: Value): Decimal {
  return isInstant(value) ? new Decimal(value.epochMilliseconds) : numberOf(value);
}

/** A whole number, cut toward zero. */
export function castWhole(value: Value): Decimal {
  return castNumber(value).trunc();
}

/** True or false from a boolean, a number (non-zero holds) or one of their texts; fails on anything else. */
export function castTruth(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return !numberOf(value).isZero();
  const lower = value.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower === 'true';
  return failEvaluation(`${described(value)} is neither true nor false`);
}
