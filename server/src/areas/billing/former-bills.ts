import type { AccountFacts, AccountPlanFacts, ExistingBillFacts } from '../../engine/billing/facts.ts';
import { unmergedLines } from '../../engine/billing/held-places.ts';

type Batch = {
  readonly accounts: readonly AccountFacts[];
  readonly accountPlans: readonly AccountPlanFacts[];
  readonly bills: readonly ExistingBillFacts[];
};

/**
 * By unit: the bills outside of it that charge for plans of its accounts, from before an account changed its
 * parent. Units without such bills have no entry.
 */
export function formerBills({
  accounts,
  accountPlans,
  bills,
}: Batch): ReadonlyMap<string, readonly ExistingBillFacts[]> {
  const units = new Map(accounts.map((account) => [account.id, account.parentAccountId ?? account.id]));
  const unitsOfPlans = new Map(accountPlans.map((row) => [row.id, units.get(row.accountId)]));
  const found = new Map<string, ExistingBillFacts[]>();
  for (const bill of bills) {
    const own = units.get(bill.identity.accountId);
    for (const unitId of new Set(accountPlanIdsOf(bill).map((id) => unitsOfPlans.get(id)))) {
      if (unitId === undefined || unitId === own) continue;
      const known = found.get(unitId);
      if (known === undefined) found.set(unitId, [bill]);
      else known.push(bill);
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
