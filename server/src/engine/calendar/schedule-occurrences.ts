// Spec 50 §7, §9: moments at regular distances from a start, by the clock on the wall of a zone.
import { type Instant, isBefore, Temporal } from '../../kernel/time.ts';
import type { Frequency } from './cycle.ts';

/** From `start` on, every `interval` units, before `end`. */
export type Schedule = {
  readonly start: Instant;
  readonly end: Instant;
  readonly frequency: Frequency;
  /** A whole number above 0. */
  readonly interval: number;
  /** A Temporal zone id. */
  readonly zone: string;
};

/** The occurrence of a number, counted from 0. */
export type Occurrence = { readonly index: number; readonly at: Instant };

const UNITS = { DAILY: 'days', WEEKLY: 'weeks', MONTHLY: 'months', ANNUALLY: 'years' } as const;

/**
 * Occurrence `index`, whether or not it is before the end: counted from the start and never from a
 * neighbour, so 31 January, 28 February, 31 March.
 */
export function occurrenceAt({ start, frequency, interval, zone }: Schedule, index: number): Instant {
  return start
    .toZonedDateTimeISO(zone)
    .add({ [UNITS[frequency]]: index * interval })
    .toInstant();
}

/** The first occurrence later than `after`, or the very first one; null when there are no more. */
export function occurrenceAfter(schedule: Schedule, after: Instant | null): Occurrence | null {
  let index = after === null ? 0 : indexBefore(schedule, after);
  while (after !== null && !isBefore(after, occurrenceAt(schedule, index))) index += 1;
  const at = occurrenceAt(schedule, index);
  return isBefore(at, schedule.end) ? { index, at } : null;
}

/** At most `limit` occurrences from a number on. */
export function occurrencesFrom(schedule: Schedule, from: number, limit: number): readonly Occurrence[] {
  const found: Occurrence[] = [];
  for (let index = from; found.length < limit; index += 1) {
    const at = occurrenceAt(schedule, index);
    if (!isBefore(at, schedule.end)) return found;
    found.push({ index, at });
  }
  return found;
}

/** An index at or before the last occurrence that is not later than the moment; never below 0. */
function indexBefore({ start, frequency, interval, zone }: Schedule, moment: Instant): number {
  const unit = UNITS[frequency];
  const span = start.toZonedDateTimeISO(zone).until(moment.toZonedDateTimeISO(zone), { largestUnit: unit });
  return Math.max(0, Math.floor(span[unit] / interval) - 1);
}

/** Half-open time of one step, cut at the end of the schedule. */
export type SubPeriod = { readonly index: number; readonly start: Instant; readonly end: Instant };

export function subPeriodOf(schedule: Schedule, { index, at }: Occurrence): SubPeriod {
  const next = occurrenceAt(schedule, index + 1);
  const end = Temporal.Instant.compare(next, schedule.end) < 0 ? next : schedule.end;
  return { index, start: at, end };
}
