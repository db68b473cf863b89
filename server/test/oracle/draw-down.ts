import { type Decimal, minOf, sumOf, ZERO } from '../../src/kernel/decimal.ts';
import { common, covering, type Piece, wallClock } from './calendar.ts';
import { type Credit, creditsOf, DRAW_ORDER, matches, type Phase, poolOf, windowShare } from './credit.ts';
import { placeOf, scopeText } from './joined-lines.ts';
import { type Bill, type BillKey, billCurrency, type Draw, type Line, lineOf, sameBill } from './line.ts';
import { rateBetween, rounded } from './money.ts';
import type { Commitment, Organization } from './organization.ts';
import { the } from './organization.ts';
import { reliefOf } from './usage-credits.ts';

/** One credit paying (a part of) one line, in the credit's currency and in the bill's. */
export type Taken = {
  readonly credit: Credit;
  readonly phase: Phase;
  readonly line: Line;
  readonly amount: Decimal;
  readonly converted: Decimal;
};

export type DrawDown = {
  readonly taken: readonly Taken[];
  /** What is left to pay of each line. */
  readonly open: ReadonlyMap<Line, Decimal>;
  readonly net: ReadonlyMap<Line, Decimal>;
  readonly credits: readonly Credit[];
};

/** The lines of one unit in their order, and the bills that are not being calculated. */
export type Drawable = { readonly lines: readonly Line[]; readonly others: readonly Bill[] };

/** Spec 50 §6.5. `accounts`: the parent first, then its children by code. */
export function drawDown(
  organization: Organization,
  accounts: readonly string[],
  { lines, others }: Drawable,
): DrawDown {
  const net = reliefOf(organization, lines);
  const credits = creditsOf(organization, accounts);
  const state = { organization, accounts, net, open: new Map(net), taken: [] as Taken[] };
  for (const credit of credits) {
    for (const phase of credit.phases) {
      const pool = poolOf(organization, { credit, phase }, { others, own: drawsOf(state.taken) });
      drawPhase(state, { credit, phase, pool, lines });
    }
  }
  for (const credit of credits.filter((one) => one.hasOverdraft)) {
    const phase = credit.phases[0];
    if (phase !== undefined) drawPhase(state, { credit, phase, pool: null, lines });
  }
  return { taken: state.taken, open: state.open, net, credits };
}

type State = {
  readonly organization: Organization;
  readonly accounts: readonly string[];
  readonly net: ReadonlyMap<Line, Decimal>;
  readonly open: Map<Line, Decimal>;
  readonly taken: Taken[];
};

type Turn = {
  readonly credit: Credit;
  readonly phase: Phase;
  /** Null draws without a limit. */
  readonly pool: Decimal | null;
  readonly lines: readonly Line[];
};

function drawPhase(state: State, { credit, phase, pool, lines }: Turn): void {
  const { organization, open, net } = state;
  let left = pool;
  for (const line of inDrawOrder(state, credit, lines)) {
    if (left !== null && !left.gt(0)) return;
    const cap = capOf(organization, net.get(line) ?? ZERO, { line, window: phase.window });
    const already = sumOf(ownParts(state.taken, { credit, phase, line }).map((one) => one.converted));
    const wantedOnBill = minOf(open.get(line) ?? ZERO, cap.minus(already));
    if (!wantedOnBill.gt(0)) continue;
    const currency = billCurrency(organization, line.on.account);
    const rate = rateBetween(credit.row.currency, currency, organization);
    const wanted = rounded(wantedOnBill.div(rate), credit.row.currency, organization);
    if (wanted.isZero()) continue;
    const amount = left === null ? wanted : minOf(left, wanted);
    const converted = amount.eq(wanted)
      ? wantedOnBill
      : minOf(wantedOnBill, rounded(amount.times(rate), currency, organization));
    open.set(line, (open.get(line) ?? ZERO).minus(converted));
    left = left === null ? null : left.minus(amount);
    state.taken.push({ credit, phase, line, amount, converted });
  }
}

/** What the credit has drawn for the line in an earlier pass: the overdraft does not go past the cap. */
function ownParts(
  taken: readonly Taken[],
  { credit, phase, line }: Pick<Taken, 'credit' | 'phase' | 'line'>,
) {
  return taken.filter((one) => one.credit === credit && one.phase === phase && one.line === line);
}

