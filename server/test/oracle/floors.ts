import { type Decimal, maxOf, minOf, ZERO } from '../../src/kernel/decimal.ts';
import type { AttachedGroup } from './attached-group.ts';
import { before, NOTHING, type Piece, plus, proration, type Share, times } from './calendar.ts';
import { type Draft, type Line, lineOf, sumSubtotals } from './line.ts';
import type { Member, Part, Period } from './member.ts';
import type { Group, Organization, Price } from './organization.ts';
import { pricesOf, windowsOf } from './rating-window.ts';
import { duePeriods, memberDraft } from './standing-charges.ts';

/** One minimum spend: what it is called, how much, when, and what counts towards it. */
type Floor = {
  readonly part: Part;
  readonly group: Group | null;
  readonly price: Price | null;
  readonly origin: string;
  readonly text: string;
  readonly amount: Decimal;
  readonly advance: boolean;
  /** The days that count, and the service period of the line. */
  readonly share: (period: Period) => { readonly factor: Share; readonly service: Piece } | null;
  /** Spec 30 §12: Q of the closing period. */
  readonly spent: Decimal;
};

/** The lines of the bills so far, and those of earlier bills. */
export type Known = { readonly lines: readonly Line[]; readonly earlier: readonly Line[] };

/** Spec 30 §12: the minimum spends of pricings, then of the plan. */
export function planFloors(organization: Organization, part: Part, known: Known): readonly Line[] {
  const ofPrices = pricesOf(organization.prices, part.member)
    .filter((price) => price.minimum.gt(0))
    .flatMap((price) => floorLines(organization, priceFloor(organization, { part, price, known }), known));
  const { plan, template } = part.member;
  const amount = plan.minimum ?? template.minimum ?? ZERO;
  const lines = [...known.lines, ...ofPrices];
  const floor: Floor = {
    part,
    group: null,
    price: null,
    origin: 'plan',
    text: `${template.product} Minimum Spend Adjustment`,
    amount,
    advance: plan.minimumAdvance ?? template.minimumAdvance ?? organization.advance.minimum,
    share: (period) => wholePeriod(organization, part, period),
    spent: part.closing === null ? ZERO : consumption(part.member, part.closing, { ...known, lines }),
  };
  return [...ofPrices, ...floorLines(organization, floor, known)];
}

/** Spec 30 §4, §12: in the periods of the member that leads; what counts may be on bills of other frequencies. */
export function groupFloors(
  organization: Organization,
  { part, members }: AttachedGroup,
  known: Known,
): readonly Line[] {
  const { group } = part.member;
  const { closing } = part;
  if (group === null) return [];
  const lines = [...known.lines, ...known.earlier];
  const spent = members.map((one) => (closing === null ? ZERO : withTopUp(one, closing, lines)));
  return floorLines(
    organization,
    {
      part,
      group,
      price: null,
      origin: 'group',
      text: `${group.id} Minimum Spend Adjustment`,
      amount: group.minimum ?? ZERO,
      advance: group.minimumAdvance ?? organization.advance.minimum,
      share: (period) => wholePeriod(organization, part, period),
      spent: spent.reduce((sum, one) => sum.plus(one), ZERO),
    },
    known,
  );
}

function wholePeriod({ zone }: Organization, { member }: Part, { service }: Period) {
  return service === null ? null : { factor: proration(member.grid, service, zone), service };
}

type Priced = { readonly part: Part; readonly price: Price; readonly known: Known };

function priceFloor(organization: Organization, { part, price, known }: Priced): Floor {
  const usage = known.lines.filter((line) => line.type === 'USAGE' && line.price === price);
  return {
    part,
    group: null,
    price,
    origin: `price ${price.id}`,
    text: `${price.metric} Minimum Spend Adjustment`,
    amount: price.minimum,
    advance: price.minimumAdvance ?? organization.advance.minimum,
    share: (period) => winningDays(organization, { part, price, period }),
    spent: sumSubtotals(usage.filter((line) => line.member?.id === part.member.id)),
  };
}

/** Spec 30 §12: a pricing's minimum counts the days in which the pricing is the winner. */
function winningDays(
  organization: Organization,
  { part, price, period }: { part: Part; price: Price; period: Period },
) {
  if (period.service === null) return null;
  const slot = pricesOf(organization.prices, part.member).filter(
    (one) =>
      one.metric === price.metric &&
      one.type === price.type &&
      one.segment?.join('/') === price.segment?.join('/'),
  );
  const pieces = windowsOf(slot, period.service)
    .filter((window) => window.price === price)
    .map((window) => window.during);
  const first = pieces[0];
  const last = pieces.at(-1);
  if (first === undefined || last === undefined) return null;
  const { grid } = part.member;
  const factor = pieces.reduce((sum, piece) => plus(sum, proration(grid, piece, organization.zone)), NOTHING);
  return { factor, service: { start: first.start, end: last.end } };
}

