// Spec 20 §5.3: the constants of calculations.
import { Decimal } from '../../kernel/decimal.ts';
import { DEFAULT_FORMAT } from './date-format.ts';
import type { Value } from './values.ts';

const CONSTANTS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['Math.PI', new Decimal('3.141592653589793238462643383279503')],
  ['DateTime.TS_FMT', DEFAULT_FORMAT],
]);

/** The constant that a path names, undefined when it names none. */
export function constantOf(path: readonly string[]): Value | undefined {
  return path.length === 2 ? CONSTANTS.get(path.join('.')) : undefined;
}
