// Spec 50 §6.6, §11, §12: the line of a bill that shows what a credit pays, and the record of it.
import { type Decimal, sumOf } from '../../kernel/decimal.ts';
import { earlier } from '../../kernel/time.ts';
import type { BillFailure, DrawnPart } from './bill.ts';
import { billCurrencyOf, type Calculation } from './calculation.ts';
import { creditSources } from './credit.ts';
import { creditLine } from './credit-line.ts';
import { type DraftLine, type PlacedDraw, RANK } from './draft.ts';
import type { Taken } from './draw-down.ts';
import { drawAccountId, shownChild } from './draw-place.ts';
import { isBillFailure, rateTo, roundedAmount } from './line-amount.ts';
import { hullOf } from './service-span.ts';

/** One negative line for everything that a credit pays on one bill, for one child where that is named. */
export function consumedLine(
  calculation: Calculation,
  parts: readonly [Taken, ...Taken[]],
): DraftLine | BillFailure {
  const [first] = parts;
  const { credit } = first;
  const billAccountId = drawAccountId(calculation, first);
  const shown = shownOn(calculation, parts, billAccountId);
  if (isBillFailure(shown)) return shown;
  const { rate, drawn } = shown;
  const subtotal = sumOf(parts.map((part) => part.amount)).negated();
  const child = shownChild(calculation, first, billAccountId);
  const name = `draw/${credit.source}/${credit.id}`;
  return creditLine(calculation, {
    key: child === null ? name : `${name}/${child.id}`,
    billAccountId,
    rank: RANK.drawDown + creditSources(calculation.index).indexOf(credit.source),
    lineItemType: credit.source === 'PREPAYMENT' ? 'COMMITMENT_CONSUMED' : 'BALANCE_CONSUMED',
    rule: '50 §6',
    timing: 'ARREARS',
    description: credit.description,
    currency: credit.currency,
    exactAmount: subtotal,
    subtotal,
    conversionRate: rate,
    convertedSubtotal: sumOf(drawn.map((part) => part.convertedAmount)).negated(),
    service: hullOf(parts.map((part) => part.span)),
    credit,
    accountingProductId: credit.accountingProductId,
    child,
    drawn,
  });
}

/**
 * The parts with what they come to on the bill of an account: where it has another currency than the lines
 * that they pay for, they are converted to that.
 */
function shownOn(
  calculation: Calculation,
  parts: readonly [Taken, ...Taken[]],
  accountId: string,
): Shown | BillFailure {
  const to = billCurrencyOf(calculation, accountId);
  const [{ credit }] = parts;
  const named = { entity: credit.title, billAccountId: accountId };
  const rate = rateTo(calculation, { currency: credit.currency, ...named }, to);
  if (isBillFailure(rate)) return rate;
  const drawn: DrawnPart[] = [];
  for (const part of parts) {
    const isSame = billCurrencyOf(calculation, part.line.billAccountId) === to;
    const worth = { amount: part.amount.times(rate), currency: to, ...named };
    const convertedAmount = isSame ? part.convertedAmount : roundedAmount(calculation, worth);
    if (isBillFailure(convertedAmount)) return convertedAmount;
    const { line, phase, amount } = part;
    drawn.push({ lineKey: line.key, phase: phase.phase, amount, convertedAmount });
  }
  return { rate, drawn };
}

type Shown = { readonly rate: Decimal; readonly drawn: readonly DrawnPart[] };

/** The record of what a credit pays on one bill in one phase; at least one part. */
export function placedDraw(calculation: Calculation, parts: readonly [Taken, ...Taken[]]): PlacedDraw {
  const [first] = parts;
  const { credit, phase } = first;
  return {
    billAccountId: drawAccountId(calculation, first),
    source: credit.source,
    creditId: credit.id,
    phase: phase.phase,
    amount: sumOf(parts.map((part) => part.amount)),
    description: credit.description,
    end: earlier(hullOf(parts.map((part) => part.span)).end, phase.window.end),
  };
}
