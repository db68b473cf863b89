// Spec 40 §6.3, §7.3: what stands on a bill that is kept does not move when the place of billing changes.
import { type AttachedPlan, attachedKey } from './attached-plan.ts';
import type { BilledLine } from './bill.ts';
import type { ExistingBillFacts } from './facts.ts';

/** By `heldKey`: the account whose bill holds what an attached plan charges an account for. */
export type HeldPlaces = ReadonlyMap<string, string>;

const NONE: HeldPlaces = new Map();

type Keeping = { readonly locked?: boolean; readonly settled?: boolean };

/** Whether the calculation leaves the bill as it is. */
export function isKept({ locked = false, settled = false }: Keeping): boolean {
  return locked || settled;
}

/** Names the charges of an attached plan, by its key, for one account. */
export function heldKey(attachedKey: string, ownerId: string): string {
  return `${attachedKey} ${ownerId}`;
}

/**
 * What the kept ones among a slot's bills hold: the lines on them, and also without a line the plan itself,
 * which a bill names in its periods when all or the first part of the plan's charges belong to it.
 */
export function heldPlaces(
  bills: readonly ExistingBillFacts[],
  attached: readonly AttachedPlan[],
): HeldPlaces {
  const kept = bills.filter(isKept);
  if (kept.length === 0) return NONE;
  const owners = new Map(attached.map(({ key, account }) => [key, account.id]));
  const held = new Map<string, string>();
  for (const { identity, periods, lines } of kept) {
    for (const { accountPlanId, planId } of periods) {
      const key = attachedKey(accountPlanId, planId);
      const owner = owners.get(key);
      if (owner !== undefined) held.set(heldKey(key, owner), identity.accountId);
    }
    for (const { planId, reason } of lines.flatMap(unmergedLines)) {
      const key = attachedKey(reason.accountPlanId, planId);
      held.set(heldKey(key, reason.accountId), identity.accountId);
    }
  }
  return held;
}

/** Lines that were merged for their reader are taken apart again. */
export function unmergedLines(line: BilledLine): readonly BilledLine[] {
  return line.reason.mergedFrom.length > 0 ? line.reason.mergedFrom : [line];
}
