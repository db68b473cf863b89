// Spec 20 §5.3: the functions of calculations by name, and how many arguments each takes.
import { dateTimeFunctions } from './date-time-functions.ts';
import { mathFunctions } from './math-functions.ts';
import { castNumber, castTruth, castWhole, textFunctions } from './text-functions.ts';
import { type Operand, textOf, type Value } from './values.ts';

/** A function whose arguments are all evaluated first. */
export type PlainFunction = {
  readonly min: number;
  readonly max: number;
  readonly apply: (args: readonly Value[]) => Operand;
};

const MANY = Number.POSITIVE_INFINITY;

export const plainFunctions: ReadonlyMap<string, PlainFunction> = new Map([
  ...mathFunctions,
  ...dateTimeFunctions,
  ...textFunctions,
  ...castFunctions(),
]);

function castFunctions(): [string, PlainFunction][] {
  const casts = ['string', 'number', 'double', 'int', 'integer', 'long', 'boolean'];
  return casts.map((type) => [type, { min: 1, max: 1, apply: ([value = null]) => castValue(type, value) }]);
}

/** The value as another kind: whole numbers are cut toward zero; null stays null; the impossible fails. */
export function castValue(type: string, value: Value): Value {
  if (value === null) return null;
  if (type === 'string') return textOf(value);
  if (type === 'boolean') return castTruth(value);
  return type === 'number' || type === 'double' ? castNumber(value) : castWhole(value);
}

/** Functions that the evaluator treats itself, because not every argument is evaluated like any other. */
export const SPECIAL_ARITY: ReadonlyMap<string, { readonly min: number; readonly max: number }> = new Map([
  ['isnull', { min: 2, max: 2 }],
  ['IN', { min: 2, max: MANY }],
  ['DateTime.now', { min: 0, max: 0 }],
  ['Lookup.findNumber', { min: 4, max: MANY }],
  ['Lookup.findString', { min: 4, max: MANY }],
  ['Lookup.exists', { min: 2, max: MANY }],
]);

/** How many arguments the function takes, null when there is no function of that name. */
export function arityOf(name: string): { readonly min: number; readonly max: number } | null {
  return SPECIAL_ARITY.get(name) ?? plainFunctions.get(name) ?? null;
}
