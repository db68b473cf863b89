// Spec 40 §7.6: the times at which bills are calculated by themselves, and how long closed periods stay open.
import { assert } from '../../kernel/assert.ts';
import { type Instant, isBefore, Temporal } from '../../kernel/time.ts';

/**
 * Every multiple of the interval after the local midnight of `zone`. The offset, in hours of the day, goes
 * with an interval of 24 hours only and is 0 otherwise.
 */
export type BillingSchedule = {
  readonly intervalMinutes: number;
  readonly offsetHours: number;
  readonly zone: string;
};

const DAY_MINUTES = 1440;
const LATE_HOURS = 24;

/** The last time of the schedule that is not after the moment. */
export function runAtOrBefore(schedule: BillingSchedule, moment: Instant): Instant {
  const turn = Math.floor(turnOf(schedule, moment));
  return lastNotAfter(schedule, moment, turn);
}

function lastNotAfter(schedule: BillingSchedule, moment: Instant, turn: number): Instant {
  for (let back = 0; back <= 8; back += 1) {
    const time = timeOfTurn(schedule, moment, turn - back);
    if (!isBefore(moment, time)) return time;
  }
  assert(false, 'a time of the schedule is at most a day ago');
}

/** The first time of the schedule that is not before the moment. */
export function runAtOrAfter(schedule: BillingSchedule, moment: Instant): Instant {
  const turn = Math.ceil(turnOf(schedule, moment));
  for (let ahead = 0; ahead <= 8; ahead += 1) {
    const time = timeOfTurn(schedule, moment, turn + ahead);
    if (!isBefore(time, moment)) return time;
  }
  assert(false, 'a time of the schedule is at most a day ahead');
}

/** How many intervals after the offset of its day the moment lies; below 0 before it. */
function turnOf({ intervalMinutes, offsetHours, zone }: BillingSchedule, moment: Instant): number {
  const { hour, minute, second, millisecond, microsecond, nanosecond } = moment.toZonedDateTimeISO(zone);
  const isWhole = second + millisecond + microsecond + nanosecond === 0;
  const minutes = hour * 60 + minute + (isWhole ? 0 : 0.5);
  return (minutes - offsetHours * 60) / intervalMinutes;
}

/** A local time that a change of the clock leaves out comes after the gap; one that comes twice, once. */
function timeOfTurn(schedule: BillingSchedule, moment: Instant, turn: number): Instant {
  const { intervalMinutes, offsetHours, zone } = schedule;
  const minutes = turn * intervalMinutes + offsetHours * 60;
  const days = Math.floor(minutes / DAY_MINUTES);
  const ofDay = minutes - days * DAY_MINUTES;
  const date = moment.toZonedDateTimeISO(zone).toPlainDate().add({ days });
  const plainTime = new Temporal.PlainTime(Math.floor(ofDay / 60), ofDay % 60);
  return date.toZonedDateTime({ timeZone: zone, plainTime }).toInstant();
}

/** Until when a period with this end takes late measurements: 24 hours after the run that closes it. */
export function lateLimit(schedule: BillingSchedule, periodEnd: Instant): Instant {
  return runAtOrAfter(schedule, periodEnd).add({ hours: LATE_HOURS });
}

/** As `lateLimit` for what ended by itself within the period: no run is waited for. */
export function lateLimitOfEnd(end: Instant): Instant {
  return end.add({ hours: LATE_HOURS });
}
