// Spec 40 §3.4-3.6: the bill dates of an attachment and the periods that they close and open.
import { assert } from '../../kernel/assert.ts';
import { remembering, rememberingLast } from '../../kernel/memo.ts';
import { dateNumber, type PlainDate, Temporal } from '../../kernel/time.ts';
import { type Cycle, gridDate, gridIndexAtOrAfter, gridIndexAtOrBefore, isGridDate } from './cycle.ts';

/**
 * A plan on an account as the calendar sees it. `start` = local date of its start; `end` = the first local
 * date on which nothing of it is left (`dateOfEnd`, which also says what an end at noon means), null = open.
 */
export type BillingAttachment = {
  readonly cycle: Cycle;
  readonly start: PlainDate;
  readonly end: PlainDate | null;
};

const attachments = remembering<string, BillingAttachment>(20_000);

/** The same object for all plans that look the same, so that dates remembered with it serve all of them. */
export function billingAttachment(cycle: Cycle, start: PlainDate, end: PlainDate | null): BillingAttachment {
  const { frequency, interval, epoch } = cycle;
  const last = end === null ? '' : dateNumber(end);
  const key = `${frequency} ${interval} ${dateNumber(epoch)} ${dateNumber(start)} ${last}`;
  return attachments(key, () => ({ cycle, start, end }));
}

/**
 * Dates [start, end); `index` numbers the periods of the attachment 0, 1, 2 … from its first, however long.
 */
export type BillingPeriod = {
  readonly start: PlainDate;
  readonly end: PlainDate;
  readonly index: number;
};

/**
 * Whether a date is a bill date: on the grid, not before the epoch, after the start, and not after the first
 * grid date on or after the end. With `advance` the attachment has items billed at the start of a period, so
 * the start itself is a bill date too when it is on the grid.
 */
export function isBillDate(
  attachment: BillingAttachment,
  date: PlainDate,
  timing: { readonly advance: boolean },
): boolean {
  return billDateLooks(attachment, [dateNumber(date), timing.advance], () => {
    if (periodClosedBy(attachment, date, null) !== null) return true;
    return timing.advance && periodOpenedBy(attachment, date) !== null;
  });
}

const billDateLooks = rememberingLast<BillingAttachment, boolean>();

/**
 * The period in arrears of the bill of this date; null when the date closes none (then it is no arrears bill
 * date). `latestEarlierEnd` = end of the attachment's latest existing bill that ends before this date: after
 * a change of epoch or frequency the period starts there, so no day is billed twice. Monthly bills up to 1
 * June, epoch moved to the 15th: the bill of 15 June covers 1 to 15 June.
 */
export function periodClosedBy(
  attachment: BillingAttachment,
  billDate: PlainDate,
  latestEarlierEnd: PlainDate | null,
): BillingPeriod | null {
  const { cycle } = attachment;
  if (!isGridDate(cycle, billDate)) return null;
  const k = gridIndexAtOrBefore(cycle, billDate);
  if (k < firstIndex(attachment) || k > lastIndex(attachment)) return null;
  // The bill on the epoch is the first there is, so it takes everything since the start.
  const previous = gridDate(cycle, k - 1);
  const start = k === 0 ? earlierDate(previous, attachment.start) : previous;
  const index = k - firstIndex(attachment);
  if (latestEarlierEnd === null) return { start, end: billDate, index };
  assert(isDateBefore(latestEarlierEnd, billDate), 'an earlier bill ends before the bill date');
  return { start: laterDate(start, latestEarlierEnd), end: billDate, index };
}

/**
 * The period in advance of the bill of this date: the cell that begins with it. Null when the date is off
 * the grid, before the epoch or the start, or when the attachment has ended by then.
 */
export function periodOpenedBy(attachment: BillingAttachment, billDate: PlainDate): BillingPeriod | null {
  const { cycle, start, end } = attachment;
  if (!isGridDate(cycle, billDate)) return null;
  const k = gridIndexAtOrBefore(cycle, billDate);
  if (k < 0 || isDateBefore(billDate, start)) return null;
  if (end !== null && !isDateBefore(billDate, end)) return null;
  return { start: billDate, end: gridDate(cycle, k + 1), index: k + 1 - firstIndex(attachment) };
}

/**
 * The first arrears bill date on or after a date: for a date that is none itself, that of the period in
 * progress which contains it. Null after the last one.
 */
export function nextBillDate(attachment: BillingAttachment, afterOrOn: PlainDate): PlainDate | null {
  const k = Math.max(firstIndex(attachment), gridIndexAtOrAfter(attachment.cycle, afterOrOn));
  return k > lastIndex(attachment) ? null : gridDate(attachment.cycle, k);
}

/** The arrears bill dates with from <= date < to, ascending. */
export function billDates(
  attachment: BillingAttachment,
  from: PlainDate,
  to: PlainDate,
): readonly PlainDate[] {
  const dates: PlainDate[] = [];
  const last = lastIndex(attachment);
  let k = Math.max(firstIndex(attachment), gridIndexAtOrAfter(attachment.cycle, from));
  for (; k <= last; k += 1) {
    const date = gridDate(attachment.cycle, k);
    if (!isDateBefore(date, to)) break;
    dates.push(date);
  }
  return dates;
}

/** The date of the attachment's first arrears bill. */
export function firstBillDate(attachment: BillingAttachment): PlainDate {
  return gridDate(attachment.cycle, firstIndex(attachment));
}

/** The date of the attachment's last arrears bill; null while it is open. */
export function lastBillDate(attachment: BillingAttachment): PlainDate | null {
  return attachment.end === null ? null : gridDate(attachment.cycle, lastIndex(attachment));
}

/**
 * The period of a bill of an attachment without a grid (AD_HOC, MIXED): from its latest bill before the bill
 * date, else from its start. Null when nothing lies between.
 */
export function adHocPeriod(
  start: PlainDate,
  billDate: PlainDate,
  latestEarlierEnd: PlainDate | null,
): { readonly start: PlainDate; readonly end: PlainDate } | null {
  const from = latestEarlierEnd ?? start;
  return isDateBefore(from, billDate) ? { start: from, end: billDate } : null;
}

/** The grid index of the first arrears bill: after the start and not before the epoch. */
function firstIndex(attachment: BillingAttachment): number {
  return Math.max(0, gridIndexAtOrBefore(attachment.cycle, attachment.start) + 1);
}

/** The grid index of the last arrears bill. One that ended before its epoch is still billed on the epoch. */
function lastIndex(attachment: BillingAttachment): number {
  if (attachment.end === null) return Number.POSITIVE_INFINITY;
  return Math.max(firstIndex(attachment), gridIndexAtOrAfter(attachment.cycle, attachment.end));
}

function isDateBefore(a: PlainDate, b: PlainDate): boolean {
  return Temporal.PlainDate.compare(a, b) < 0;
}

function earlierDate(a: PlainDate, b: PlainDate): PlainDate {
  return isDateBefore(a, b) ? a : b;
}

function laterDate(a: PlainDate, b: PlainDate): PlainDate {
  return isDateBefore(a, b) ? b : a;
}
