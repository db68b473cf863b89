import { Decimal, minOf, sumOf, ZERO } from '../../src/kernel/decimal.ts';
import { common, covering } from './calendar.ts';
import type { Credit } from './credit.ts';
import { matches, poolOf } from './credit.ts';
import { capOf, type DrawDown, drawsOf, isInReach, type Taken } from './draw-down.ts';
import { scopeText } from './joined-lines.ts';
import { type Bill, billCurrency, type Line, lineOf } from './line.ts';
import { rateBetween, rounded } from './money.ts';
import { type Commitment, type Organization, the } from './organization.ts';
import { costOf, unitsPaidBy } from './rating.ts';

/** The lines after overage (split usage lines, surcharges), and the draws, which can have become less. */
export function withOverage(
  organization: Organization,
  lines: readonly Line[],
  { drawn, others }: { drawn: DrawDown; others: readonly Bill[] },
): { readonly lines: readonly Line[]; readonly taken: readonly Taken[] } {
  const found = lines.flatMap((line) => {
    const one = overageOf(organization, line, { drawn, others });
    return one === null ? [] : [one];
  });
  const surcharged = found.filter((one) => !one.credit.surcharge.isZero());
  const parts = new Map<Line, Split>();
  for (const one of found.filter((over) => over.credit.surcharge.isZero()))
    parts.set(one.line, splitLine(organization, one));
  const kept = lines.flatMap((line) => parts.get(line)?.lines ?? [line]);
  return {
    lines: [...kept, ...surcharges(organization, surcharged)],
    taken: withoutReleased(organization, drawn.taken, parts),
  };
}

/** A usage line in two, and the most that may be drawn for it, in the bill's currency. */
type Split = { readonly lines: readonly Line[]; readonly limit: Decimal };

/** The last draws of a line give back what exceeds its covered part. */
function withoutReleased(
  organization: Organization,
  taken: readonly Taken[],
  parts: ReadonlyMap<Line, Split>,
): readonly Taken[] {
  const left = new Map(
    [...parts].map(([line, { limit }]) => {
      const drawn = taken.filter((one) => one.line === line).map((one) => one.converted);
      return [line, sumOf(drawn).minus(limit)];
    }),
  );
  const fromTheLast = [...taken].reverse().map((one) => {
    const back = minOf(left.get(one.line) ?? ZERO, one.converted);
    if (!back.gt(0)) return one;
    left.set(one.line, (left.get(one.line) ?? ZERO).minus(back));
    const converted = one.converted.minus(back);
    const rate = rateBetween(
      one.credit.row.currency,
      billCurrency(organization, one.line.on.account),
      organization,
    );
    return { ...one, converted, amount: rounded(converted.div(rate), one.credit.row.currency, organization) };
  });
  return fromTheLast.reverse().filter((one) => one.amount.gt(0));
}

type Over = {
  readonly line: Line;
  readonly credit: Credit;
  /** What is beyond the credit, in the line's currency and in the bill's. */
  readonly open: Decimal;
  readonly openOnBill: Decimal;
};

/** Spec 50 §6.7: the governing credit of a usage line, and how much of the line is beyond it. */
function overageOf(
  organization: Organization,
  line: Line,
  { drawn, others }: { drawn: DrawDown; others: readonly Bill[] },
): Over | null {
  const open = drawn.open.get(line) ?? ZERO;
  if (line.type !== 'USAGE' || !open.gt(0)) return null;
  // A balance with a rollover counts with both its windows.
  const share = ({ start, end }: Credit) =>
    minOf(open, capOf(organization, drawn.net.get(line) ?? ZERO, { line, window: { start, end } }));
  const isEmpty = (credit: Credit) =>
    credit.phases
      .filter(({ window }) => common(line.service, window) !== null)
      .every((phase) =>
        poolOf(organization, { credit, phase }, { others, own: drawsOf(drawn.taken) }).isZero(),
      );
  const used = drawn.credits.filter(
    (credit) =>
      matches(credit, line) &&
      isInReach(organization, credit, line) &&
      credit.wasFunded &&
      !credit.hasOverdraft &&
      isEmpty(credit) &&
      share(credit).gt(0),
  );
  const credit = used.findLast((one) => !one.surcharge.isZero() || one.separate) ?? used.at(-1);
  if (credit === undefined) return null;
  const openOnBill = share(credit);
  const over = { line, credit, open: inLineCurrency(organization, line, openOnBill), openOnBill };
  const splits = (line.price?.overage.length ?? 0) > 0 || credit.separate;
  return credit.surcharge.isZero() && !splits ? null : over;
}

