// Spec 40 §4.2, §6.3: which of a slot's plans are billed to which account of the unit.
import type { BillIdentity } from './bill.ts';
import type { Calculation } from './calculation.ts';
import type { DueMember } from './due-member.ts';
import type { AccountFacts, ChargeFacts, ExistingBillFacts } from './facts.ts';
import { sortedBy } from './facts-index.ts';
import { placementOf } from './placement.ts';

/** The parent, then the children by code. */
export function accountsInOrder({ index }: Calculation): readonly AccountFacts[] {
  const { head, facts } = index;
  if (facts.accounts.length === 1) return facts.accounts;
  const children = facts.accounts.filter((account) => account.id !== head.id);
  return [head, ...sortedBy(children, (account) => account.code)];
}

/** The members that are billed to the account by rule, whether or not they have lines. */
export function membersOf(calculation: Calculation, account: AccountFacts): readonly DueMember[] {
  return calculation.members.filter(({ attached }) => {
    const placement = placementOf(calculation, attached, attached.account);
    return placement.billAccountId === account.id;
  });
}

/** The members whose block is shared out to the bills of the accounts that it is pooled from. */
export function blocksOfChildBills({ index, members }: Calculation): readonly DueMember[] {
  if (index.facts.accounts.length === 1) return [];
  return members.filter(
    ({ attached }) =>
      attached.account.id === index.head.id && attached.accountPlan.childBillingMode === 'CHILD',
  );
}

/** The charges that are on the account's bill, by id. */
export function chargesOf({ index, slot }: Calculation, account: AccountFacts): readonly ChargeFacts[] {
  if (slot.chargeIds.length === 0) return [];
  const ids = new Set(slot.chargeIds);
  const own = index.facts.charges.filter((row) => row.accountId === account.id && ids.has(row.id));
  return sortedBy(own, (row) => row.id);
}

export function existingBillOf(
  { existingBills }: Calculation,
  account: AccountFacts,
): ExistingBillFacts | null {
  return existingBills.find((bill) => bill.identity.accountId === account.id) ?? null;
}

export function identityOf({ slot }: Calculation, account: AccountFacts): BillIdentity {
  const { gridDate, groupKey, frequencyKey } = slot;
  return { accountId: account.id, gridDate, groupKey, frequencyKey };
}
