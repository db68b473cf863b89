import { refusal } from '../kernel/errors.ts';
import { type Instant, type PlainDate, Temporal } from '../kernel/time.ts';

type Dated = {
  readonly startDate: Instant | PlainDate | null;
  readonly endDate: Instant | PlainDate | null;
};

/** Refuses an end that is not later than the start (spec 30 §0); no end is for ever. */
export function endMustFollowStart({ startDate, endDate }: Dated): void {
  if (startDate === null || endDate === null || isEarlier(startDate, endDate)) return;
  throw refusal('VALIDATION_FAILED', 'endDate', 'must be later than startDate');
}

/** Whether one of two instants, or of two dates, comes first. */
export function isEarlier(a: Instant | PlainDate, b: Instant | PlainDate): boolean {
  if (a instanceof Temporal.Instant && b instanceof Temporal.Instant) {
    return Temporal.Instant.compare(a, b) < 0;
  }
  return Temporal.PlainDate.compare(a as PlainDate, b as PlainDate) < 0;
}

/**
 * Two properties of which a body has exactly one, and which an update must repeat as they are stored (spec 10
 * §5). `before` is null on create.
 */
export function eitherMustBeSet<T extends object>(
  values: T,
  pair: readonly [keyof T & string, keyof T & string],
  before: T | null,
): void {
  const set = pair.filter((name) => values[name] !== null);
  if (set.length !== 1) {
    throw refusal('VALIDATION_FAILED', pair[0], `or ${pair[1]} must be set, and not both`);
  }
  if (before === null) return;
  for (const name of pair) {
    if (values[name] !== before[name]) throw refusal('IMMUTABLE_FIELD', name, 'cannot be changed');
  }
}