/** Spec 30 §12: usage, product credits, counters and minimum spends of pricings, in that period. */
function consumption(member: Member, period: Period, { lines, earlier }: Known): Decimal {
  const mine = (line: Line) => line.member?.id === member.id && isWithin(line, period);
  const isConsumed = ({ type, origin, price }: Line) =>
    type === 'USAGE' ||
    (type === 'USAGE_CREDIT' && price?.type === 'PRODUCT_CREDIT') ||
    type.startsWith('COUNTER_') ||
    (type.startsWith('MINIMUM_SPEND') && origin.startsWith('price '));
  const inAdvance = earlier.filter((line) => line.advance && mine(line) && isConsumed(line));
  const now = lines.filter((line) => mine(line) && isConsumed(line));
  return maxOf(ZERO, sumSubtotals([...inAdvance, ...now]));
}

/** What a member counts towards the minimum spend of its group. */
function withTopUp(member: Member, period: Period, lines: readonly Line[]): Decimal {
  const topUps = lines.filter(
    (line) =>
      line.type.startsWith('MINIMUM_SPEND') &&
      line.origin === 'plan' &&
      line.member?.id === member.id &&
      isWithin(line, period),
  );
  return consumption(member, period, { lines, earlier: [] }).plus(sumSubtotals(topUps));
}

function isWithin(line: Line, { service }: Period): boolean {
  if (service === null) return false;
  return !before(line.service.start, service.start) && before(line.service.start, service.end);
}

/** Spec 30 §12, 40 §5.5: top-up in arrears, or the whole in advance and the refund when the period closes. */
function floorLines(organization: Organization, floor: Floor, known: Known): readonly Line[] {
  const refund = refundLine(organization, floor, known);
  const due = duePeriods(floor.part, floor.advance).flatMap(({ period, advance }) => {
    const days = floor.share(period);
    if (days === null) return [];
    const full = times(floor.amount, days.factor);
    const spent = maxOf(ZERO, floor.spent);
    const exact = advance ? full : maxOf(ZERO, full.minus(spent));
    return [floorLine(organization, floor, { exact, service: days.service, advance })];
  });
  return [...refund, ...due].filter((line) => !line.subtotal.isZero());
}

type Amount = { readonly exact: Decimal; readonly service: Piece; readonly advance: boolean };

function floorLine(organization: Organization, floor: Floor, { exact, service, advance }: Amount): Line {
  const draft: Draft = {
    ...memberDraft(floor.part.member, floor.group),
    type: exact.lt(0) ? 'MINIMUM_SPEND_REFUND' : 'MINIMUM_SPEND',
    origin: floor.origin,
    text: floor.text,
    exact,
    service,
    advance,
  };
  return lineOf(organization, draft);
}

/**
 * Spec 30 §12: what was billed at the start of the closing period is given back as far as it was spent. What
 * is caught up on the closing bill itself was billed too.
 */
function refundLine(organization: Organization, floor: Floor, { earlier }: Known): readonly Line[] {
  const { closing, member } = floor.part;
  if (closing === null) return [];
  const billed = earlier.find(
    (line) =>
      line.type === 'MINIMUM_SPEND' &&
      line.advance &&
      line.origin === floor.origin &&
      (floor.group === null ? line.member?.id === member.id : line.member?.group?.id === floor.group.id) &&
      isWithin(line, closing),
  );
  const caughtUp = floor.advance && closing.n === 0 && !closing.opensOnBill ? floor.share(closing) : null;
  const line = billed ?? caughtUpLine(organization, floor, caughtUp);
  if (line === null) return [];
  const exact = minOf(line.subtotal, maxOf(ZERO, floor.spent)).negated();
  if (exact.isZero()) return [];
  return [floorLine(organization, floor, { exact, service: line.service, advance: false })];
}

function caughtUpLine(
  organization: Organization,
  floor: Floor,
  days: { readonly factor: Share; readonly service: Piece } | null,
): Line | null {
  if (days === null) return null;
  const exact = times(floor.amount, days.factor);
  return floorLine(organization, floor, { exact, service: days.service, advance: true });
}
