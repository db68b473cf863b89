import { dateOfEnd } from '../../engine/calendar/local-dates.ts';
import { type Instant, type PlainDate, Temporal } from '../../kernel/time.ts';

/** PostgreSQL takes later ones, but not as they are written. */
const LAST_DATE = Temporal.PlainDate.from('9999-12-31');

/**
 * The first date that begins in the zone at that instant or later; the last date of all when there is none.
 */
export function firstDate(instant: Instant, zone: string): PlainDate {
  const date = dateOfEnd(instant, zone);
  return date.year > LAST_DATE.year ? LAST_DATE : date;
}
