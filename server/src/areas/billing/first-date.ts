import {
  daysAfter,
  type Instant,
  isBefore,
  localDate,
  type PlainDate,
  startOfDate,
  Temporal,
} from '../../kernel/time.ts';

/** PostgreSQL takes later ones, but not as they are written. */
const LAST_DATE = Temporal.PlainDate.from('9999-12-31');

/**
 * The first date that begins in the zone at that instant or later; the last date of all when there is none.
 */
export function firstDate(instant: Instant, zone: string): PlainDate {
  const date = localDate(instant, zone);
  const first = isBefore(startOfDate(date, zone), instant) ? daysAfter(date, 1) : date;
  return first.year > LAST_DATE.year ? LAST_DATE : first;
}
