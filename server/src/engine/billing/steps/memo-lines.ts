// Spec 40 §5.4 step 11, §12: credit and debit memos of the existing bills, re-attached as they are.
import type { Calculation } from '../calculation.ts';
import { type Draft, type DraftLine, RANK } from '../draft.ts';
import { sortedBy } from '../facts-index.ts';

export function memoLines(draft: Draft, calculation: Calculation): Draft {
  const memos = calculation.existingBills.flatMap((bill) =>
    bill.memoLines.map((line): DraftLine => {
      const billAccountId = bill.identity.accountId;
      return { ...line, billAccountId, rank: RANK.memo, planCode: '', attachedKey: null };
    }),
  );
  return { ...draft, lines: [...draft.lines, ...sortedBy(memos, (line) => line.key)] };
}
