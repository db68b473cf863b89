// Spec 40 §4.1-§4.3: frequency, period and dates of one bill.
import { daysAfter, localDate, type PlainDate } from '../../kernel/time.ts';
import type { BillFrequency } from '../calendar/cycle.ts';
import { type ClosedSpan, type DateSpan, instantsOf } from '../calendar/local-dates.ts';
import type { DraftBill } from './bill.ts';
import { isConsolidated } from './bill-slot.ts';
import type { Calculation } from './calculation.ts';
import type { DueMember } from './due-member.ts';
import type { AccountFacts, ExistingBillFacts } from './facts.ts';
import { dateOrder } from './plan-dates.ts';
import { hullOf } from './service-span.ts';

export type BillDates = Pick<
  DraftBill,
  | 'startDate'
  | 'endDate'
  | 'startDateTimeUTC'
  | 'endDateTimeUTC'
  | 'billDate'
  | 'dueDate'
  | 'externalInvoiceDate'
  | 'billingFrequency'
  | 'billFrequencyInterval'
  | 'timezone'
>;

/** What one account's bill of a slot holds: the plans with items on it, and the bill as it exists. */
export type BillParts = {
  readonly account: AccountFacts;
  readonly members: readonly DueMember[];
  readonly existing: ExistingBillFacts | null;
  /** The service periods of what is on the bill by its own date: charges. */
  readonly items: readonly ClosedSpan[];
};

/** The dates of the bill. The period and the zone of an existing bill stay (spec 40 §7.5). */
export function billDates(calculation: Calculation, parts: BillParts): BillDates {
  const { slot, index } = calculation;
  const { stamp, gridDate } = slot;
  const { organization } = index.facts;
  const period = parts.existing === null ? periodOf(calculation, parts) : existingPeriod(parts.existing);
  const instants = instantsOf(period, stamp.timezone);
  const frequency = billFrequency(calculation, parts.members);
  const billDate = stamp.billDate ?? gridDate;
  const days = parts.account.daysBeforeBillDue ?? organization.daysBeforeBillDue;
  return {
    startDate: period.start,
    endDate: period.end,
    startDateTimeUTC: instants.start,
    endDateTimeUTC: instants.end,
    billDate,
    dueDate: stamp.dueDate ?? daysAfter(billDate, days),
    externalInvoiceDate:
      stamp.externalInvoiceDate ??
      invoiceDate(calculation, { frequency: frequency.billingFrequency, billDate }),
    billingFrequency: frequency.billingFrequency,
    billFrequencyInterval: frequency.billFrequencyInterval,
    timezone: stamp.timezone,
  };
}

function periodOf({ slot }: Calculation, { members, items }: BillParts): DateSpan {
  if (members.length > 0 || items.length === 0) return longestPeriod(members, slot.gridDate);
  const { start, end } = hullOf(items);
  return { start: localDate(start, slot.stamp.timezone), end: localDate(end, slot.stamp.timezone) };
}

/** The longest of the plans' periods, which all end on the grid date. */
function longestPeriod(members: readonly DueMember[], gridDate: PlainDate): DateSpan {
  const starts = members.map((member) => member.billPeriod.start).toSorted(dateOrder);
  return { start: starts[0] ?? gridDate, end: gridDate };
}

function existingPeriod({ startDate, endDate }: ExistingBillFacts): DateSpan {
  return { start: startDate, end: endDate };
}

type FrequencyFields = Pick<DraftBill, 'billingFrequency' | 'billFrequencyInterval'>;

/** The identity's frequency; of a consolidated bill the common one of its plans with a cycle, else MIXED. */
function billFrequency({ slot }: Calculation, members: readonly DueMember[]): FrequencyFields {
  const keys = isConsolidated(slot)
    ? [...new Set(members.map(({ attached }) => cycleKey(attached)).filter((key) => key !== null))]
    : [slot.frequencyKey];
  if (keys.length > 1) return { billingFrequency: 'MIXED', billFrequencyInterval: null };
  const [frequency = 'AD_HOC', interval] = keys[0]?.split('/') ?? [];
  return {
    billingFrequency: frequency as BillFrequency,
    billFrequencyInterval: interval === undefined ? null : Number.parseInt(interval, 10),
  };
}

function cycleKey({ calendar }: DueMember['attached']): string | null {
  return calendar === null ? null : `${calendar.cycle.frequency}/${calendar.cycle.interval}`;
}

function invoiceDate(
  { slot, index }: Calculation,
  bill: { readonly frequency: BillFrequency; readonly billDate: PlainDate },
): PlainDate {
  if (bill.frequency === 'AD_HOC') return bill.billDate;
  const isLastDay = index.facts.organization.externalInvoiceDate === 'LAST_DAY_OF_ARREARS';
  return isLastDay ? daysAfter(slot.gridDate, -1) : slot.gridDate;
}
