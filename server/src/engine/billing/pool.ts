// Spec 30 §16.5, 40 §6.2: whose usage an attached plan rates, and from when to when.
import type { Instant } from '../../kernel/time.ts';
import { isBefore } from '../../kernel/time.ts';
import type { AttachedPlan } from './attached-plan.ts';
import type { Calculation } from './calculation.ts';
import type { AccountFacts } from './facts.ts';
import { sortedBy } from './facts-index.ts';

/**
 * The accounts whose measurements the attached plan rates as one block at an instant: a parent's plan takes
 * the children along that have no plan of their own for the product then; ordered parent first, then by
 * code.
 */
export function poolAt(
  calculation: Calculation,
  attached: AttachedPlan,
  at: Instant,
): readonly AccountFacts[] {
  const { head, facts } = calculation.index;
  if (attached.account.id !== head.id) return [attached.account];
  const own = childPlans(calculation, attached).filter((plan) => isActive(plan, at));
  const rivals = new Set(own.map((plan) => plan.account.id));
  const children = facts.accounts.filter((account) => account.id !== head.id && !rivals.has(account.id));
  return [head, ...sortedBy(children, (account) => account.code)];
}

/**
 * The instants at which the block may change because a child's own plan begins or ends. A rating window is
 * cut there, so that no measurement is rated twice and none is lost.
 */
export function poolChanges(calculation: Calculation, attached: AttachedPlan): readonly Instant[] {
  if (attached.account.id !== calculation.index.head.id) return [];
  return childPlans(calculation, attached).flatMap(({ accountPlan }) =>
    accountPlan.endDate === null ? [accountPlan.startDate] : [accountPlan.startDate, accountPlan.endDate],
  );
}

function childPlans(calculation: Calculation, attached: AttachedPlan): readonly AttachedPlan[] {
  return calculation.attachedPlans.filter(
    (other) => other.account.id !== attached.account.id && other.product.id === attached.product.id,
  );
}

function isActive({ accountPlan }: AttachedPlan, at: Instant): boolean {
  if (isBefore(at, accountPlan.startDate)) return false;
  return accountPlan.endDate === null || isBefore(at, accountPlan.endDate);
}
