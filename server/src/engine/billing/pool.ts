// Spec 30 §6.3, §16.5, 40 §6.2: whose usage an attached plan rates as one block.
import { type ClosedSpan, clippedSpan } from '../calendar/local-dates.ts';
import type { UsageAbsence } from '../metering/usage-query.ts';
import type { AttachedPlan } from './attached-plan.ts';
import type { Calculation } from './calculation.ts';
import type { AccountFacts } from './facts.ts';
import { sortedBy } from './facts-index.ts';
import { spanWithout } from './service-span.ts';

/** The accounts of a block in a span, and when the measurements of some of them are not part of it. */
export type Pool = {
  readonly accounts: readonly AccountFacts[];
  readonly absences: readonly UsageAbsence[];
};

/**
 * The accounts whose measurements the attached plan rates as one block in a span: a parent's plan takes the
 * children along while they have no plan of their own for the product; ordered parent first, then by code. A
 * child whose plan begins on the 16th belongs to the block of the month with what it used until then.
 */
export function poolIn(calculation: Calculation, attached: AttachedPlan, span: ClosedSpan): Pool {
  const { head, facts } = calculation.index;
  if (attached.account.id !== head.id) return { accounts: [attached.account], absences: [] };
  const own = ownSpans(calculation, attached, span);
  const accounts: AccountFacts[] = [head];
  const absences: UsageAbsence[] = [];
  const children = facts.accounts.filter((account) => account.id !== head.id);
  for (const child of sortedBy(children, (account) => account.code)) {
    const taken = own.get(child.id);
    const present = taken === undefined ? [span] : spanWithout(span, taken);
    if (present.length === 0) continue;
    accounts.push(child);
    if (taken === undefined) continue;
    for (const { start, end } of spanWithout(span, present))
      absences.push({ accountId: child.id, start, end });
  }
  return { accounts, absences };
}

/** One account of a pool alone. */
export function poolOf({ absences }: Pool, account: AccountFacts): Pool {
  return { accounts: [account], absences: absences.filter(({ accountId }) => accountId === account.id) };
}

/** By child: when in the span it has a plan of its own for the product of the attached one. */
function ownSpans(
  { attachedPlans }: Calculation,
  attached: AttachedPlan,
  span: ClosedSpan,
): ReadonlyMap<string, readonly ClosedSpan[]> {
  const spans = new Map<string, ClosedSpan[]>();
  for (const { account, product, accountPlan } of attachedPlans) {
    if (account.id === attached.account.id || product.id !== attached.product.id) continue;
    const { startDate: start, endDate: end } = accountPlan;
    const part = clippedSpan(span, [{ start, end }]);
    if (part === null) continue;
    const known = spans.get(account.id);
    if (known === undefined) spans.set(account.id, [part]);
    else known.push(part);
  }
  return spans;
}
