// Spec 40 §3.4, §3.5, §5.3: an attached plan's part in the bills of one date: what it closes, what it opens.
import { type Instant, type PlainDate, startOfDate } from '../../kernel/time.ts';
import type { BillingPeriod } from '../calendar/billing-periods.ts';
import { type ClosedSpan, clippedSpan, type DateSpan, instantsOf } from '../calendar/local-dates.ts';
import type { AttachedPlan } from './attached-plan.ts';
import type { BilledPeriod } from './bill.ts';
import type { BilledPart, BillHistory } from './bill-history.ts';
import { type BillSlot, frequencyKeyOf, groupKeyOf, isConsolidated } from './bill-slot.ts';
import { dateOrder, planDates } from './plan-dates.ts';

/** A period of an attached plan and the part of it in which the plan may be charged. */
export type ChargedPeriod = BillingPeriod & { readonly service: ClosedSpan };

/** At least one of `closing` and `opening` is there. */
export type DueMember = {
  readonly attached: AttachedPlan;
  /** The period in arrears. */
  readonly closing: ChargedPeriod | null;
  /** The period in advance. */
  readonly opening: ChargedPeriod | null;
  /** The dates that the plan gives to the bill, also when nothing in them is charged. */
  readonly billPeriod: DateSpan;
};

/**
 * The attached plan's part in the slot's bills, or null when it has none. A bill that holds the plan keeps
 * it when its frequency or group has changed since (spec 40 §7.5). `adHocNamed` says that the job asked for
 * plans without a cycle, which otherwise stay only where an existing bill already holds them.
 */
export function dueMember(
  attached: AttachedPlan,
  slot: BillSlot & { readonly adHocNamed: boolean },
  history: BillHistory,
): DueMember | null {
  const stored = history.slotParts.get(attached.key)?.[0] ?? null;
  const isFormerFrequency = frequencyKeyOf(attached, isConsolidated(slot)) !== slot.frequencyKey;
  const belongs = !isFormerFrequency && groupKeyOf(attached.contract) === slot.groupKey;
  if (stored === null && !belongs) return null;
  const parts = history.otherParts.get(attached.key) ?? [];
  const others = periodsOf(parts);
  if (others.some((period) => reachesOver(period, slot.gridDate))) return null;
  const ends = others.map((period) => period.end).filter((end) => dateOrder(end, slot.gridDate) < 0);
  const dates = planDates(attached, {
    date: slot.gridDate,
    stored,
    billedUntil: ends.toSorted(dateOrder).at(-1) ?? null,
    billsBefore: ends.length,
    adHocNamed: slot.adHocNamed,
    isFormerFrequency,
    isClosedElsewhere: (stored?.period ?? null) === null && isClosedBy(parts, slot),
  });
  const closing = chargedPeriod(attached, dates?.closing ?? null, parts);
  const opening = chargedPeriod(attached, dates?.opening ?? null);
  if (dates === null || (closing === null && opening === null)) return null;
  return { attached, closing, opening, billPeriod: dates.billPeriod };
}

function chargedPeriod(
  attached: AttachedPlan,
  period: BillingPeriod | null,
  before: readonly BilledPart[] = [],
): ChargedPeriod | null {
  if (period === null) return null;
  const active = { start: attached.activeStart, end: attached.activeEnd };
  const span = instantsOf(period, attached.zone);
  const start = endInFormerZone(attached, period, before) ?? span.start;
  const service = clippedSpan({ start, end: span.end }, [active]);
  return service === null ? null : { service, ...period };
}

/**
 * The moment at which the bill before has ended, when its days were those of another zone: no hour is billed
 * twice or never because the zone has changed in between.
 */
function endInFormerZone(
  { zone }: AttachedPlan,
  { start }: BillingPeriod,
  before: readonly BilledPart[],
): Instant | null {
  const last = before.find((part) => part.zone !== zone && part.period?.end.equals(start));
  return last === undefined ? null : startOfDate(start, last.zone);
}

/** Another bill covers this date, made under another epoch: its days must not be billed again from here. */
function reachesOver(period: DateSpan, date: PlainDate): boolean {
  return dateOrder(period.start, date) < 0 && dateOrder(date, period.end) < 0;
}

/**
 * Whether one of the bills already closes the period up to the slot's date, made under another frequency or
 * group. A consolidated bill starts afresh beside those that are not (spec 40 §4.2).
 */
function isClosedBy(parts: readonly BilledPart[], slot: BillSlot): boolean {
  return parts.some(
    (part) => part.isConsolidated === isConsolidated(slot) && part.period?.end.equals(slot.gridDate),
  );
}

/** The periods that those parts closed. */
export function periodsOf(parts: readonly BilledPeriod[]): readonly DateSpan[] {
  return parts.map((part) => part.period).filter((period) => period !== null);
}
