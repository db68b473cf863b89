// Spec 50 §6.6, §11, §12: the line of a bill that shows what a credit pays, and the record of it.
import { sumOf } from '../../kernel/decimal.ts';
import { earlier } from '../../kernel/time.ts';
import type { Calculation } from './calculation.ts';
import { creditSources } from './credit.ts';
import { creditLine } from './credit-line.ts';
import { type DraftLine, type PlacedDraw, RANK } from './draft.ts';
import type { Taken } from './draw-down.ts';
import type { AccountFacts } from './facts.ts';
import { hullOf } from './service-span.ts';

/** One negative line for everything that a credit pays on one bill, for one child where that is named. */
export function consumedLine(calculation: Calculation, parts: readonly [Taken, ...Taken[]]): DraftLine {
  const [{ credit, line, rate }] = parts;
  const subtotal = sumOf(parts.map((part) => part.amount)).negated();
  const child = shownChild(calculation, parts[0]);
  const name = `draw/${credit.source}/${credit.id}`;
  return creditLine(calculation, {
    key: child === null ? name : `${name}/${child.id}`,
    billAccountId: line.billAccountId,
    rank: RANK.drawDown + creditSources(calculation.index).indexOf(credit.source),
    lineItemType: credit.source === 'PREPAYMENT' ? 'COMMITMENT_CONSUMED' : 'BALANCE_CONSUMED',
    rule: '50 §6',
    timing: 'ARREARS',
    description: credit.description,
    currency: credit.currency,
    exactAmount: subtotal,
    subtotal,
    conversionRate: rate,
    convertedSubtotal: sumOf(parts.map((part) => part.convertedAmount)).negated(),
    service: hullOf(parts.map((part) => part.span)),
    credit,
    accountingProductId: credit.accountingProductId,
    child,
    drawn: parts.map(drawnPart),
  });
}

/**
 * Spec 50 §6.9: the child that a line of a credit names on the parent's bill. A balance names the child that
 * it belongs to, a commitment with PARENT_BREAKDOWN whoever has used it.
 */
export function shownChild(
  { index }: Calculation,
  { credit, line }: Pick<Taken, 'credit' | 'line'>,
): AccountFacts | null {
  if (line.billAccountId !== index.head.id) return null;
  if (credit.source === 'BALANCE') {
    const isOfChild = credit.accountId !== index.head.id;
    return isOfChild ? (index.accounts.get(line.childAccountId ?? '') ?? null) : null;
  }
  if (credit.childBillingMode !== 'PARENT_BREAKDOWN' || line.reason.accountId === index.head.id) return null;
  return index.accounts.get(line.reason.accountId) ?? null;
}

function drawnPart({ line, phase, amount, convertedAmount }: Taken) {
  return { lineKey: line.key, phase: phase.phase, amount, convertedAmount };
}

/** The record of what a credit pays on one bill in one phase; at least one part. */
export function placedDraw(parts: readonly [Taken, ...Taken[]]): PlacedDraw {
  const [{ credit, phase, line }] = parts;
  return {
    billAccountId: line.billAccountId,
    source: credit.source,
    creditId: credit.id,
    phase: phase.phase,
    amount: sumOf(parts.map((part) => part.amount)),
    description: credit.description,
    end: earlier(hullOf(parts.map((part) => part.span)).end, phase.window.end),
  };
}
