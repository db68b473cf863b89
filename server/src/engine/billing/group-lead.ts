// Spec 30 §4: the member plan whose billing period the charges of its plan group follow.
import { present } from '../../kernel/assert.ts';
import type { Frequency } from '../calendar/cycle.ts';
import type { AttachedPlan } from './attached-plan.ts';

const DAYS: Record<Frequency, number> = { DAILY: 1, WEEKLY: 7, MONTHLY: 30.4, ANNUALLY: 365 };

/** Whether this is the attached plan that carries its group's charges: the one with the longest period. */
export function isGroupLead(attached: AttachedPlan, all: readonly AttachedPlan[]): boolean {
  if (attached.group === null) return false;
  const members = all.filter((other) => other.accountPlan.id === attached.accountPlan.id);
  const longest = Math.max(...members.map(periodDays));
  const lead = members.find((member) => periodDays(member) === longest);
  return present(lead, 'a lead member').key === attached.key;
}

/** About how long a billing period is; only to compare. */
function periodDays({ calendar }: AttachedPlan): number {
  return calendar === null ? 0 : DAYS[calendar.cycle.frequency] * calendar.cycle.interval;
}
