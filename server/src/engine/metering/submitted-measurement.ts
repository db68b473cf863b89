// Spec 20 §7.1: one measurement as it was submitted, after the synchronous checks.
import { unreachable } from '../../kernel/assert.ts';
import { type Decimal, decimal, ZERO } from '../../kernel/decimal.ts';
import { type Category, NUMERIC_CATEGORIES, TEXT_CATEGORIES } from './fields.ts';

export type SubmittedTexts = { readonly [fieldCode: string]: string | null };
export type SubmittedNumbers = { readonly [fieldCode: string]: number | Decimal | null };

/**
 * The values are the objects of the parsed body themselves (nothing is copied on the way in): read them
 * with `Object.hasOwn`. A null value counts as absent. A JavaScript number stands for its shortest decimal
 * text, which is exact for the literals of 15 digits at most that the fast parser lets through.
 */
export type SubmittedMeasurement = {
  /** Null when none was submitted: the shell then assigns one, and no de-duplication applies. */
  readonly uid: string | null;
  readonly meter: string;
  readonly account: string;
  readonly tsMs: number;
  readonly etsMs: number | null;
  readonly who: SubmittedTexts | null;
  readonly what: SubmittedTexts | null;
  readonly where: SubmittedTexts | null;
  readonly other: SubmittedTexts | null;
  readonly metadata: SubmittedTexts | null;
  readonly measure: SubmittedNumbers | null;
  readonly cost: SubmittedNumbers | null;
  readonly income: SubmittedNumbers | null;
};

/**
 * Numbers must lie between -10^36 and 10^36: the store keeps 42 digits before the point, and a million of the
 * largest still add up within them. A larger one would block its whole batch when it is stored.
 */
export const NUMBER_LIMIT = 1e36;
const MAX_EXPONENT = 35;

export function isStorableNumber(value: Decimal): boolean {
  return value.isFinite() && (value.isZero() || value.e <= MAX_EXPONENT);
}

/** The exact decimal of a submitted number; a negative zero becomes 0. */
export function submittedDecimal(value: number | Decimal): Decimal {
  const exact = typeof value === 'number' ? decimal(value) : value;
  return exact.isZero() ? ZERO : exact;
}

/** A switch, because V8 looks a property up by a computed name the slow way. */
function valuesUnder(
  measurement: SubmittedMeasurement,
  category: Category,
): SubmittedTexts | SubmittedNumbers | null {
  switch (category) {
    case 'WHO':
      return measurement.who;
    case 'WHAT':
      return measurement.what;
    case 'WHERE':
      return measurement.where;
    case 'OTHER':
      return measurement.other;
    case 'METADATA':
      return measurement.metadata;
    case 'MEASURE':
      return measurement.measure;
    case 'COST':
      return measurement.cost;
    case 'INCOME':
      return measurement.income;
    default:
      return unreachable(category);
  }
}

const CATEGORIES: readonly Category[] = [...TEXT_CATEGORIES, ...NUMERIC_CATEGORIES];

export type SubmittedValue = string | number | Decimal;

/** The value that was submitted for a field under its category; null when there is none. */
export function submittedValue(
  measurement: SubmittedMeasurement,
  category: Category,
  code: string,
): SubmittedValue | null {
  const values = valuesUnder(measurement, category);
  return values !== null && Object.hasOwn(values, code) ? (values[code] ?? null) : null;
}

export type SubmittedEntry = {
  readonly category: Category;
  readonly code: string;
  readonly value: SubmittedValue;
};

/** Every value that was submitted, whether a meter declares it or not. */
export function submittedEntries(measurement: SubmittedMeasurement): SubmittedEntry[] {
  const entries: SubmittedEntry[] = [];
  for (const category of CATEGORIES) {
    const values = valuesUnder(measurement, category);
    for (const code of values === null ? [] : Object.keys(values)) {
      const value = values?.[code] ?? null;
      if (value !== null) entries.push({ category, code, value });
    }
  }
  return entries;
}

/** How many values were submitted, whether a meter declares them or not. */
export function submittedCount(measurement: SubmittedMeasurement): number {
  let count = 0;
  for (const category of CATEGORIES) {
    const values = valuesUnder(measurement, category);
    for (const code in values) if (values[code] !== null) count += 1;
  }
  return count;
}

/** Whether the same code was submitted under two categories. */
export function hasDoubleCode(measurement: SubmittedMeasurement): boolean {
  const earlier: (SubmittedTexts | SubmittedNumbers)[] = [];
  for (const category of CATEGORIES) {
    const values = valuesUnder(measurement, category);
    if (values === null) continue;
    for (const code in values)
      if (values[code] !== null && earlier.some((one) => has(one, code))) return true;
    earlier.push(values);
  }
  return false;
}

function has(values: SubmittedTexts | SubmittedNumbers, code: string): boolean {
  return Object.hasOwn(values, code) && values[code] !== null;
}
