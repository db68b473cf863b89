// Spec 50 §4.5 rule 7, §4.6: on which bills the fees of a commitment are so far.
import type { BilledFee, CommitmentFacts } from './commitment-facts.ts';
import type { ExistingBillFacts } from './facts.ts';
import type { FactsIndex } from './facts-index.ts';

/** A fee line; `open` is its bill while that is unlocked, or null when the line stands. */
export type BilledFeeLine = BilledFee & { readonly open: ExistingBillFacts | null };

/**
 * The commitment's fee lines as a calculation of bills of these dates sees them. What is on a bill of a
 * former parent stands, even an unlocked one: that is not written here.
 */
export function billedFees(
  index: FactsIndex,
  { fees }: CommitmentFacts,
  dates: ReadonlySet<string>,
): readonly BilledFeeLine[] {
  const lines: BilledFeeLine[] = [];
  for (const fee of fees) {
    const bill = index.facts.bills.find((row) => row.id === fee.billId);
    if (bill !== undefined) lines.push({ ...fee, open: bill.locked ? null : bill });
    else if (!isLosing(index, fee, dates)) lines.push({ ...fee, open: null });
  }
  return lines;
}

/**
 * As for charges (0037), an unlocked bill of a date that is being billed does not count where its own unit
 * calculates it with that date too, because it has plans of that unit: then it loses the line.
 */
function isLosing({ facts }: FactsIndex, { billId }: BilledFee, dates: ReadonlySet<string>): boolean {
  const bill = facts.formerBills?.find((row) => row.id === billId);
  if (bill === undefined || bill.locked || !dates.has(bill.identity.gridDate.toString())) return false;
  return bill.periods.some((part) => !facts.accountPlans.some((row) => row.id === part.accountPlanId));
}

export function stands(lines: readonly BilledFeeLine[], key: string): boolean {
  return lines.some((line) => line.key === key && line.open === null);
}

/** The unlocked bills with a line of that key: more than one only if the fee was once billed twice. */
export function carriersOf(lines: readonly BilledFeeLine[], key: string): readonly ExistingBillFacts[] {
  return lines.filter((line) => line.key === key).flatMap((line) => line.open ?? []);
}
