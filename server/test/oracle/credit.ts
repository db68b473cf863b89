import { type Decimal, decimal, maxOf, minOf, sumOf, ZERO } from '../../src/kernel/decimal.ts';
import { type Instant, Temporal } from '../../src/kernel/time.ts';
import { before, common, type Piece, pieceOf } from './calendar.ts';
import type { Bill, Draw, Line } from './line.ts';
import type { Balance, Commitment, Organization } from './organization.ts';
import { the } from './organization.ts';

/** A commitment or a balance as something that pays. */
export type Credit = {
  readonly id: string;
  readonly kind: 'PREPAYMENT' | 'BALANCE';
  readonly row: Commitment | Balance;
  readonly phases: readonly Phase[];
  readonly end: Instant;
  readonly start: Instant;
  readonly surcharge: Decimal;
  readonly separate: boolean;
  readonly types: readonly string[];
  readonly hasOverdraft: boolean;
  readonly wasFunded: boolean;
};

export type Phase = { readonly name: Draw['phase']; readonly window: Piece };

const FIVE = [
  'STANDING_CHARGE',
  'COUNTER_RUNNING_TOTAL_CHARGE',
  'COUNTER_ADJUSTMENT_DEBIT',
  'USAGE',
  'MINIMUM_SPEND',
];
export const DRAW_ORDER: readonly string[] = [...FIVE, 'AD_HOC'];

/** Spec 50 §6.4: the credits of these accounts in the order in which they are drawn. */
export function creditsOf(organization: Organization, accounts: readonly string[]): readonly Credit[] {
  const commitments = organization.commitments.map((row) => commitmentCredit(organization, row));
  const balances = organization.balances.map((row) => balanceCredit(organization, row));
  return kindsOf(organization, accounts).flatMap((kind) => {
    const credits = kind === 'PREPAYMENT' ? commitments : balances;
    return credits.filter((credit) => accounts.includes(credit.row.account)).sort(inOrder);
  });
}

/** Spec 50 §6.4 rule 1: which kind of credit pays first. */
export function kindsOf(organization: Organization, accounts: readonly string[]): readonly string[] {
  const only = accounts.length === 1 ? the(organization.accounts, accounts[0] ?? '') : null;
  if (only === null || only.parent !== null) return ['PREPAYMENT', 'BALANCE'];
  return only.order !== null && only.order.length > 0 ? only.order : organization.order;
}

function inOrder(a: Credit, b: Credit): number {
  return (
    Temporal.Instant.compare(a.end, b.end) ||
    Temporal.Instant.compare(a.start, b.start) ||
    yesFirst(a.row.contract !== null, b.row.contract !== null) ||
    yesFirst(a.row.products.length > 0, b.row.products.length > 0)
  );
}

function yesFirst(a: boolean, b: boolean): number {
  if (a === b) return 0;
  return a ? -1 : 1;
}

function commitmentCredit(organization: Organization, row: Commitment): Credit {
  const window = pieceOf(row.from, row.to, organization.zone);
  return {
    id: row.id,
    kind: 'PREPAYMENT',
    row,
    phases: [{ name: 'BASE', window }],
    start: window.start,
    end: window.end,
    surcharge: row.surcharge ?? ZERO,
    separate: row.separate,
    types: row.types.length > 0 ? row.types : FIVE,
    hasOverdraft: false,
    wasFunded: true,
  };
}

function balanceCredit(organization: Organization, row: Balance): Credit {
  const base: Phase = { name: 'BASE', window: { start: row.from, end: row.to } };
  const end = row.rolloverTo ?? row.to;
  const phases: readonly Phase[] =
    row.rolloverTo === null ? [base] : [base, { name: 'ROLLOVER', window: { start: row.to, end } }];
  const own = organization.transactions.filter((one) => one.balance === row.id);
  return {
    id: row.id,
    kind: 'BALANCE',
    row,
    phases,
    start: row.from,
    end,
    surcharge: row.surcharge ?? ZERO,
    separate: false,
    types: row.types.length > 0 ? row.types : DRAW_ORDER,
    hasOverdraft: row.overdraft ?? organization.overdraft,
    wasFunded: own.some((one) => one.amount.gt(0)),
  };
}

/**
 * Spec 50 §5.7, §6.5: what a phase can pay, given the draws of other bills; `own` are the draws of the bills
 * being calculated.
 */
export function poolOf(
  organization: Organization,
  { credit, phase }: { credit: Credit; phase: Phase },
  { others, own }: { others: readonly Bill[]; own: readonly Draw[] },
): Decimal {
  const drawn = others.flatMap((bill) => bill.draws).filter((draw) => draw.credit === credit.id);
  const mine = own.filter((draw) => draw.credit === credit.id);
  const sum = (draws: readonly Draw[]) => sumOf(draws.map((draw) => draw.amount));
  const left = funds(organization, credit).minus(sum(drawn)).minus(sum(mine));
  if (phase.name === 'BASE') return maxOf(ZERO, left);
  const rolled = sum([...drawn, ...mine].filter((draw) => draw.phase === 'ROLLOVER'));
  const cap = (credit.row as Balance).rolloverAmount ?? left.plus(rolled);
  return maxOf(ZERO, minOf(cap, left.plus(rolled)).minus(rolled));
}

function funds(organization: Organization, { row, kind }: Credit): Decimal {
  if (kind === 'PREPAYMENT') return (row as Commitment).amount;
  return sumOf(organization.transactions.filter((one) => one.balance === row.id).map((one) => one.amount));
}

/** Spec 50 §6.2, without the account. */
export function matches(credit: Credit, line: Line): boolean {
  const { products, contract } = credit.row;
  if (!credit.types.includes(line.type) || !line.converted.gt(0)) return false;
  if (products.length > 0 && !products.includes(line.product ?? '')) return false;
  return contract === null || contract === line.contract;
}

/** Spec 50 §6.3: which part of a line falls in a window, as a fraction of two numbers. */
export function windowShare(
  line: Line,
  window: Piece,
  days: (piece: Piece) => bigint,
): readonly [Decimal, Decimal] {
  const whole: readonly [Decimal, Decimal] = [decimal(1), decimal(1)];
  const none: readonly [Decimal, Decimal] = [decimal(0), decimal(1)];
  const { start, end } = line.service;
  const startsInside = !before(start, window.start) && before(start, window.end);
  if (line.type === 'AD_HOC' || start.equals(end)) return startsInside ? whole : none;
  const part = common(line.service, window);
  if (part === null) return none;
  if (part.start.equals(start) && part.end.equals(end)) return whole;
  if (line.type === 'USAGE' && line.measure !== null && !line.quantity.isZero())
    return [line.measure(part), line.quantity];
  return [decimal(String(days(part))), decimal(String(days(line.service)))];
}
