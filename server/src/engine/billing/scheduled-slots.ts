// Spec 40 §7.6: which bills a run of the schedule calculates, and which measurements still count for them.
import {
  daysAfter,
  type Instant,
  isBefore,
  localDate,
  type PlainDate,
  startOfDate,
} from '../../kernel/time.ts';
import { type BillingAttachment, isBillDate, nextBillDate } from '../calendar/billing-periods.ts';
import {
  type BillingSchedule,
  lateLimit,
  lateLimitOfEnd,
  runAtOrAfter,
} from '../calendar/billing-schedule.ts';
import type { AttachedPlan } from './attached-plan.ts';
import type { Calculation } from './calculation.ts';
import type { CreateTarget, ExistingBillFacts } from './facts.ts';
import { dateOrder } from './plan-dates.ts';

/** A closed period is open for a day after a run that is at most a day away; a day more for zones. */
const RECENT_DAYS = 3;

/** Bills that ended longer ago and were never calculated after their end are left to people. */
export const UNCLOSED_DAYS = 35;

type Running = { readonly now: Instant; readonly schedule: BillingSchedule; readonly today: PlainDate };

/**
 * The bill dates that the run calculates for an attached plan: that of the period in progress, those that
 * still take late measurements, and those whose bill has not been calculated since its end, as after a stop
 * of the product.
 */
export function scheduledDates(
  attached: AttachedPlan,
  target: CreateTarget & { readonly schedule: BillingSchedule },
  bills: readonly ExistingBillFacts[],
): readonly PlainDate[] {
  const { calendar, zone } = attached;
  const { now, schedule } = target;
  const running = { now, schedule, today: localDate(now, zone) };
  if (calendar === null || dateOrder(attached.startDate, running.today) > 0) return [];
  const own = bills.filter((bill) =>
    bill.periods.some((part) => part.accountPlanId === attached.accountPlan.id),
  );
  const next = nextBillDate(calendar, daysAfter(running.today, 1));
  const inProgress = next !== null && isCurrent(attached, next, { ...running, own }) ? [next] : [];
  return [...unclosedDates(attached, own, running), ...openDates(attached, calendar, running), ...inProgress];
}

type Current = Running & { readonly own: readonly ExistingBillFacts[] };

/** A plan that has ended within the period is settled when its own limit has passed and it is on the bill. */
function isCurrent(attached: AttachedPlan, date: PlainDate, { own, now, schedule }: Current): boolean {
  if (!isBefore(limitOf(attached, date, schedule), now)) return true;
  return !own.some(({ identity }) => identity.gridDate.equals(date));
}

function openDates(
  attached: AttachedPlan,
  calendar: BillingAttachment,
  { now, schedule, today }: Running,
): readonly PlainDate[] {
  const recent = Array.from({ length: RECENT_DAYS + 1 }, (_, days) => daysAfter(today, -days));
  return recent.filter(
    (date) =>
      isBillDate(calendar, date, { advance: true }) && !isBefore(limitOf(attached, date, schedule), now),
  );
}

function unclosedDates(
  { zone }: AttachedPlan,
  own: readonly ExistingBillFacts[],
  { now, today, schedule }: Running,
): readonly PlainDate[] {
  const since = daysAfter(today, -UNCLOSED_DAYS);
  return own
    .filter(({ identity: { gridDate }, calculatedAt }) => {
      if (calculatedAt === undefined || dateOrder(gridDate, since) < 0) return false;
      const closing = runAtOrAfter(schedule, startOfDate(gridDate, zone));
      return !isBefore(now, closing) && isBefore(calculatedAt, closing);
    })
    .map(({ identity }) => identity.gridDate);
}

/** Until when late measurements count for the attached plan's charges on the bill of that date. */
function limitOf({ accountPlan, zone }: AttachedPlan, date: PlainDate, schedule: BillingSchedule): Instant {
  const periodEnd = startOfDate(date, zone);
  const { endDate } = accountPlan;
  if (endDate !== null && isBefore(endDate, periodEnd)) return lateLimitOfEnd(endDate);
  return lateLimit(schedule, periodEnd);
}

/**
 * Of a run of the schedule: the moment from which measurements come too late for the attached plan's charges
 * on this bill; null while they are welcome. Each plan's charges freeze at their own limit.
 */
export function receivedBefore({ index, slot }: Calculation, attached: AttachedPlan): Instant | null {
  const { target } = index.facts;
  if (target.kind !== 'CREATE' || !target.schedule) return null;
  const limit = limitOf(attached, slot.gridDate, target.schedule);
  return isBefore(limit, target.now) ? limit : null;
}