/** Spec 50 §6.3: the part of the amount that is for the time in which the credit is active. */
export function capOf(
  organization: Organization,
  net: Decimal,
  { line, window }: { line: Line; window: Piece },
): Decimal {
  const [over, under] = windowShare(line, window, (piece) => wallClock(piece, organization.zone));
  return rounded(net.times(over).div(under), billCurrency(organization, line.on.account), organization);
}

/** Spec 50 §6.4 rule 3, §6.9: whose line, of which type, in bill order. */
function inDrawOrder(state: State, credit: Credit, lines: readonly Line[]): readonly Line[] {
  const { accounts } = state;
  const rank = (line: Line) => accounts.indexOf(line.owner) * 10 + DRAW_ORDER.indexOf(line.type);
  return lines
    .filter((line) => matches(credit, line))
    .filter((line) => isInReach(state.organization, credit, line))
    .sort((a, b) => rank(a) - rank(b));
}

/** Spec 50 §6.9. */
export function isInReach(organization: Organization, { row, kind }: Credit, line: Line): boolean {
  const isChild = the(organization.accounts, row.account).parent !== null;
  if (isChild) return line.owner === row.account;
  if (line.on.account === row.account) return true;
  return kind === 'PREPAYMENT' && (row as Commitment).mode === 'CHILD';
}

/** What the calculation has drawn so far, by credit and phase. */
export function drawsOf(taken: readonly Taken[]): readonly Draw[] {
  return taken.map(({ credit, phase, amount }) => ({ credit: credit.id, phase: phase.name, amount }));
}

/** Spec 50 §6.6: one line for each bill and credit, and for each account where §6.9 says so. */
export function consumedLines(organization: Organization, taken: readonly Taken[]): readonly Line[] {
  const groups = new Map<string, Taken[]>();
  for (const one of taken) {
    const { on, child } = consumedPlace(organization, one);
    const key = JSON.stringify([one.credit.id, on, child]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].map((parts) => consumedLine(organization, parts));
}

function consumedPlace(
  organization: Organization,
  { credit, line }: Taken,
): { readonly on: BillKey; readonly child: string | null } {
  if (credit.kind === 'BALANCE') return { on: line.on, child: null };
  const row = credit.row as Commitment;
  const isChild = the(organization.accounts, row.account).parent !== null;
  if (isChild) {
    const { account, child } = placeOf(organization, row);
    return { on: { ...line.on, account }, child };
  }
  const isBrokenDown = row.mode === 'PARENT_BREAKDOWN' && line.owner !== row.account;
  return { on: line.on, child: isBrokenDown ? line.owner : null };
}

/** What a draw comes to on the bill that shows it: draws elsewhere are worth what they were drawn for. */
function shownAmount(organization: Organization, { credit, line, amount, converted }: Taken, on: BillKey) {
  const currency = billCurrency(organization, on.account);
  if (currency === billCurrency(organization, line.on.account)) return converted;
  const rate = rateBetween(credit.row.currency, currency, organization);
  return rounded(amount.times(rate), currency, organization);
}

function consumedLine(organization: Organization, parts: readonly Taken[]): Line {
  const first = parts[0];
  if (first === undefined) throw new Error('nothing drawn');
  const { credit } = first;
  const place = consumedPlace(organization, first);
  const total = sumOf(parts.map((part) => part.amount)).negated();
  const isBalance = credit.kind === 'BALANCE';
  const line = lineOf(organization, {
    ...place,
    type: isBalance ? 'BALANCE_CONSUMED' : 'COMMITMENT_CONSUMED',
    owner: credit.row.account,
    text: isBalance ? credit.id : `Prepayment Consumed (${scopeText(credit.row)})`,
    exact: total,
    subtotal: total,
    currency: credit.row.currency,
    converted: sumOf(parts.map((part) => shownAmount(organization, part, place.on))).negated(),
    service: covering(parts.map(drawnPart)),
    contract: credit.row.contract,
    origin: credit.id,
  });
  return line;
}

function drawnPart({ line, phase }: Taken): Piece {
  if (line.type === 'AD_HOC') return line.service;
  return common(line.service, phase.window) ?? line.service;
}

/** The draws of one bill, summed up by credit and phase. */
export function billDraws(organization: Organization, taken: readonly Taken[], on: BillKey): readonly Draw[] {
  return drawsOf(taken.filter((one) => sameBill(consumedPlace(organization, one).on, on)));
}
