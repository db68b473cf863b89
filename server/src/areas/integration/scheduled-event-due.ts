import {
  type Instant,
  isBefore,
  localDate,
  type PlainDate,
  startOfDate,
  Temporal,
} from '../../kernel/time.ts';

/** A date or a moment of an entity that an event is scheduled by. */
export type FieldValue = Instant | PlainDate;

export type Schedule = {
  /** In days; negative means before. */
  readonly offset: number;
  /** The organization's timezone. */
  readonly zone: string;
};

/**
 * When the event of a value is due (spec 60 §4): the midnight that begins the date `offset` days later, or
 * for a moment the same local time `offset` calendar days later. 2024-03-01 plus 5 days in Berlin:
 * 2024-03-05T23:00:00Z.
 */
export function dueInstant(value: FieldValue, { offset, zone }: Schedule): Instant {
  if (value instanceof Temporal.PlainDate) return startOfDate(value.add({ days: offset }), zone);
  return value.toZonedDateTimeISO(zone).add({ days: offset }).toInstant();
}

/** What has been looked at up to `after` is looked at again from there up to `until`, which belongs to it. */
export type Window = { readonly after: Instant; readonly until: Instant };

export function isWithin(moment: Instant, { after, until }: Window): boolean {
  return isBefore(after, moment) && !isBefore(until, moment);
}

/** The dates whose events are due in the window; none unless a midnight lies in it. */
export function datesDue(window: Window, schedule: Schedule): readonly PlainDate[] {
  const { offset, zone } = schedule;
  const last = localDate(window.until, zone);
  const dates: PlainDate[] = [];
  for (let day = localDate(window.after, zone); day.until(last).sign >= 0; day = day.add({ days: 1 })) {
    if (isWithin(startOfDate(day, zone), window)) dates.push(day.subtract({ days: offset }));
  }
  return dates;
}

/** Days of a zone are up to two hours longer or shorter than 24. */
const SLACK_HOURS = 3;

/** A window that holds all moments whose events are due in the given one. */
export function momentsDue({ after, until }: Window, { offset }: Schedule): Window {
  const hours = 24 * offset;
  return {
    after: after.subtract({ hours: hours + SLACK_HOURS }),
    until: until.subtract({ hours: hours - SLACK_HOURS }),
  };
}
