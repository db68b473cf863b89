// Spec 50 §6.3, §6.4, §6.5: which credit pays how much of which line.
import { type Decimal, minOf, sumOf, ZERO } from '../../kernel/decimal.ts';
import type { ClosedSpan } from '../calendar/local-dates.ts';
import { timesFraction } from '../money/fraction.ts';
import type { BillFailure } from './bill.ts';
import { billCurrencyOf, type Calculation } from './calculation.ts';
import { type Credit, type CreditPhase, poolOf } from './credit.ts';
import type { CreditDraw, KnownDraw } from './credit-draw.ts';
import type { Draft, DraftLine } from './draft.ts';
import { drawAccountId } from './draw-place.ts';
import { type DrawableLine, mayPayFor } from './drawable-line.ts';
import type { ExistingBillFacts } from './facts.ts';
import { isBillFailure, rateTo, roundedAmount } from './line-amount.ts';
import { spanInWindow, windowShare } from './window-share.ts';

/** What a credit pays of one line: `amount` in its own currency, `convertedAmount` in that of the bill. */
export type Taken = {
  readonly credit: Credit;
  readonly phase: CreditPhase;
  readonly line: DraftLine;
  readonly span: ClosedSpan;
  readonly rate: Decimal;
  readonly amount: Decimal;
  readonly convertedAmount: Decimal;
};

export type Drawing = {
  readonly draft: Draft;
  readonly calculation: Calculation;
  /** In the order in which they are used. */
  readonly credits: readonly Credit[];
  /** In the order in which they are paid for. */
  readonly lines: readonly DrawableLine[];
};

/** One credit in one phase; without a limit it may go below 0. */
type Turn = {
  readonly credit: Credit;
  readonly phase: CreditPhase;
  readonly limited: boolean;
  /** A bill that stays as it is: its draws are repeated, so that nobody pays for their lines again. */
  readonly kept: ExistingBillFacts | null;
};

/**
 * Everything that the credits pay: each takes what its pool and the open lines allow, phase by phase;
 * then those that may go below 0 take what is still open. A line is paid by several, a credit pays
 * several.
 */
export function takenFromCredits(drawing: Drawing): Pick<Draft, 'taken' | 'failures'> {
  const open = new Map(drawing.lines.map((row) => [row.line, row.netAmount]));
  const soFar: SoFar = { taken: [], failures: [], open };
  for (const turn of turnsOf(drawing)) takeInTurn(drawing, turn, soFar);
  return { taken: soFar.taken, failures: soFar.failures };
}

function turnsOf({ calculation, credits }: Drawing): readonly Turn[] {
  const turnsIn = (credit: Credit, limited: boolean, kept: ExistingBillFacts | null = null) =>
    credit.phases
      .filter(({ phase }) => limited || phase === 'BASE')
      .map((phase) => ({ credit, phase, limited, kept }));
  return [
    ...keptBills(calculation).flatMap((bill) => credits.flatMap((credit) => turnsIn(credit, true, bill))),
    ...credits.flatMap((credit) => turnsIn(credit, true)),
    ...credits.filter((credit) => credit.hasOverdraft).flatMap((credit) => turnsIn(credit, false)),
  ];
}

/** Bills that are not written, because they are locked or cannot be calculated: what they draw is final. */
function keptBills({ existingBills, unwritten }: Calculation): readonly ExistingBillFacts[] {
  return existingBills.filter((bill) => unwritten.has(bill.identity.accountId));
}

/** What the turns have taken, and what nobody has paid yet of each line, in its bill's currency. */
type SoFar = {
  readonly taken: Taken[];
  readonly failures: BillFailure[];
  readonly open: Map<DraftLine, Decimal>;
};

/** Adds what the credit takes to `soFar`. */
function takeInTurn(drawing: Drawing, turn: Turn, soFar: SoFar): void {
  const { calculation } = drawing;
  const { credit, limited, kept } = turn;
  let pool = limited ? poolInTurn(drawing, turn, soFar) : null;
  for (const drawable of drawing.lines) {
    if (pool?.lte(0)) return;
    if (!mayPayFor(credit, drawable, calculation)) continue;
    const { line } = drawable;
    const accountId = drawAccountId(calculation, { credit, line });
    if (kept === null ? calculation.unwritten.has(accountId) : kept.identity.accountId !== accountId)
      continue;
    const open = soFar.open.get(line) ?? ZERO;
    const before = limited ? ZERO : paidBefore(soFar.taken, turn, line);
    const part = takenForLine(drawing, turn, { drawable, open, pool, before });
    if (part === null) continue;
    if (isBillFailure(part)) {
      if (kept === null) soFar.failures.push(part);
      continue;
    }
    soFar.taken.push(part);
    soFar.open.set(line, open.minus(part.convertedAmount));
    pool = pool?.minus(part.amount) ?? null;
  }
}

