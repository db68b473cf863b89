// Spec 60 §8.3: named spans of time that move with the clock, for data exports and saved usage queries.
import type { Instant, Temporal } from '../../kernel/time.ts';

/** The names of the spans, in the order of the specification. */
export const NAMED_PERIODS = [
  'TODAY',
  'YESTERDAY',
  'WEEK_TO_DATE',
  'MONTH_TO_DATE',
  'YEAR_TO_DATE',
  'PREVIOUS_WEEK',
  'PREVIOUS_MONTH',
  'PREVIOUS_QUARTER',
  'PREVIOUS_YEAR',
  'LAST_12_HOURS',
  'LAST_7_DAYS',
  'LAST_30_DAYS',
  'LAST_35_DAYS',
  'LAST_90_DAYS',
  'LAST_120_DAYS',
  'LAST_YEAR',
] as const;

export type NamedPeriod = (typeof NAMED_PERIODS)[number];

/** A half-open span with both ends: [start, end). */
export type ClosedSpan = { readonly start: Instant; readonly end: Instant };

/**
 * The span that a name means at an instant (spec 60 §8.3), in UTC. Weeks begin on Monday, quarters in
 * January, April, July and October. Run on Wednesday 2024-06-12, PREVIOUS_WEEK is [2024-06-03, 2024-06-10).
 * A span "to date" is empty when the instant is its very start.
 */
export function namedPeriod(name: NamedPeriod, at: Instant): ClosedSpan {
  const moment = at.toZonedDateTimeISO('UTC');
  const day = moment.startOfDay();
  switch (name) {
    case 'TODAY':
      return span(day, moment);
    case 'YESTERDAY':
      return span(day.subtract({ days: 1 }), day);
    case 'WEEK_TO_DATE':
      return span(monday(day), moment);
    case 'MONTH_TO_DATE':
      return span(day.with({ day: 1 }), moment);
    case 'YEAR_TO_DATE':
      return span(day.with({ month: 1, day: 1 }), moment);
    case 'PREVIOUS_WEEK':
      return span(monday(day).subtract({ weeks: 1 }), monday(day));
    case 'PREVIOUS_MONTH':
      return lastMonths(day.with({ day: 1 }), 1);
    case 'PREVIOUS_QUARTER':
      return lastMonths(day.with({ day: 1, month: day.month - ((day.month - 1) % 3) }), 3);
    case 'PREVIOUS_YEAR':
      return lastMonths(day.with({ month: 1, day: 1 }), 12);
    case 'LAST_12_HOURS':
      return lastHours(moment.round({ smallestUnit: 'hour', roundingMode: 'floor' }), 12);
    case 'LAST_7_DAYS':
      return lastDays(day, 7);
    case 'LAST_30_DAYS':
      return lastDays(day, 30);
    case 'LAST_35_DAYS':
      return lastDays(day, 35);
    case 'LAST_90_DAYS':
      return lastDays(day, 90);
    case 'LAST_120_DAYS':
      return lastDays(day, 120);
    case 'LAST_YEAR':
      return lastDays(day, 365);
  }
}

function monday(day: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  return day.subtract({ days: day.dayOfWeek - 1 });
}

function lastMonths(end: Temporal.ZonedDateTime, months: number): ClosedSpan {
  return span(end.subtract({ months }), end);
}

function lastDays(end: Temporal.ZonedDateTime, days: number): ClosedSpan {
  return span(end.subtract({ days }), end);
}

function lastHours(end: Temporal.ZonedDateTime, hours: number): ClosedSpan {
  return span(end.subtract({ hours }), end);
}

function span(start: Temporal.ZonedDateTime, end: Temporal.ZonedDateTime): ClosedSpan {
  return { start: start.toInstant(), end: end.toInstant() };
}
