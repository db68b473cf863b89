// Spec 40 §5.3, 30 §13, §14: which service time of a time-based charge belongs on a bill, each time once.
import type { PlainDate } from '../../kernel/time.ts';
import { isBillDate } from '../calendar/billing-periods.ts';
import { type ClosedSpan, clippedSpan, instantsOf } from '../calendar/local-dates.ts';
import { factorOfAdHoc, prorationFactor } from '../calendar/proration.ts';
import { addFractions, type Fraction, NONE } from '../money/fraction.ts';
import type { AttachedPlan } from './attached-plan.ts';
import type { BilledLine, LineTiming } from './bill.ts';
import type { BillHistory } from './bill-history.ts';
import type { ChargedPeriod, DueMember } from './due-member.ts';
import { dateOrder } from './plan-dates.ts';
import { isWithin, spanWithout } from './service-span.ts';

/** A charge that belongs to time: its key (one for all bills) and when it is billed. */
export type TimeCharge = { readonly chargeKey: string; readonly inAdvance: boolean };

/** A period and the part of its service time to charge: all of it where no earlier bill opened it. */
export type PeriodToCharge = {
  readonly period: ChargedPeriod;
  readonly service: ClosedSpan;
  readonly timing: LineTiming;
};

/**
 * The periods whose charge goes on this bill. In arrears: the closing one, and the opening one that this bill
 * has charged in advance when the bill that closes it stays as it is. In advance: the opening one, and of the
 * closing one what could not be or was not charged in advance (late start, flag switched on since, another
 * epoch or frequency since).
 */
export function periodsToCharge(
  member: DueMember,
  charge: TimeCharge,
  history: BillHistory,
): readonly PeriodToCharge[] {
  const { attached, closing, opening } = member;
  const periods: PeriodToCharge[] = [];
  if (closing !== null) {
    const timing = charge.inAdvance ? 'ADVANCE' : 'ARREARS';
    const service = charge.inAdvance ? lateTime(attached, closing, { charge, history }) : closing.service;
    if (service !== null) periods.push({ period: closing, service, timing });
  }
  if (opening !== null && (charge.inAdvance || isPaidFor(attached, opening, { charge, history }))) {
    periods.push({ period: opening, service: opening.service, timing: 'ADVANCE' });
  }
  return periods;
}

type Charging = { readonly charge: TimeCharge; readonly history: BillHistory };

/** Whether this bill has charged the period in advance and another one, which stays as it is, closes it. */
function isPaidFor({ key }: AttachedPlan, { start, service }: ChargedPeriod, { charge, history }: Charging) {
  const own = history.slotLinesByChargeKey.get(charge.chargeKey) ?? [];
  const isPaid = own.some((line) => line.reason.timing === 'ADVANCE' && beginsIn(line, service));
  if (!isPaid) return false;
  return (history.otherParts.get(key) ?? []).some((part) => part.isKept && part.period?.start.equals(start));
}

function beginsIn(line: BilledLine, span: ClosedSpan): boolean {
  return isTimeCharge(line) && isWithin(line.servicePeriodStartDate, span);
}

/**
 * The part of the closing period whose charge in advance comes with this bill. All of it: this bill has
 * charged it before, or no bill could be dated at its beginning, or the one that was did not have the charge
 * because it was in arrears then. Its end: that bill opened a period of another grid, such as 14 to 21 May
 * of 14 May to 1 June. None: a bill that could have been made and was not is never made up for.
 */
function lateTime(attached: AttachedPlan, closing: ChargedPeriod, charging: Charging): ClosedSpan | null {
  const { charge, history } = charging;
  const own = history.slotLinesByChargeKey.get(charge.chargeKey) ?? [];
  if (own.some((line) => beginsIn(line, closing.service))) return closing.service;
  let isBilled = false;
  let until: PlainDate | null = null;
  for (const part of history.otherParts.get(attached.key) ?? []) {
    if (!part.gridDate.equals(closing.start)) continue;
    isBilled = true;
    if (!part.advanceChargeKeys.includes(charge.chargeKey)) continue;
    const openedUntil = part.openedUntil ?? closing.end;
    if (until === null || dateOrder(openedUntil, until) > 0) until = openedUntil;
  }
  if (until !== null) return serviceFrom(attached, closing, until);
  return isBilled || !canBeOpened(attached, closing) ? closing.service : null;
}

function serviceFrom(attached: AttachedPlan, closing: ChargedPeriod, start: PlainDate): ClosedSpan | null {
  const { end } = closing;
  if (dateOrder(start, end) >= 0) return null;
  return clippedSpan(closing.service, [instantsOf({ start, end }, attached.zone)]);
}

/** Whether a bill that opens the period could be dated at its beginning. */
function canBeOpened({ calendar }: AttachedPlan, { start, index }: ChargedPeriod): boolean {
  return calendar === null || index > 0 || isBillDate(calendar, start, { advance: true });
}

/** The pieces of the spans that no other bill charges under that key, or has found to cost nothing. */
export function uncarriedPieces(
  spans: readonly ClosedSpan[],
  chargeKey: string,
  history: BillHistory,
): readonly ClosedSpan[] {
  const carried = (history.otherLinesByChargeKey.get(chargeKey) ?? [])
    .filter(isTimeCharge)
    .map(servicePeriod);
  const settled = history.otherArrearsByChargeKey.get(chargeKey) ?? [];
  return spans.flatMap((span) => spanWithout(span, [...carried, ...settled]));
}

const TIME_CHARGES = ['STANDING_CHARGE', 'MINIMUM_SPEND', 'COUNTER_RUNNING_TOTAL_CHARGE'];

function isTimeCharge(line: BilledLine): boolean {
  return TIME_CHARGES.includes(line.lineItemType);
}

/** The service period of a line. */
export function servicePeriod(line: BilledLine): ClosedSpan {
  return { start: line.servicePeriodStartDate, end: line.servicePeriodEndDate };
}

/** The share of billing cycles that the pieces are worth together; 1 for plans without a cycle. */
export function prorationOf(attached: AttachedPlan, pieces: readonly ClosedSpan[]): Fraction {
  const { calendar, zone } = attached;
  if (calendar === null) return factorOfAdHoc;
  const [first = NONE, ...others] = pieces.map((piece) => prorationFactor(calendar.cycle, piece, zone));
  return others.reduce((sum, share) => addFractions(sum, share), first);
}

export function fractionText(share: Fraction): string {
  return `${share.numerator.toFixed()}/${share.denominator.toFixed()}`;
}
