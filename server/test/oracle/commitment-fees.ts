import { type Decimal, decimal, sumOf, ZERO } from '../../src/kernel/decimal.ts';
import { type PlainDate, Temporal } from '../../src/kernel/time.ts';
import {
  before,
  type Grid,
  gridDate,
  isLater,
  midnight,
  nextCell,
  type Piece,
  pieceOf,
  plus,
  proration,
  type Share,
  times,
  WHOLE,
} from './calendar.ts';
import type { Bill } from './line.ts';
import { rounded } from './money.ts';
import type { Commitment, Organization } from './organization.ts';
import { the } from './organization.ts';

/** `key` tells it from the other fees of the commitment, also after a change of its terms. */
export type Fee = {
  readonly key: string;
  readonly date: PlainDate;
  readonly amount: Decimal;
  readonly service: Piece;
};

/** The fee that takes what is owed when no bill with a fee is left. */
export const REST = 'rest';

/** Spec 50 §4.4: every fee of a commitment's life, but for those that `locked` bills make final. */
export function feesOf(
  organization: Organization,
  commitment: Commitment,
  locked: readonly Bill[],
): readonly Fee[] {
  const outstanding = commitment.amount.minus(commitment.prepaid);
  if (outstanding.isZero()) return [];
  if (commitment.plan !== null) return instalments(organization, commitment, { outstanding, locked });
  const texts = commitment.fees.map(({ date, amount, from, to }) => `${date} ${amount} ${from} ${to}`);
  return commitment.fees.map(({ date, amount, from, to }, i) => ({
    key: `${texts[i]} ${texts.slice(0, i).filter((text) => text === texts[i]).length}`,
    date,
    amount: rounded(amount, commitment.currency, organization),
    service: pieceOf(from, to, organization.zone),
  }));
}

type Turn = { readonly date: PlainDate; readonly from: PlainDate; readonly to: PlainDate };

type Owed = { readonly outstanding: Decimal; readonly locked: readonly Bill[] };

/** Spec 50 §4.5. */
function instalments(
  organization: Organization,
  commitment: Commitment,
  { outstanding, locked }: Owed,
): readonly Fee[] {
  const grid = feeGrid(organization, commitment);
  const advance = commitment.advance ?? organization.advance.fee;
  const turns = advance ? turnsInAdvance(grid, commitment) : turnsInArrears(grid, commitment);
  const weights = turns.map(({ from, to }) =>
    weight(grid, pieceOf(from, to, organization.zone), organization),
  );
  const { interval, offset } = commitment;
  const chosen = turns.map((_, j) => j).filter((j) => j >= offset && (j - offset) % interval === 0);
  const paying = chosen.length > 0 ? chosen : [turns.length - 1];
  const open = paying.filter((j) => !locked.some((bill) => bill.date.equals(dateAt(turns, j))));
  const owed = outstanding.minus(sumOf(finalFees(commitment, locked)));
  if (open.length === 0) {
    const service = pieceOf(commitment.from, commitment.to, organization.zone);
    return [{ key: REST, date: dateAt(turns, paying.at(-1) ?? 0), amount: owed, service }];
  }
  const first = open[0] === paying[0] ? commitment.first : null;
  const amounts = feeAmounts(
    organization,
    { ...commitment, first },
    { outstanding: owed, paying: open, weights },
  );
  const fees = paying.map((j, i) => {
    const service = advance
      ? { from: i === 0 ? commitment.from : dateAt(turns, j), to: nextDate(turns, paying[i + 1]) }
      : { from: afterLast(turns, paying[i - 1]), to: i < paying.length - 1 ? dateAt(turns, j) : null };
    return {
      key: `${dateAt(turns, j)}`,
      date: dateAt(turns, j),
      amount: amounts[open.indexOf(j)] ?? ZERO,
      service: pieceOf(service.from ?? commitment.from, service.to ?? commitment.to, organization.zone),
    };
  });
  return fees.filter((_, i) => open.includes(paying[i] ?? -1));
}

