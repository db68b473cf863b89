// Spec 50 §6.2, §6.4 rule 3, §10.1: what credits may pay for, in order, and how much of it is open.
import { type Decimal, maxOf, minOf, ZERO } from '../../kernel/decimal.ts';
import { accountsInOrder } from './bill-members.ts';
import type { Calculation } from './calculation.ts';
import { type Credit, DRAWABLE_TYPES } from './credit.ts';
import { type Draft, type DraftLine, RANK } from './draft.ts';
import { isKept } from './held-places.ts';
import { lineOrder } from './line-order.ts';

/** A line above 0, and what usage credits leave of it in the bill's currency. */
export type DrawableLine = { readonly line: DraftLine; readonly netAmount: Decimal };

/**
 * The lines in the order in which a credit pays for them: those of the parent, then of each child by
 * code; by type; then as on the bill. Those of locked bills are among them, of bills that fail there are
 * none.
 */
export function drawableLines(draft: Draft, calculation: Calculation): readonly DrawableLine[] {
  const places = new Map(accountsInOrder(calculation).map((account, at) => [account.id, at]));
  const placeOf = ({ reason }: DraftLine) => places.get(reason.accountId) ?? 0;
  const netAmounts = netAmountsOf(draft.lines);
  return draft.lines
    .filter((line) => typeRank(line) >= 0 && hasBill(calculation, line))
    .toSorted((a, b) => placeOf(a) - placeOf(b) || typeRank(a) - typeRank(b) || lineOrder(a, b))
    .map((line) => ({ line, netAmount: netAmounts.get(line) ?? line.convertedSubtotal }))
    .filter(({ netAmount }) => netAmount.gt(0));
}

/** On a bill that is written, or on a locked one; a bill that fails has no lines. */
function hasBill({ unwritten, existingBills }: Calculation, { billAccountId }: DraftLine): boolean {
  if (!unwritten.has(billAccountId)) return true;
  return existingBills.some((bill) => isKept(bill) && bill.identity.accountId === billAccountId);
}

function typeRank({ lineItemType }: DraftLine): number {
  return (DRAWABLE_TYPES as readonly string[]).indexOf(lineItemType);
}

/**
 * Every line less the usage credits for it, so that nobody pays for credited usage: a product's credit
 * goes to usage of the product, then to its other lines; a global one to all usage, then to all other
 * lines.
 */
function netAmountsOf(lines: readonly DraftLine[]): ReadonlyMap<DraftLine, Decimal> {
  const net = new Map(lines.map((line) => [line, line.convertedSubtotal]));
  const ordered = lines.toSorted(lineOrder);
  const usageFirst = [...ordered.filter(isUsage), ...ordered.filter((line) => !isUsage(line))];
  for (const credit of ordered.filter((line) => line.lineItemType === 'USAGE_CREDIT')) {
    let left = credit.convertedSubtotal.abs();
    for (const line of usageFirst.filter((other) => isRelieved(other, credit))) {
      const open = maxOf(net.get(line) ?? ZERO, ZERO);
      const taken = minOf(open, left);
      net.set(line, open.minus(taken));
      left = left.minus(taken);
    }
  }
  return net;
}

function isUsage(line: DraftLine): boolean {
  return line.lineItemType === 'USAGE';
}

function isRelieved(line: DraftLine, credit: DraftLine): boolean {
  if (line.billAccountId !== credit.billAccountId || !line.convertedSubtotal.gt(0)) return false;
  return credit.rank === RANK.globalCredit || line.productId === credit.productId;
}

/** Whether the credit may pay for the line, as far as time and money do not say otherwise. */
export function mayPayFor(credit: Credit, { line }: DrawableLine, { index }: Calculation): boolean {
  if (!credit.lineItemTypes.includes(line.lineItemType)) return false;
  if (credit.contractId !== null && credit.contractId !== line.contractId) return false;
  if (credit.productIds.length > 0 && !credit.productIds.includes(productIdOf(line) ?? '')) return false;
  if (credit.accountId !== index.head.id) return line.reason.accountId === credit.accountId;
  return credit.childBillingMode === 'CHILD' || line.billAccountId === index.head.id;
}

/** Charges of no plan are told apart by their accounting product. */
function productIdOf(line: DraftLine): string | null {
  return line.lineItemType === 'AD_HOC' ? line.accountingProductId : line.productId;
}