function inLineCurrency(organization: Organization, line: Line, amount: Decimal): Decimal {
  if (line.rate.eq(1)) return amount;
  return minOf(line.subtotal, rounded(amount.div(line.rate), line.currency, organization));
}

/** One line for each bill, credit and currency. */
function surcharges(organization: Organization, found: readonly Over[]): readonly Line[] {
  const groups = new Map<string, Over[]>();
  for (const one of found) {
    const key = JSON.stringify([one.line.on, one.credit.id, one.line.currency]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].flatMap((parts) => {
    const first = parts[0];
    if (first === undefined) return [];
    const base = sumOf(parts.map((part) => part.open));
    const users = new Set(parts.map((part) => part.line.owner));
    const { row } = first.credit;
    const { parent } = the(organization.accounts, first.line.owner);
    const isOfChild = parent !== null && first.line.on.account === parent;
    const isNamed = isOfChild && (row as Partial<Commitment>).mode === 'PARENT_BREAKDOWN';
    const line = lineOf(organization, {
      type: 'OVERAGE_SURCHARGE',
      on: first.line.on,
      owner: first.credit.row.account,
      text: `Overage Surcharge (${scopeText(first.credit.row)})`,
      exact: base.times(first.credit.surcharge).div(100),
      currency: first.line.currency,
      service: covering(parts.map((part) => part.line.service)),
      child: isNamed && users.size === 1 ? first.line.owner : null,
      contract: first.credit.row.contract,
      origin: first.credit.id,
    });
    return line.subtotal.isZero() ? [] : [line];
  });
}

/**
 * Spec 50 §6.7: the usage that is covered, and the rest as a line of its own. When a fixed price is not
 * covered whole, that part costs less than was drawn for the line, and only that is drawn.
 */
function splitLine(organization: Organization, { line, credit, open, openOnBill }: Over): Split {
  const { price } = line;
  if (price === null) return { lines: [line], limit: line.converted };
  const drawn = openOnBill.eq(line.converted) ? ZERO : line.subtotal.minus(open);
  const exact = price.tiered ? coveredUnits(line, drawn) : line.units.times(drawn).div(line.subtotal);
  const units = exact.toDecimalPlaces(8, Decimal.ROUND_DOWN);
  const cost = costOfCovered(line, exact).toDecimalPlaces(20, Decimal.ROUND_HALF_UP);
  const normal = price.tiered ? rounded(cost, line.currency, organization) : drawn;
  const isLess = normal.lt(drawn);
  const quantity = line.units.isZero() ? ZERO : line.quantity.times(units).div(line.units);
  const kept = lineOf(organization, {
    ...withoutAmounts(line),
    units,
    quantity,
    exact: normal,
    subtotal: isLess ? normal : drawn,
    ...(!isLess && { converted: line.converted.minus(openOnBill) }),
  });
  const covered = units.isZero() ? { ...kept, subtotal: ZERO, converted: ZERO } : kept;
  const isRerated = price.overage.length > 0;
  const earlier = units.isZero() ? ZERO : costOf(price.overage, true, units);
  const rest = lineOf(organization, {
    ...withoutAmounts(line),
    type: 'OVERAGE_USAGE',
    origin: credit.id,
    units: line.units.minus(units),
    quantity: line.quantity.minus(quantity),
    exact: isRerated
      ? costOf(price.overage, true, line.units).minus(earlier)
      : line.subtotal.minus(covered.subtotal),
  });
  const over = isRerated ? rest : { ...rest, converted: line.converted.minus(covered.converted) };
  return { lines: units.isZero() ? [over] : [covered, over], limit: covered.converted };
}

/** Tiers that span the plan go on where earlier windows have stopped. */
function coveredUnits({ price, units, earlierUnits = ZERO }: Line, drawn: Decimal): Decimal {
  const bands = price?.bands ?? [];
  if (drawn.isZero()) return ZERO;
  const prior = earlierUnits.isZero() ? ZERO : costOf(bands, true, earlierUnits);
  return unitsPaidBy(bands, earlierUnits.plus(units), drawn.plus(prior)).minus(earlierUnits);
}

function costOfCovered({ price, earlierUnits = ZERO }: Line, units: Decimal): Decimal {
  const bands = price?.bands ?? [];
  const prior = earlierUnits.isZero() ? ZERO : costOf(bands, true, earlierUnits);
  return units.isZero() ? ZERO : costOf(bands, true, earlierUnits.plus(units)).minus(prior);
}

function withoutAmounts({ subtotal: _subtotal, converted: _converted, ...line }: Line) {
  return line;
}
