// Spec 40 §4.6, §8.5: the bills of one slot, before any measurement is known.
import type { DueBill } from './bill.ts';
import { accountsInOrder, chargesOf, existingBillOf, identityOf, membersOf } from './bill-members.ts';
import type { Calculation } from './calculation.ts';
import { feesOf } from './due-fees.ts';
import { isKept } from './held-places.ts';
import { opensWithCharge } from './opening-charges.ts';

/** The due bills of one slot. */
export function dueBillsOf(calculation: Calculation): readonly DueBill[] {
  return accountsInOrder(calculation)
    .map((account) => {
      const existing = existingBillOf(calculation, account);
      const isDue =
        chargesOf(calculation, account).length > 0 ||
        feesOf(calculation, account).length > 0 ||
        membersOf(calculation, account).some(
          (member) => member.closing !== null || opensWithCharge(calculation, member),
        );
      if (existing === null && !isDue) return null;
      return {
        identity: identityOf(calculation, account),
        existingBillId: existing?.id ?? null,
        kept: existing !== null && isKept(existing),
      };
    })
    .filter((due) => due !== null);
}