/** What is left of the credit, or on a bill that stays as it is, what that has drawn. */
function poolInTurn({ calculation }: Drawing, { credit, phase, kept }: Turn, { taken }: SoFar): Decimal {
  const { otherDraws } = calculation;
  if (kept === null) {
    return poolOf(credit, phase.phase, [...otherDraws, ...newlyTaken(calculation, taken).map(drawOf)]);
  }
  const own = otherDraws.filter((draw) => draw.billId === kept.id && draw.creditId === credit.id);
  return sumOf(own.filter((draw) => draw.phase === phase.phase).map((draw) => draw.amount));
}

/** What is taken for bills that are written, without what others have drawn already. */
export function newlyTaken(calculation: Calculation, taken: readonly Taken[]): readonly Taken[] {
  return taken.filter((part) => !calculation.unwritten.has(drawAccountId(calculation, part)));
}

export function drawOf({ credit, phase, amount }: Taken): CreditDraw {
  return { creditId: credit.id, phase: phase.phase, amount };
}

type Asked = {
  readonly drawable: DrawableLine;
  /** What nobody has paid yet, in the bill's currency. */
  readonly open: Decimal;
  /** What is left of the credit, in its currency; null = no limit. */
  readonly pool: Decimal | null;
  /** What the credit has paid of the line in this phase already, in the bill's currency. */
  readonly before: Decimal;
};

function paidBefore(taken: readonly Taken[], { credit, phase }: Turn, line: DraftLine): Decimal {
  const own = taken.filter((part) => part.line === line && part.credit === credit && part.phase === phase);
  return sumOf(own.map((part) => part.convertedAmount));
}

/**
 * Open 800.00 USD, 553.57 EUR left at 1.12: wanted are 714.29 EUR, taken 553.57 EUR, which pay 620.00
 * USD. Less than one unit of the credit's currency is left alone.
 */
function takenForLine(drawing: Drawing, turn: Turn, asked: Asked): Taken | BillFailure | null {
  const { calculation } = drawing;
  const { credit, phase } = turn;
  const { line } = asked.drawable;
  const span = spanInWindow({ line, window: phase.window });
  if (span === null || !asked.open.gt(0)) return null;
  const named = { entity: credit.title, billAccountId: drawAccountId(calculation, { credit, line }) };
  const billCurrency = billCurrencyOf(calculation, line.billAccountId);
  const due = amountDue(drawing, asked.drawable, { window: phase.window, ...named });
  if (isBillFailure(due)) return due;
  const wanted = minOf(asked.open, due.minus(asked.before));
  if (!wanted.gt(0)) return null;
  const rate = rateTo(calculation, { currency: credit.currency, ...named }, billCurrency);
  if (isBillFailure(rate)) return rate;
  const own = { amount: wanted.dividedBy(rate), currency: credit.currency, ...named };
  const full = roundedAmount(calculation, own);
  if (isBillFailure(full)) return full;
  if (full.isZero()) return null;
  const amount = asked.pool === null ? full : minOf(asked.pool, full);
  const taken = { credit, phase, line, span, rate, amount };
  if (amount.eq(full)) return { convertedAmount: wanted, ...taken };
  const worth = roundedAmount(calculation, { amount: amount.times(rate), currency: billCurrency, ...named });
  return isBillFailure(worth) ? worth : { convertedAmount: minOf(wanted, worth), ...taken };
}

type Due = Pick<BillFailure, 'entity' | 'billAccountId'> & { readonly window: ClosedSpan };

/** The part of the line that is due in a window of time, in the bill's currency. */
export function amountDue(
  { draft, calculation }: Pick<Drawing, 'draft' | 'calculation'>,
  { line, netAmount }: DrawableLine,
  { window, entity, billAccountId }: Due,
): Decimal | BillFailure {
  const share = windowShare({ draft, calculation, line, window });
  const currency = billCurrencyOf(calculation, line.billAccountId);
  const amount = timesFraction(netAmount, share);
  return roundedAmount(calculation, { amount, currency, entity, billAccountId });
}

/** Whether there is anything that the credit could pay with, however much other lines take of it. */
export function hasFunds(credit: Credit, { calculation }: Drawing): boolean {
  if (credit.hasOverdraft) return true;
  const { otherDraws } = calculation;
  const kept = new Set(keptBills(calculation).map((bill) => bill.id));
  const isSettled = ({ billId, creditId }: KnownDraw) => kept.has(billId ?? '') && creditId === credit.id;
  if (kept.size > 0 && otherDraws.some(isSettled)) return true;
  return credit.phases.some(({ phase }) => poolOf(credit, phase, otherDraws).gt(ZERO));
}
