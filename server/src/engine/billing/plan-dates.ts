// Spec 40 §3.4, §3.6, §7.5: the dates that one attached plan closes and opens with a bill of some date.
import { rememberingLast } from '../../kernel/memo.ts';
import { dateNumber, daysAfter, type PlainDate, Temporal } from '../../kernel/time.ts';
import {
  adHocPeriod,
  type BillingAttachment,
  type BillingPeriod,
  nextBillDate,
  periodClosedBy,
  periodOpenedBy,
} from '../calendar/billing-periods.ts';
import { gridDate, gridIndexAtOrBefore } from '../calendar/cycle.ts';
import type { DateSpan } from '../calendar/local-dates.ts';
import type { AttachedPlan } from './attached-plan.ts';
import type { BilledPeriod } from './bill.ts';

export type PlanDates = {
  /** The period that ends on the date; null on the plan's own start date. */
  readonly closing: BillingPeriod | null;
  /** The period that begins on the date; null for plans without a cycle and after the end. */
  readonly opening: BillingPeriod | null;
  /** The dates that the plan gives to the bill. */
  readonly billPeriod: DateSpan;
};

/** A date and what earlier bills say about it. */
export type DatesSought = {
  readonly date: PlainDate;
  /** The plan's part in the existing bill of this date: a period that is billed does not move. */
  readonly stored: BilledPeriod | null;
  /** The end of the plan's latest other bill before the date, and how many such bills there are. */
  readonly billedUntil: PlainDate | null;
  readonly billsBefore: number;
  readonly adHocNamed: boolean;
  /** The existing bill was made when the plan had another frequency or interval. */
  readonly isFormerFrequency: boolean;
  /** Another bill closes the plan's period up to this date: only what begins on it is left to charge. */
  readonly isClosedElsewhere: boolean;
};

/** The dates, or null when the plan has no part in a bill of that date. */
export function planDates(attached: AttachedPlan, sought: DatesSought): PlanDates | null {
  const { calendar } = attached;
  if (calendar === null) return adHocDates(attached, sought);
  const { date, stored } = sought;
  const dates = sought.isFormerFrequency ? null : gridDates(calendar, sought);
  if (stored === null) return dates;
  const isKept = dates !== null && (dates.closing !== null || stored.period === null);
  return isKept ? dates : formerGridDates(calendar, date, stored);
}

const datesOnGrid = rememberingLast<BillingAttachment, PlanDates | null>();

function gridDates(calendar: BillingAttachment, sought: DatesSought): PlanDates | null {
  const { date, stored, billedUntil, isClosedElsewhere } = sought;
  const dates = [date, stored?.period?.start, billedUntil].map((known) => known && dateNumber(known));
  return datesOnGrid(calendar, [...dates, isClosedElsewhere], () => computedDates(calendar, sought));
}

function computedDates(calendar: BillingAttachment, sought: DatesSought): PlanDates | null {
  const { cycle } = calendar;
  const byFormula = sought.isClosedElsewhere
    ? null
    : periodClosedBy(calendar, sought.date, sought.billedUntil);
  const start = sought.stored?.period?.start;
  const closing = byFormula === null || start === undefined ? byFormula : { ...byFormula, start };
  const opening = periodOpenedBy(calendar, sought.date);
  if (closing === null && opening === null) return null;
  const cellStart = gridDate(cycle, gridIndexAtOrBefore(cycle, sought.date) - 1);
  return { closing, opening, billPeriod: closing ?? { start: cellStart, end: sought.date } };
}

/**
 * An existing bill whose date or frequency is no longer the plan's keeps its period. What it opens ends where
 * it did, or at the next date of the new grid if that comes first: there the next bill takes over.
 */
function formerGridDates(calendar: BillingAttachment, date: PlainDate, stored: BilledPeriod): PlanDates {
  const { period } = stored;
  const closing = period === null ? null : { ...period, index: indexAt(calendar, period.start) };
  const next = nextBillDate(calendar, daysAfter(date, 1));
  const opening = next === null ? null : formerOpening(calendar, { start: date, end: next }, stored);
  return { closing, opening, billPeriod: period ?? { start: date, end: date } };
}

function formerOpening(
  calendar: BillingAttachment,
  { start, end }: DateSpan,
  { openedUntil }: BilledPeriod,
): BillingPeriod {
  const isShorter = openedUntil && dateOrder(openedUntil, end) < 0;
  return { start, end: isShorter ? openedUntil : end, index: indexAt(calendar, start) };
}

/** The number of the period that the date lies in. */
function indexAt(calendar: BillingAttachment, date: PlainDate): number {
  const next = nextBillDate(calendar, daysAfter(date, 1));
  return next === null ? 0 : (periodClosedBy(calendar, next, null)?.index ?? 0);
}

/** Plans without a cycle: from the end of the latest bill, else from the start, with nothing in advance. */
function adHocDates(attached: AttachedPlan, sought: DatesSought): PlanDates | null {
  const { stored } = sought;
  const closes = stored === null ? sought.adHocNamed && !sought.isClosedElsewhere : stored.period !== null;
  if (!closes) return null;
  const billedUntil = stored?.period?.start ?? sought.billedUntil;
  const period = adHocPeriod(attached.startDate, sought.date, billedUntil);
  if (period === null) return null;
  return { closing: { ...period, index: sought.billsBefore }, opening: null, billPeriod: period };
}

/** -1, 0 or 1: dates in order. */
export function dateOrder(a: PlainDate, b: PlainDate): number {
  return Temporal.PlainDate.compare(a, b);
}
