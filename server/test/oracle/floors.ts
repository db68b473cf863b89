import { type Decimal, maxOf, minOf, ZERO } from '../../src/kernel/decimal.ts';
import type { AttachedGroup } from './attached-group.ts';
import { before, common, type Piece, times } from './calendar.ts';
import { type Draft, type Line, lineOf, sumSubtotals } from './line.ts';
import type { Member, Part, Period } from './member.ts';
import type { Group, Organization, Price } from './organization.ts';
import { pricesOf, windowsOf } from './rating-window.ts';
import { memberDraft } from './standing-charges.ts';
import { duePeriods, minimumOf, priceMinimumOf, shareOf, type TimeCharge } from './time-charges.ts';

/** One minimum spend: what it is called, how much, when, and what counts towards it. */
type Floor = {
  readonly part: Part;
  readonly group: Group | null;
  readonly price: Price | null;
  readonly origin: string;
  readonly text: string;
  readonly amount: Decimal;
  readonly charge: TimeCharge;
  /** The pieces of a period that count. */
  readonly counted: (period: Period) => readonly Piece[];
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
    charge: minimumOf(organization, part.member, null),
    counted: wholePeriod,
    spent: part.closing === null ? ZERO : consumption(part.member, part.closing, { ...known, lines }),
  };
  return [...ofPrices, ...floorLines(organization, floor, known)];
}

/** Spec 30 §4, §12: in the periods of the lead; what counts may be on bills of other frequencies. */
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
      charge: minimumOf(organization, part.member, group),
      counted: wholePeriod,
      spent: spent.reduce((sum, one) => sum.plus(one), ZERO),
    },
    known,
  );
}

function wholePeriod({ service }: Period): readonly Piece[] {
  return service === null ? [] : [service];
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
    charge: priceMinimumOf(organization, part.member, price),
    counted: (period) => winningDays(organization, { part, price, period }),
    spent: sumSubtotals(usage.filter((line) => line.member?.id === part.member.id)),
  };
}

/** Spec 30 §12: a pricing's minimum counts the days in which the pricing is the winner. */
function winningDays(
  organization: Organization,
  { part, price, period }: { part: Part; price: Price; period: Period },
): readonly Piece[] {
  if (period.service === null) return [];
  const slot = pricesOf(organization.prices, part.member).filter(
    (one) =>
      one.metric === price.metric &&
      one.type === price.type &&
      one.segment?.join('/') === price.segment?.join('/'),
  );
  return windowsOf(slot, period.service)
    .filter((window) => window.price === price)
    .map((window) => window.during);
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

/** Decision 0037: in advance where it begins, in arrears where it ends. */
function isWithin({ service: own, advance }: Line, { service }: Period): boolean {
  if (service === null) return false;
  if (advance) return !before(own.start, service.start) && before(own.start, service.end);
  return before(service.start, own.end) && !before(service.end, own.end);
}

/** Spec 30 §12, 40 §5.5: top-up in arrears, or the whole in advance and the refund when the period closes. */
function floorLines(organization: Organization, floor: Floor, { earlier }: Known): readonly Line[] {
  const { zone } = organization;
  const due = duePeriods(floor.part, floor.charge, { earlier, zone }).flatMap((one) => {
    const pieces = floor
      .counted(one.period)
      .flatMap((counted) => one.pieces.flatMap((piece) => common(piece, counted) ?? []));
    return pieces.length === 0 ? [] : [{ advance: one.advance, ...shareOf(floor.part.member, pieces, zone) }];
  });
  const inAdvance = due
    .filter(({ advance }) => advance)
    .map(({ factor, service, advance }) =>
      floorLine(organization, floor, { exact: times(floor.amount, factor), service, advance }),
    );
  const refunds = refundLines(organization, floor, { earlier, lines: inAdvance });
  const kept = maxOf(ZERO, floor.spent).plus(sumSubtotals(refunds));
  const topUps = due
    .filter(({ advance }) => !advance)
    .map(({ factor, service, advance }) => {
      const exact = maxOf(ZERO, times(floor.amount, factor).minus(kept));
      return floorLine(organization, floor, { exact, service, advance });
    });
  return [...refunds, ...inAdvance, ...topUps].filter((line) => !line.subtotal.isZero());
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
    timed: floor.charge.key,
  };
  return lineOf(organization, draft);
}

/**
 * Spec 30 §12: what was billed in advance for the closing period is given back as far as it was spent, and as
 * no other bill has. What is caught up on the closing bill itself was billed too.
 */
function refundLines(organization: Organization, floor: Floor, { earlier, lines }: Known): readonly Line[] {
  const service = floor.part.closing?.service ?? null;
  if (service === null) return [];
  const billed = [...earlier, ...lines]
    .filter((line) => line.type === 'MINIMUM_SPEND' && line.advance && line.timed === floor.charge.key)
    .sort((a, b) => (before(a.service.start, b.service.start) ? -1 : 1));
  let left = maxOf(ZERO, floor.spent);
  return billed.flatMap((line) => {
    const during = common(service, line.service);
    if (during === null) return [];
    const refunds = line.service.start;
    const others = earlier.filter(
      (one) => one.timed === floor.charge.key && one.refunds !== undefined && one.refunds.equals(refunds),
    );
    const amount = maxOf(ZERO, minOf(left, line.subtotal.plus(sumSubtotals(others))));
    left = left.minus(amount);
    const exact = amount.negated();
    return exact.isZero()
      ? []
      : [{ ...floorLine(organization, floor, { exact, service: during, advance: false }), refunds }];
  });
}
