// Spec 40 §4.2, §4.6, §8.1: which dates, groups and frequencies of a unit a job or a recalculation asks for.
import { daysAfter, localDate, type PlainDate } from '../../kernel/time.ts';
import { isBillDate, nextBillDate } from '../calendar/billing-periods.ts';
import { isCyclic } from '../calendar/cycle.ts';
import { type AttachedPlan, attachedPlans } from './attached-plan.ts';
import type { BillStamp } from './bill.ts';
import { frequencyKeyOf, groupKeyOf, isSameSlot, slotKey } from './bill-slot.ts';
import { type Calculation, calculationOf, type DueSlot } from './calculation.ts';
import { slotsWithCharges } from './charge-slots.ts';
import type { DueMember } from './due-member.ts';
import type { BillFacts, CreateTarget, RecalculateTarget } from './facts.ts';
import { type FactsIndex, sortedBy } from './facts-index.ts';
import { slotsWithFees } from './fee-slots.ts';
import { opensWithCharge } from './opening-charges.ts';
import { dateOrder } from './plan-dates.ts';
import { scheduledDates } from './scheduled-slots.ts';
import type { OwnBills } from './slot-placing.ts';

/** The slots that the target asks for, ordered by date, shorter frequencies first. */
export function dueSlots(index: FactsIndex): readonly DueSlot[] {
  const { target } = index.facts;
  const slots =
    target.kind === 'CREATE' ? slotsOfJob(index, target) : inOrder(slotsOfBills(index.facts, target));
  if (index.facts.charges.length + index.facts.commitments.length === 0) return slots;
  const ownCharges = target.kind === 'CREATE' ? ownChargeBills(index, { target, slots }) : null;
  return slotsWithCharges(index, slotsWithFees(index, slots, ownCharges), ownCharges);
}

function inOrder(slots: readonly DueSlot[]): readonly DueSlot[] {
  const unique = new Map(slots.map((slot) => [slotKey(slot), slot]));
  return sortedBy([...unique.values()], slotKey);
}

/** Spec 40 §4.2: where charges go that no plan's bill takes; null when the job asks for other bills. */
function ownChargeBills(
  index: FactsIndex,
  { target, slots }: { readonly target: CreateTarget; readonly slots: readonly DueSlot[] },
): OwnBills {
  const { billingFrequency } = target;
  const stamp = stampOfJob(index, target);
  return {
    date: targetDate(target, stamp),
    frequencyKey: index.facts.organization.consolidateBills ? 'CONSOLIDATED' : 'AD_HOC',
    stamp,
    adHocNamed: billingFrequency === 'AD_HOC',
    isAskedFor: asksForOwnBills(target),
    waiting: waitingSlots(index, target, slots),
  };
}

function asksForOwnBills({ billingFrequency }: CreateTarget): boolean {
  return billingFrequency === null || billingFrequency === 'AD_HOC';
}

/** Spec 40 §4.2: a charge joins the shortest of all bills due on its date, also of those not asked for. */
function waitingSlots(
  index: FactsIndex,
  target: CreateTarget,
  asked: readonly DueSlot[],
): readonly DueSlot[] {
  const { charges, commitments } = index.facts;
  const isEveryAsked = target.billingFrequency === null && target.billFrequencyInterval === null;
  if (isEveryAsked || charges.length + commitments.length === 0) return [];
  const all = slotsOfJob(index, { ...target, billingFrequency: null, billFrequencyInterval: null });
  return all.filter((slot) => !asked.some((other) => isSameSlot(other, slot)));
}

/** Spec 40 §8.1: the day after L, or the date that the job names, or today. */
function targetDate({ lastDateInBillingPeriod, billDate, now }: CreateTarget, stamp: BillStamp): PlainDate {
  if (lastDateInBillingPeriod !== null) return daysAfter(lastDateInBillingPeriod, 1);
  return billDate ?? localDate(now, stamp.timezone);
}

/** Spec 40 §6.1: a child's bill is recalculated with its parent's only, so bills of children name nothing. */
function slotsOfBills(facts: BillFacts, target: RecalculateTarget): readonly DueSlot[] {
  const children = new Set(
    facts.accounts.filter((account) => account.parentAccountId !== null).map((account) => account.id),
  );
  return facts.bills
    .filter(
      (bill) =>
        target.billIds.includes(bill.id) &&
        !bill.locked &&
        (target.namesChildren === true || !children.has(bill.identity.accountId)),
    )
    .map(({ identity, stamp }) => ({
      gridDate: identity.gridDate,
      groupKey: identity.groupKey,
      frequencyKey: identity.frequencyKey,
      stamp,
      adHocNamed: false,
      makesAlone: false,
      chargeIds: [],
      fees: [],
    }));
}