/** Rule 7: fees on locked bills stand. */
function finalFees({ id }: Commitment, locked: readonly Bill[]): readonly Decimal[] {
  const lines = locked.flatMap((bill) => bill.history);
  return lines.filter((line) => line.fee !== undefined && line.origin === id).map((line) => line.subtotal);
}

function dateAt(turns: readonly Turn[], j: number): PlainDate {
  const turn = turns[j];
  if (turn === undefined) throw new Error(`no fee date ${j}`);
  return turn.date;
}

function nextDate(turns: readonly Turn[], j: number | undefined): PlainDate | null {
  return j === undefined ? null : dateAt(turns, j);
}

function afterLast(turns: readonly Turn[], j: number | undefined): PlainDate | null {
  return j === undefined ? null : dateAt(turns, j);
}

/** Rule 1: like the plan, counted from the first epoch that is set. */
function feeGrid(organization: Organization, commitment: Commitment): Grid {
  const template = the(organization.templates, the(organization.plans, commitment.plan ?? '').template);
  const attachment = attachedWith(organization, commitment);
  const account = the(organization.accounts, commitment.account);
  const epoch = commitment.epoch ?? attachment?.epoch ?? account.epoch ?? organization.epochs[template.every];
  return { every: template.every, interval: template.interval, epoch };
}

/** The attachment of the plan, alone or in a group: the first during the term, else the first. */
function attachedWith(organization: Organization, { account, plan, from, to }: Commitment) {
  const { groups, attachments, zone } = organization;
  const withPlan = attachments
    .filter((one) => one.account === account)
    .filter((one) => (one.group === null ? [one.plan] : the(groups, one.group).plans).includes(plan ?? ''))
    .sort((a, b) => Temporal.Instant.compare(a.from, b.from) || (a.id < b.id ? -1 : 1));
  const during = withPlan.filter(
    (one) =>
      before(one.from, midnight(to, zone)) && (one.to === null || before(midnight(from, zone), one.to)),
  );
  return during[0] ?? withPlan[0];
}

/** Rule 2; nothing is dated before the epoch (40 §3.4). */
function turnsInArrears(grid: Grid, { from, to }: Commitment): readonly Turn[] {
  const turns: Turn[] = [];
  let start = from;
  for (let k = Math.max(0, nextCell(grid, from)); ; k += 1) {
    const date = gridDate(grid, k);
    const end = isLater(date, to) ? to : date;
    turns.push({ date, from: start, to: end });
    if (!isLater(to, date)) return turns;
    start = date;
  }
}

function turnsInAdvance(grid: Grid, { from, to }: Commitment): readonly Turn[] {
  const first = Math.max(0, nextCell(grid, from.subtract({ days: 1 })));
  const dates: PlainDate[] = [];
  for (let k = first; dates.length === 0 || isLater(to, gridDate(grid, k)); k += 1)
    dates.push(gridDate(grid, k));
  return dates.map((date, j) => {
    const next = dates[j + 1] ?? to;
    return { date, from: j === 0 ? from : date, to: isLater(next, to) ? to : next };
  });
}

/** Rule 4: a whole period weighs 1. */
function weight(grid: Grid, cover: Piece, { zone }: Organization): Share {
  return proration(grid, cover, zone);
}

type Shares = {
  readonly outstanding: Decimal;
  readonly paying: readonly number[];
  readonly weights: readonly Share[];
};

/** Rules 5 and 6: the last fee takes what rounding leaves. */
function feeAmounts(
  organization: Organization,
  { first, currency }: Commitment,
  { outstanding, paying, weights }: Shares,
): readonly Decimal[] {
  if (paying.length === 1) return [outstanding];
  const own = first === null ? [] : [rounded(first, currency, organization)];
  const sharing = paying.slice(own.length);
  const shared = outstanding.minus(sumOf(own));
  const of = (j: number) => weights[j] ?? WHOLE;
  const total = sharing.map(of).reduce(plus, { over: 0n, under: 1n });
  const amounts = sharing.map((j) => {
    const share = { over: of(j).over * total.under, under: of(j).under * total.over };
    return rounded(times(shared, share), currency, organization);
  });
  const known = [...own, ...amounts.slice(0, -1)];
  return [...known, outstanding.minus(sumOf(known)).plus(decimal(0))];
}
