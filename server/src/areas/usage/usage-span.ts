import { dateTime, oneOf, optional } from '../../api/fields.ts';
import { NAMED_PERIODS, type NamedPeriod, namedPeriod } from '../../engine/calendar/named-periods.ts';
import { refusal } from '../../kernel/errors.ts';
import { type Instant, later } from '../../kernel/time.ts';

/** What a usage query says of its span: two dates, or a period that moves with the clock (spec 20 §13). */
export function spanFields() {
  return {
    startDate: optional(dateTime()),
    endDate: optional(dateTime()),
    timePeriod: optional(oneOf(NAMED_PERIODS)),
  };
}

type Span = { readonly startDate: Instant | null; readonly endDate: Instant | null };

/**
 * The span of a query that is asked at an instant: a period overrides the dates, without one both are
 * required. A period that has just begun ends a millisecond later.
 */
export function askedSpan(
  { startDate, endDate, timePeriod }: Span & { readonly timePeriod: NamedPeriod | null },
  now: Instant,
): { readonly startDate: Instant; readonly endDate: Instant } {
  if (timePeriod !== null) {
    const { start, end } = namedPeriod(timePeriod, now);
    return { startDate: start, endDate: later(end, start.add({ milliseconds: 1 })) };
  }
  if (startDate === null) throw refusal('VALIDATION_FAILED', 'startDate', 'is required');
  if (endDate === null) throw refusal('VALIDATION_FAILED', 'endDate', 'is required');
  return { startDate, endDate };
}
