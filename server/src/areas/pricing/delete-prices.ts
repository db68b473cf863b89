import { deleteOwned } from '../../api/delete-owned.ts';
import type { CheckScope } from '../../api/resource-spec.ts';
import type { Condition } from '../../store/database.ts';
import { counterPricing } from './counter-pricing.ts';
import { pricing } from './pricing.ts';

/** Prices go with the plan or template that has them (spec 30 §20). */
export async function deletePrices(scope: CheckScope, ofOwner: Condition): Promise<void> {
  await deleteOwned(pricing, scope, ofOwner);
  await deleteOwned(counterPricing, scope, ofOwner);
}
