// Spec 40 §6.3: on whose bill the charges of an attached plan are.
import type { AttachedPlan } from './attached-plan.ts';
import type { Calculation } from './calculation.ts';
import type { AccountFacts } from './facts.ts';
import { heldKey } from './held-places.ts';

/** Whose bill a line is on, and the child that it names. */
export type Placement = {
  readonly billAccountId: string;
  readonly childAccount: AccountFacts | null;
};

type Placing = Pick<Calculation, 'index' | 'held'>;

/**
 * Where lines of an attachment go that belong to `owner`: the parent's own stay on the parent's bill, a
 * child's go there with the child named (PARENT_BREAKDOWN), there without a name (PARENT_SUMMARY) or to its
 * own bill. What stands on a locked bill stays there, wherever it would go today.
 */
export function placementOf(placing: Placing, attached: AttachedPlan, owner: AccountFacts): Placement {
  const { held } = placing;
  const placement = placementToday(placing, attached, owner);
  if (held.size === 0) return placement;
  const billAccountId = held.get(heldKey(attached.key, owner.id)) ?? placement.billAccountId;
  return billAccountId === placement.billAccountId ? placement : { billAccountId, childAccount: null };
}

function placementToday({ index }: Placing, attached: AttachedPlan, owner: AccountFacts): Placement {
  const { head } = index;
  const mode = attached.accountPlan.childBillingMode;
  if (owner.id === head.id) return { billAccountId: head.id, childAccount: null };
  if (mode === 'CHILD') return { billAccountId: owner.id, childAccount: null };
  return { billAccountId: head.id, childAccount: mode === 'PARENT_BREAKDOWN' ? owner : null };
}

/** The account whose bill has all usage of the attachment; null when a block goes to several bills. */
export function billOfAll(placing: Placing, attached: AttachedPlan): string | null {
  const { index, held } = placing;
  const { account, accountPlan } = attached;
  const isPooled = account.id === index.head.id && index.facts.accounts.length > 1;
  if (isPooled && (accountPlan.childBillingMode === 'CHILD' || held.size > 0)) return null;
  return placementOf(placing, attached, account).billAccountId;
}