function slotsOfJob(index: FactsIndex, target: CreateTarget): readonly DueSlot[] {
  const stamp = stampOfJob(index, target);
  const slotsSoFar = new Map<string, SlotMembers>();
  const asking = { index, target, stamp, date: targetDate(target, stamp), slots: slotsSoFar };
  const slots: DueSlot[] = [];
  for (const attached of attachedPlans(index, stamp)) {
    if (!isAskedFor(attached, target)) continue;
    for (const slot of slotsOf(asking, attached)) if (slot !== null) slots.push(slot);
  }
  return inOrder(slots);
}

function slotsOf(asking: Asking, attached: AttachedPlan): readonly (DueSlot | null)[] {
  const { target, index } = asking;
  const { schedule } = target;
  if (schedule === undefined) return [slotOf(asking, attached)];
  const dates = scheduledDates(attached, { ...target, schedule }, index.facts.bills);
  return dates.map((date) => withKeptStamp(index.facts, dueSlotAt(asking, attached, date)));
}

/** A run of the schedule keeps what a job has stamped on the bill. */
function withKeptStamp({ bills }: BillFacts, slot: DueSlot | null): DueSlot | null {
  if (slot === null) return null;
  const existing = bills.find((bill) => isSameSlot(bill.identity, slot));
  return existing === undefined ? slot : { ...slot, stamp: existing.stamp };
}

/** What the job writes on its bills. With L, its `billDate` is a stamp; without L it is the target date. */
function stampOfJob(index: FactsIndex, target: CreateTarget): BillStamp {
  return {
    timezone: target.timezone ?? index.facts.organization.timezone,
    targetCurrency: target.targetCurrency,
    currencyConversions: target.currencyConversions,
    dayEpoch: target.dayEpoch,
    weekEpoch: target.weekEpoch,
    monthEpoch: target.monthEpoch,
    yearEpoch: target.yearEpoch,
    billDate: target.lastDateInBillingPeriod === null ? null : target.billDate,
    dueDate: target.dueDate,
    externalInvoiceDate: target.externalInvoiceDate,
  };
}

function isAskedFor({ template }: AttachedPlan, target: CreateTarget): boolean {
  const { billFrequency, billFrequencyInterval } = template;
  if (!isCyclic(billFrequency)) return target.billingFrequency === 'AD_HOC';
  const frequencyFits = target.billingFrequency === null || target.billingFrequency === billFrequency;
  const interval = target.billFrequencyInterval;
  return frequencyFits && (interval === null || interval === billFrequencyInterval);
}

type SlotMembers = {
  readonly calculation: Calculation;
  readonly members: ReadonlyMap<string, DueMember>;
};

type Asking = {
  readonly index: FactsIndex;
  readonly target: CreateTarget;
  readonly stamp: BillStamp;
  /** The target date. */
  readonly date: PlainDate;
  /** The slots looked at so far, since many plans of a unit share one. */
  readonly slots: Map<string, SlotMembers>;
};

/** The slot that the attached plan makes due, or null when nothing of it is due. */
function slotOf(asking: Asking, attached: AttachedPlan): DueSlot | null {
  const { target, date } = asking;
  if (target.lastDateInBillingPeriod !== null) return dueSlotAt(asking, attached, date);
  if (dateOrder(attached.startDate, date) > 0) return null;
  if (attached.calendar === null) return dueSlotAt(asking, attached, date);
  const isEnding = isBillDate(attached.calendar, date, { advance: true });
  const ending = isEnding ? dueSlotAt(asking, attached, date) : null;
  const next = nextBillDate(attached.calendar, date);
  return ending ?? (next === null ? null : dueSlotAt(asking, attached, next));
}

function dueSlotAt(asking: Asking, attached: AttachedPlan, date: PlainDate): DueSlot | null {
  const { index, target, stamp } = asking;
  const slot: DueSlot = {
    gridDate: date,
    groupKey: groupKeyOf(attached.contract),
    frequencyKey: frequencyKeyOf(attached, index.facts.organization.consolidateBills),
    stamp,
    adHocNamed: target.billingFrequency === 'AD_HOC',
    makesAlone: asksForOwnBills(target) && date.equals(asking.date),
    chargeIds: [],
    fees: [],
  };
  const { calculation, members } = membersOf(asking, slot);
  const member = members.get(attached.key);
  if (member === undefined) return null;
  return member.closing !== null || opensWithCharge(calculation, member) ? calculation.slot : null;
}

function membersOf({ index, slots }: Asking, slot: DueSlot): SlotMembers {
  const key = slotKey(slot);
  const known = slots.get(key);
  if (known !== undefined) return known;
  const calculation = calculationOf(index, slot, { bills: index.facts.bills, answers: new Map() });
  const members = new Map(calculation.members.map((member) => [member.attached.key, member]));
  const found = { calculation, members };
  slots.set(key, found);
  return found;
}
