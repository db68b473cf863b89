// Spec 30 §8: the service time of an attached plan before an instant, period by period.
import { daysAfter, type Instant, type PlainDate } from '../../kernel/time.ts';
import { billDates, firstBillDate, periodClosedBy } from '../calendar/billing-periods.ts';
import { type ClosedSpan, clippedSpan, type DateSpan, instantsOf } from '../calendar/local-dates.ts';
import type { AttachedPlan } from './attached-plan.ts';
import type { Calculation } from './calculation.ts';
import { type DueMember, periodsOf } from './due-member.ts';
import { dateOrder } from './plan-dates.ts';

/** A billing period and the part of it that is charged. */
export type ServicePeriod = DateSpan & { readonly service: ClosedSpan };

/**
 * The service time before `until`: every period before the closing one, and the part of the closing one
 * before `until`.
 */
export function earlierServices(
  calculation: Calculation,
  { attached, closing }: DueMember,
  until: Instant,
): readonly ServicePeriod[] {
  if (closing === null) return [];
  const active = { start: attached.activeStart, end: until };
  return [...periodsBefore(calculation, attached, closing.start), closing].flatMap(({ start, end }) => {
    const service = clippedSpan(instantsOf({ start, end }, attached.zone), [active]);
    return service === null ? [] : [{ start, end, service }];
  });
}

/**
 * The periods of the plan's bills before a date and, for time that no bill covers, those of its calendar;
 * together they reach to the date without a gap. With bills to 1 June and an epoch moved to the 15th since,
 * April and May stay periods, where the calendar would end on 15 May and lose the rest.
 */
function periodsBefore(
  { history }: Calculation,
  attached: AttachedPlan,
  date: PlainDate,
): readonly DateSpan[] {
  const billed = periodsOf(history.otherParts.get(attached.key) ?? [])
    .filter((period) => dateOrder(period.start, date) < 0)
    .toSorted((a, b) => dateOrder(a.start, b.start));
  const periods: DateSpan[] = [];
  let at = earliestOf([firstDate(attached), ...billed.map((period) => period.start)]);
  for (const { start, end } of billed) {
    periods.push(...periodsOfCalendar(attached, { start: at, end: start }));
    const from = dateOrder(at, start) < 0 ? start : at;
    const to = earliestOf([end, date]);
    if (dateOrder(from, to) >= 0) continue;
    periods.push({ start: from, end: to });
    at = to;
  }
  return [...periods, ...periodsOfCalendar(attached, { start: at, end: date })];
}

function earliestOf(dates: readonly [PlainDate, ...PlainDate[]]): PlainDate {
  return dates.reduce((first, date) => (dateOrder(date, first) < 0 ? date : first));
}

/** The first date of the plan's first period by its calendar. */
function firstDate({ calendar, startDate }: AttachedPlan): PlainDate {
  if (calendar === null) return startDate;
  return periodClosedBy(calendar, firstBillDate(calendar), null)?.start ?? startDate;
}

/** The dates cut at the plan's bill dates; in one piece without a cycle, and none when there are none. */
function periodsOfCalendar({ calendar }: AttachedPlan, { start, end }: DateSpan): readonly DateSpan[] {
  if (dateOrder(start, end) >= 0) return [];
  const cuts = calendar === null ? [] : billDates(calendar, daysAfter(start, 1), end);
  return [...cuts, end].map((cut, at) => ({ start: cuts[at - 1] ?? start, end: cut }));
}
