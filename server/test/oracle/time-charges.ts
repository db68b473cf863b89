import type { PlainDate } from '../../src/kernel/time.ts';
import {
  common,
  covering,
  isLater,
  NOTHING,
  type Piece,
  pieceOf,
  plus,
  proration,
  without,
} from './calendar.ts';
import type { Line } from './line.ts';
import type { Member, Part, Period } from './member.ts';
import type { CounterPrice, Group, Organization, Price } from './organization.ts';
import { pricesOf, winnerAt } from './rating-window.ts';

/** A charge for time: what its lines have in common on all bills, and whether it is charged at the start. */
export type TimeCharge = { readonly key: string; readonly advance: boolean };

/** A period that a charge is for, and the pieces of it that no other bill has. */
export type Due = { readonly period: Period; readonly pieces: readonly Piece[]; readonly advance: boolean };

/** Spec 30 §3.1, §13: the standing charge of a plan, or of the group that it is attached with. */
export function standingOf(organization: Organization, member: Member, group: Group | null): TimeCharge {
  const { plan, template } = member;
  const own = group === null ? (plan.standingAdvance ?? template.standingAdvance) : group.standingAdvance;
  return { key: `standing ${scopeOf(member, group)}`, advance: own ?? organization.advance.standing };
}

/** Spec 30 §3.1, §12: the minimum spend of a plan, or of the group that it is attached with. */
export function minimumOf(organization: Organization, member: Member, group: Group | null): TimeCharge {
  const { plan, template } = member;
  const own = group === null ? (plan.minimumAdvance ?? template.minimumAdvance) : group.minimumAdvance;
  return { key: `minimum ${scopeOf(member, group)}`, advance: own ?? organization.advance.minimum };
}

function scopeOf(member: Member, group: Group | null): string {
  return group === null ? member.id : `group ${member.attachment.id}`;
}

export function priceMinimumOf(organization: Organization, member: Member, price: Price): TimeCharge {
  const advance = price.minimumAdvance ?? organization.advance.minimum;
  return { key: `minimum ${member.id} price ${price.id}`, advance };
}

/** Spec 30 §15.5: by the price that is in force when the service begins. */
export function counterOf(member: Member, slot: readonly CounterPrice[], service: Piece): TimeCharge {
  const advance = winnerAt(slot, service.start)?.advance ?? false;
  return { key: `counter ${member.id} ${slot[0]?.counter}`, advance };
}

/** The charges that a bill has in advance for the period that opens with it. */
export function keysInAdvance(organization: Organization, { member, opening }: Part): readonly string[] {
  const service = opening?.service ?? null;
  if (service === null) return [];
  const counters = pricesOf(organization.counterPrices, member);
  const charges = [
    ...[null, member.group].flatMap((group) => [
      standingOf(organization, member, group),
      minimumOf(organization, member, group),
    ]),
    ...pricesOf(organization.prices, member).map((price) => priceMinimumOf(organization, member, price)),
    ...counters.map(({ counter }) => {
      const slot = counters.filter((price) => price.counter === counter);
      return counterOf(member, slot, service);
    }),
  ];
  return charges.filter(({ advance }) => advance).map(({ key }) => key);
}

/**
 * Spec 40 §5.3: in arrears the period that closes; in advance the one that opens and what is caught up. What
 * lines of other bills are for is left out.
 */
export function duePeriods(
  part: Part,
  { key, advance }: TimeCharge,
  { earlier, zone }: { readonly earlier: readonly Line[]; readonly zone: string },
): readonly Due[] {
  const { closing, opening } = part;
  const carried = earlier.filter((line) => line.timed === key && !line.type.endsWith('REFUND'));
  const taken = carried.map((line) => line.service);
  const late = closing === null ? null : lateTime(part, closing, { key, zone });
  const whole = { period: closing, service: advance ? late : (closing?.service ?? null) };
  const next = { period: opening, service: advance ? (opening?.service ?? null) : null };
  return [whole, next].flatMap(({ period, service }) => {
    const pieces = service === null ? [] : without(service, taken);
    return period === null || pieces.length === 0 ? [] : [{ period, pieces, advance }];
  });
}

type Asked = { readonly key: string; readonly zone: string };

/**
 * What of the closing period was not charged at its start: everything when no bill could be made then or the
 * charge was in arrears on it, and what comes after the period that this bill opened.
 */
function lateTime({ before }: Part, closing: Period, { key, zone }: Asked): Piece | null {
  if (before.length === 0) return closing.n === 0 && !closing.opensOnBill ? closing.service : null;
  const ends = before.filter((one) => one.advance.includes(key)).map((one) => one.until ?? closing.closes);
  if (ends.length === 0 || closing.service === null) return closing.service;
  const end = ends.reduce((last, one) => (isLater(one, last) ? one : last));
  return isLater(closing.closes, end)
    ? restOf(closing.service, { from: end, to: closing.closes, zone })
    : null;
}

type Dates = { readonly from: PlainDate; readonly to: PlainDate; readonly zone: string };

function restOf(service: Piece, { from, to, zone }: Dates): Piece | null {
  return common(service, pieceOf(from, to, zone));
}

/** Spec 30 §14: what the pieces are worth together, and the service period of their line. */
export function shareOf({ grid }: Member, pieces: readonly Piece[], zone: string) {
  const factor = pieces.reduce((sum, piece) => plus(sum, proration(grid, piece, zone)), NOTHING);
  return { factor, service: covering(pieces) };
}
