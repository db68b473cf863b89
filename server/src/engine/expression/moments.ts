// Spec 20 §5.3: moments from text, and time arithmetic in milliseconds.
import { Decimal } from '../../kernel/decimal.ts';
import { type Instant, Temporal, zoneFromText } from '../../kernel/time.ts';
import { failEvaluation } from './failure.ts';
import { described, isInstant, type Value } from './values.ts';

const ISO_TEXT = /^[+-]?\d[\d-]*(?:[Tt ][\d:.,]+(?:[Zz]|[+-][\d:]+)?)?$/;
const OFFSET_AT_END = /[Tt ].*[Zz+-]/;
const NANOS_PER_MS = new Decimal(1_000_000);

/**
 * The moment that an ISO-8601 text names, or null when it names none. Without offset it is UTC, a date
 * alone is its midnight in UTC: the ISO forms include the default format of calculations.
 */
export function momentFromIsoText(text: string): Instant | null {
  if (!ISO_TEXT.test(text)) return null;
  try {
    if (OFFSET_AT_END.test(text)) return Temporal.Instant.from(text);
    return Temporal.PlainDateTime.from(text).toZonedDateTime('UTC').toInstant();
  } catch {
    return null;
  }
}

/** A value where a moment is needed: a DateTime, or a text in an ISO form; else it fails. */
export function momentOf(value: Value): Instant {
  if (isInstant(value)) return value;
  const moment = typeof value === 'string' ? momentFromIsoText(value) : null;
  return moment ?? failEvaluation(`${described(value)} is not a DateTime`);
}

/** Milliseconds from `a` to `b` reversed: `a - b`, exact to the nanosecond. */
export function millisecondsBetween(a: Instant, b: Instant): Decimal {
  const nanos = a.epochNanoseconds - b.epochNanoseconds;
  return new Decimal(nanos.toString()).div(NANOS_PER_MS);
}

/** The moment moved by a number of milliseconds, rounded to nanoseconds; fails beyond the calendar. */
export function shiftedMoment(moment: Instant, milliseconds: Decimal): Instant {
  const nanos = milliseconds.times(NANOS_PER_MS);
  if (nanos.e > 21) return failEvaluation('the DateTime is out of range');
  try {
    return new Temporal.Instant(moment.epochNanoseconds + BigInt(nanos.toFixed(0)));
  } catch {
    return failEvaluation('the DateTime is out of range');
  }
}

/** The Temporal zone of a zone argument; fails when there is none of that name. */
export function zoneOf(value: Value): string {
  const zone = typeof value === 'string' ? zoneFromText(value) : null;
  return zone ?? failEvaluation(`${described(value)} is not a time zone`);
}
