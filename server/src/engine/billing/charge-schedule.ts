// Spec 50 §9: the charges of a schedule: which times they are for, and when each is billed.
import { type Instant, localDate, type PlainDate, startOfDate } from '../../kernel/time.ts';
import { type Cycle, gridDate, gridIndexAtOrAfter } from '../calendar/cycle.ts';
import { type EpochTable, effectiveEpoch } from '../calendar/epoch.ts';
import { dateOfEnd } from '../calendar/local-dates.ts';
import {
  occurrenceAfter,
  occurrencesFrom,
  type Schedule,
  type SubPeriod,
  subPeriodOf,
} from '../calendar/schedule-occurrences.ts';

/** A schedule with the grid of its bill dates; `times` starts with the service period. */
export type ChargeSchedule = {
  readonly times: Schedule;
  readonly inAdvance: boolean;
  readonly billEpoch: PlainDate | null;
  readonly epochs: EpochTable;
};

/** A charge to be made for a part of the service period, at the start of its bill date. */
export type ScheduledCharge = SubPeriod & { readonly billDate: PlainDate; readonly runAt: Instant };

/** The first charge for a time that starts after a moment; null when none is left. */
export function chargeAfter(schedule: ChargeSchedule, after: Instant | null): ScheduledCharge | null {
  const next = occurrenceAfter(schedule.times, after);
  return next === null ? null : scheduledCharge(schedule, subPeriodOf(schedule.times, next));
}

/** At most `limit` charges from a number on, in order of their bill dates. */
export function chargesFrom(
  schedule: ChargeSchedule,
  from: number,
  limit: number,
): readonly ScheduledCharge[] {
  return occurrencesFrom(schedule.times, from, limit).map((occurrence) =>
    scheduledCharge(schedule, subPeriodOf(schedule.times, occurrence)),
  );
}

/** In advance: the first date of the grid from the start of the time on; in arrears: from its end on. */
function scheduledCharge(schedule: ChargeSchedule, period: SubPeriod): ScheduledCharge {
  const { zone, frequency, interval } = schedule.times;
  const own = [schedule.billEpoch];
  const epoch = effectiveEpoch(frequency, { own, tables: [schedule.epochs] });
  const cycle: Cycle = { frequency, interval, epoch };
  const from = schedule.inAdvance ? localDate(period.start, zone) : dateOfEnd(period.end, zone);
  const billDate = gridDate(cycle, gridIndexAtOrAfter(cycle, from));
  return { ...period, billDate, runAt: startOfDate(billDate, zone) };
}
