// Spec 40 §5.3, 30 §13, §14: which service time of a time-based charge belongs on a bill, each time once.
import { isBillDate } from '../calendar/billing-periods.ts';
import type { ClosedSpan } from '../calendar/local-dates.ts';
import { factorOfAdHoc, prorationFactor } from '../calendar/proration.ts';
import { addFractions, type Fraction, NONE } from '../money/fraction.ts';
import type { AttachedPlan } from './attached-plan.ts';
import type { BilledLine, LineTiming } from './bill.ts';
import type { BillHistory } from './bill-history.ts';
import type { ChargedPeriod, DueMember } from './due-member.ts';
import { spanWithout } from './service-span.ts';

/** A charge that belongs to time: its key (one for all bills) and when it is billed. */
export type TimeCharge = { readonly chargeKey: string; readonly inAdvance: boolean };

export type PeriodToCharge = { readonly period: ChargedPeriod; readonly timing: LineTiming };

/**
 * The periods whose charge goes on this bill. In arrears: the closing one. In advance: the opening one, and
 * the closing one where it could not be or was not charged in advance (late start, flag switched on since).
 */
export function periodsToCharge(
  member: DueMember,
  charge: TimeCharge,
  history: BillHistory,
): readonly PeriodToCharge[] {
  const { closing, opening } = member;
  if (!charge.inAdvance) return closing === null ? [] : [{ period: closing, timing: 'ARREARS' }];
  const late = closing !== null && isCaughtUp(member.attached, closing, { charge, history }) ? [closing] : [];
  const next = opening === null ? [] : [opening];
  return [...late, ...next].map((period) => ({ period, timing: 'ADVANCE' as const }));
}

/**
 * Whether the closing period's charge in advance comes with this bill: no bill could be dated at its
 * beginning, or the one that was did not have the charge because it was in arrears then. A bill that could
 * have been made and was not is never made up for.
 */
function isCaughtUp(
  attached: AttachedPlan,
  closing: ChargedPeriod,
  { charge, history }: { readonly charge: TimeCharge; readonly history: BillHistory },
): boolean {
  const parts = (history.otherParts.get(attached.key) ?? []).filter((part) =>
    part.gridDate.equals(closing.start),
  );
  if (parts.length > 0) return parts.every((part) => !part.advanceChargeKeys.includes(charge.chargeKey));
  if (attached.calendar === null || closing.index > 0) return false;
  return !isBillDate(attached.calendar, closing.start, { advance: true });
}

/** The pieces of the spans that no other bill charges under that key. */
export function uncarriedPieces(
  spans: readonly ClosedSpan[],
  chargeKey: string,
  history: BillHistory,
): readonly ClosedSpan[] {
  const carried = (history.otherLinesByChargeKey.get(chargeKey) ?? [])
    .filter(isTimeCharge)
    .map(servicePeriod);
  return spans.flatMap((span) => spanWithout(span, carried));
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
