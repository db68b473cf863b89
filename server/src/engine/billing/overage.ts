// Spec 50 §6.7: usage that exceeds the credits which could have paid for it, and the credit that governs it.
import { type Decimal, minOf, sumOf } from '../../kernel/decimal.ts';
import type { ClosedSpan } from '../calendar/local-dates.ts';
import type { UsageQuery } from '../metering/usage-query.ts';
import type { BillFailure } from './bill.ts';
import type { Calculation } from './calculation.ts';
import { type Credit, type CreditPhase, creditsInOrder, poolOf } from './credit.ts';
import type { Draft } from './draft.ts';
import { amountDue, drawOf, newlyTaken } from './draw-down.ts';
import { type DrawableLine, drawableLines, mayPayFor } from './drawable-line.ts';
import { isBillFailure } from './line-amount.ts';
import { shareQuestion, spanInWindow } from './window-share.ts';

/** A usage line, the credit that governs what exceeds it, and how much that is in the bill's currency. */
export type Overage = {
  readonly drawable: DrawableLine;
  readonly credit: Credit;
  readonly amount: Decimal;
};

export type OverageSought = {
  readonly needs: readonly UsageQuery[];
  readonly overages: readonly Overage[];
  readonly failures: readonly BillFailure[];
};

type Sought = {
  readonly draft: Draft;
  readonly calculation: Calculation;
  readonly drawable: DrawableLine;
  readonly credits: readonly Credit[];
};

/** One entry per usage line that is not paid in full though credits for it are used up. */
export function overagesOf(draft: Draft, calculation: Calculation): OverageSought {
  const exhausted = creditsInOrder(calculation)
    .map((credit) => ({ credit, phases: exhaustedPhases(draft, calculation, credit) }))
    .filter(({ phases }) => phases.length > 0);
  if (exhausted.length === 0) return NO_OVERAGE;
  const sought = drawableLines(draft, calculation)
    .filter(({ line }) => line.lineItemType === 'USAGE')
    .filter(({ line }) => !calculation.unwritten.has(line.billAccountId))
    .filter((drawable) => openAmount(draft, drawable).gt(0))
    .map((drawable) => ({ draft, calculation, drawable, credits: creditsFor(drawable, exhausted) }));
  const needs = sought
    .flatMap(({ drawable, credits }) => credits.map((credit) => ({ drawable, window: windowOf(credit) })))
    .map(({ drawable, window }) => shareQuestion({ draft, calculation, line: drawable.line, window }))
    .filter((query) => query !== null)
    .filter((query) => !calculation.answers.has(query.key));
  if (needs.length > 0) return { ...NO_OVERAGE, needs };
  const found = sought.map(governed).filter((overage) => overage !== null);
  return { needs: [], failures: found.filter(isBillFailure), overages: found.filter(isOverage) };

  function creditsFor(drawable: DrawableLine, credits: readonly Exhausted[]): readonly Credit[] {
    return credits
      .filter(({ credit }) => mayPayFor(credit, drawable, calculation))
      .filter((row) => isExhaustedFor(row, drawable))
      .map(({ credit }) => credit);
  }
}

/** A credit and those of its phases in which it is used up. */
type Exhausted = { readonly credit: Credit; readonly phases: readonly CreditPhase[] };

/**
 * Whether nothing is left in any phase that the line falls in: 50 left at the end of a balance cannot pay for
 * usage after it once the 30 that were carried over are used.
 */
function isExhaustedFor({ credit, phases }: Exhausted, { line }: DrawableLine): boolean {
  const touched = credit.phases.filter(({ window }) => spanInWindow({ line, window }) !== null);
  return touched.length > 0 && touched.every((phase) => phases.includes(phase));
}

function isOverage(found: Overage | BillFailure): found is Overage {
  return !isBillFailure(found);
}

const NO_OVERAGE: OverageSought = { needs: [], overages: [], failures: [] };

/** A credit that was never filled, or may go below 0, cannot be exceeded. */
function exhaustedPhases({ taken }: Draft, calculation: Calculation, credit: Credit): readonly CreditPhase[] {
  if (!credit.overage.wasFunded || credit.hasOverdraft) return [];
  const draws = [...calculation.otherDraws, ...newlyTaken(calculation, taken).map(drawOf)];
  return credit.phases.filter(({ phase }) => poolOf(credit, phase, draws).lte(0));
}

/** From the start of the first phase to the end of the last. */
function windowOf({ phases, dtCreated }: Credit): ClosedSpan {
  return { start: phases[0]?.window.start ?? dtCreated, end: phases.at(-1)?.window.end ?? dtCreated };
}

/** What nobody pays of a line, in the bill's currency. */
function openAmount({ taken }: Draft, { line, netAmount }: DrawableLine): Decimal {
  const paid = taken.filter((part) => part.line === line).map((part) => part.convertedAmount);
  return netAmount.minus(sumOf(paid));
}

/** The last credit in the order of use that says anything about overage, else the last. */
function governed(sought: Sought): Overage | BillFailure | null {
  const { draft, calculation, drawable, credits } = sought;
  const open = openAmount(draft, drawable);
  const found: Overage[] = [];
  for (const credit of credits) {
    const { billAccountId } = drawable.line;
    const scope = { window: windowOf(credit), entity: credit.title, billAccountId };
    const due = amountDue({ draft, calculation }, drawable, scope);
    if (isBillFailure(due)) return due;
    const amount = minOf(open, due);
    if (amount.gt(0)) found.push({ drawable, credit, amount });
  }
  return found.findLast(({ credit }) => hasTerms(credit)) ?? found.at(-1) ?? null;
}

function hasTerms({ overage }: Credit): boolean {
  return overage.isSeparate || !overage.surchargePercent.isZero();
}
