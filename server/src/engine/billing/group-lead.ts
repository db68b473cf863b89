// Spec 30 §4: the member plan whose billing period the charges of its plan group follow.
import type { AttachedPlan } from './attached-plan.ts';
import { frequencyKeyOf } from './bill-slot.ts';
import { periodOrder } from './period-order.ts';

/**
 * Whether this is the attached plan that carries its group's charges: the one with the longest period, whose
 * bill is the last one of the group on its date.
 */
export function isGroupLead(attached: AttachedPlan, all: readonly AttachedPlan[]): boolean {
  if (attached.group === null) return false;
  let lead = attached;
  let longest = '';
  for (const member of all) {
    if (member.accountPlan.id !== attached.accountPlan.id) continue;
    const order = leadOrder(member);
    if (longest === '' || order > longest) [lead, longest] = [member, order];
  }
  return lead.key === attached.key;
}

/** A text that sorts by length; a plan without a cycle leads only where no other does. */
function leadOrder(member: AttachedPlan): string {
  return member.calendar === null ? '-' : periodOrder(frequencyKeyOf(member, false));
}
