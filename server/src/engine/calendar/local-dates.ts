// Spec 40 §3.1, §3.6: local dates of the instants at which an attachment starts and ends, and spans of dates.
import {
  daysAfter,
  earlier,
  type Instant,
  isBefore,
  later,
  localDate,
  type PlainDate,
  type Span,
  startOfDate,
} from '../../kernel/time.ts';

/** Dates from midnight of `start` to midnight of `end`, which is not included. */
export type DateSpan = { readonly start: PlainDate; readonly end: PlainDate };

/** A span of instants that ends. */
export type ClosedSpan = { readonly start: Instant; readonly end: Instant };

/** The local date on which something starts. */
export function dateOfStart(start: Instant, zone: string): PlainDate {
  return localDate(start, zone);
}

/**
 * The first local date on which nothing of it is left: 1 June for an end at midnight of 1 June, but 2 June
 * for one at noon. With 1 June for both, a bill dated 1 June would be the last and the morning would never
 * be billed.
 */
export function dateOfEnd(end: Instant, zone: string): PlainDate {
  const date = localDate(end, zone);
  return isBefore(startOfDate(date, zone), end) ? daysAfter(date, 1) : date;
}

/** The instants of a span of dates in a zone. */
export function instantsOf(dates: DateSpan, zone: string): ClosedSpan {
  return { start: startOfDate(dates.start, zone), end: startOfDate(dates.end, zone) };
}

/**
 * The part of a span that lies in all of the others (a service period, spec 40 §3.5); null when there is
 * none.
 */
export function clippedSpan(span: ClosedSpan, others: readonly Span[]): ClosedSpan | null {
  let { start, end } = span;
  for (const other of others) {
    start = later(start, other.start);
    if (other.end !== null) end = earlier(end, other.end);
  }
  return isBefore(start, end) ? { start, end } : null;
}
