// Spec 50 §6.9: on whose bill a draw is, and which child its line names there.
import type { Calculation } from './calculation.ts';
import type { Credit } from './credit.ts';
import type { DraftLine } from './draft.ts';
import type { AccountFacts } from './facts.ts';

/** A line and the credit that pays for it. */
type Paid = { readonly credit: Credit; readonly line: DraftLine };

/**
 * The account on whose bill a draw is. That of the line, but for commitments of a child: theirs are on the
 * parent's bill, or with CHILD on the child's own, wherever the line is.
 */
export function drawAccountId({ index }: Calculation, { credit, line }: Paid): string {
  if (credit.source === 'BALANCE' || credit.accountId === index.head.id) return line.billAccountId;
  return credit.childBillingMode === 'CHILD' ? credit.accountId : index.head.id;
}

/**
 * The child that a line of a credit names on a bill, which is the parent's then. A balance names the child
 * that it belongs to, a commitment with PARENT_BREAKDOWN whoever has used it.
 */
export function shownChild(
  { index }: Calculation,
  { credit, line }: Paid,
  billAccountId: string,
): AccountFacts | null {
  if (billAccountId !== index.head.id) return null;
  if (credit.source === 'BALANCE') {
    const isOfChild = credit.accountId !== index.head.id;
    return isOfChild ? (index.accounts.get(line.childAccountId ?? '') ?? null) : null;
  }
  if (credit.childBillingMode !== 'PARENT_BREAKDOWN' || line.reason.accountId === index.head.id) return null;
  return index.accounts.get(line.reason.accountId) ?? null;
}
