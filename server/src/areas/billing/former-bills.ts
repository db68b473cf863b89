import type { CommitmentFacts } from '../../engine/billing/commitment-facts.ts';
import type { AccountFacts, AccountPlanFacts, ExistingBillFacts } from '../../engine/billing/facts.ts';
import { unmergedLines } from '../../engine/billing/held-places.ts';

type Batch = {
  readonly accounts: readonly AccountFacts[];
  readonly accountPlans: readonly AccountPlanFacts[];
  readonly commitments: readonly CommitmentFacts[];
  readonly bills: readonly ExistingBillFacts[];
};

/**
 * By unit: the bills outside of it that charge for plans of its accounts or have fees of their commitments,
 * from before an account changed its parent. Units without such bills have no entry.
 */
export function formerBills(batch: Batch): ReadonlyMap<string, readonly ExistingBillFacts[]> {
  const { accounts, accountPlans, commitments, bills } = batch;
  const units = new Map(accounts.map((account) => [account.id, account.parentAccountId ?? account.id]));
  const unitsOfPlans = new Map(accountPlans.map((row) => [row.id, units.get(row.accountId)]));
  const unitsOfFees = unitsByBill(commitments, units);
  const found = new Map<string, ExistingBillFacts[]>();
  for (const bill of bills) {
    const own = units.get(bill.identity.accountId);
    const ofPlans = accountPlanIdsOf(bill).map((id) => unitsOfPlans.get(id));
    for (const unitId of new Set([...ofPlans, ...(unitsOfFees.get(bill.id) ?? [])])) {
      if (unitId === undefined || unitId === own) continue;
      const known = found.get(unitId);
      if (known === undefined) found.set(unitId, [bill]);
      else known.push(bill);
    }
  }
  return found;
}

/** By bill: the units whose commitments it has fees of. */
function unitsByBill(
  commitments: readonly CommitmentFacts[],
  units: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly (string | undefined)[]> {
  const found = new Map<string, (string | undefined)[]>();
  for (const { accountId, fees } of commitments) {
    for (const { billId } of fees) {
      found.set(billId, [...(found.get(billId) ?? []), units.get(accountId)]);
    }
  }
  return found;
}

function accountPlanIdsOf({ periods, lines }: ExistingBillFacts): string[] {
  const ids = periods.map((part) => part.accountPlanId);
  for (const { reason } of lines.flatMap(unmergedLines)) {
    if (reason.accountPlanId !== null) ids.push(reason.accountPlanId);
  }
  return ids;
}
