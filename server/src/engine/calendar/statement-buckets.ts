// Spec 40 §10.5: the rows' spans of time in a statement.
import { earlier, isBefore, later, localDate, type PlainDate, startOfDate } from '../../kernel/time.ts';
import type { ClosedSpan } from './local-dates.ts';

/** How long one row of a statement is; `WHOLE_PERIOD` is the span itself. */
export type StatementFrequency = 'DAY' | 'WEEK' | 'MONTH' | 'QUARTER' | 'YEAR' | 'WHOLE_PERIOD';

/** The zone of the days, and a date whose weekday begins the weeks. */
export type StatementCalendar = { readonly zone: string; readonly weekEpoch: PlainDate };

/**
 * The days, weeks, calendar months, quarters or years that touch a span, in order, the first and the last
 * clipped to it. [2024-05-30, 2024-06-02) by MONTH is [05-30, 06-01) and [06-01, 06-02).
 */
export function statementBuckets(
  frequency: StatementFrequency,
  span: ClosedSpan,
  calendar: StatementCalendar,
): readonly ClosedSpan[] {
  if (frequency === 'WHOLE_PERIOD') return [span];
  const buckets: ClosedSpan[] = [];
  let date = bucketDate(frequency, localDate(span.start, calendar.zone), calendar.weekEpoch);
  let start = startOfDate(date, calendar.zone);
  while (isBefore(start, span.end)) {
    date = date.add(LENGTH[frequency]);
    const end = startOfDate(date, calendar.zone);
    if (isBefore(span.start, end))
      buckets.push({ start: later(start, span.start), end: earlier(end, span.end) });
    start = end;
  }
  return buckets;
}

const LENGTH = {
  DAY: { days: 1 },
  WEEK: { weeks: 1 },
  MONTH: { months: 1 },
  QUARTER: { months: 3 },
  YEAR: { years: 1 },
} as const;

/** The first date of the bucket that the date lies in. */
function bucketDate(frequency: keyof typeof LENGTH, date: PlainDate, weekEpoch: PlainDate): PlainDate {
  switch (frequency) {
    case 'DAY':
      return date;
    case 'WEEK':
      return date.subtract({ days: (date.dayOfWeek - weekEpoch.dayOfWeek + 7) % 7 });
    case 'MONTH':
      return date.with({ day: 1 });
    case 'QUARTER':
      return date.with({ day: 1, month: date.month - ((date.month - 1) % 3) });
    case 'YEAR':
      return date.with({ day: 1, month: 1 });
  }
}
