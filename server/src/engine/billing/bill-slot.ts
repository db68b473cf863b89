// Spec 40 §4.2: what the bills of one unit share when they are calculated together: date, group and
// frequency.
import { isCyclic } from '../calendar/cycle.ts';
import type { AttachedPlan } from './attached-plan.ts';
import type { BillIdentity } from './bill.ts';
import type { ContractFacts } from './facts.ts';
import { periodOrder } from './period-order.ts';

/**
 * A bill identity without its account: the parent's bill and the children's bills of one slot are one pass.
 */
export type BillSlot = Pick<BillIdentity, 'gridDate' | 'groupKey' | 'frequencyKey'>;

/**
 * A text that is equal for equal slots and sorts by date. Shorter periods come first on one date: the floor
 * of a group is tested against the lines of its members' shorter bills.
 */
export function slotKey(slot: BillSlot): string {
  const { gridDate, frequencyKey, groupKey } = slot;
  return `${gridDate} ${periodOrder(frequencyKey)} ${frequencyKey} ${groupKey}`;
}

export function isSameSlot(a: BillSlot, b: BillSlot): boolean {
  return slotKey(a) === slotKey(b);
}

export function isConsolidated(slot: BillSlot): boolean {
  return slot.frequencyKey === 'CONSOLIDATED';
}

/** The group of a contract's bills: its grouping key, or the contract alone when the key is exclusive. */
export function groupKeyOf(contract: ContractFacts | null): string {
  const key = contract?.billGroupingKey ?? null;
  if (contract === null || key === null) return 'default';
  return key.exclusive ? `contract:${contract.id}` : `key:${key.id}`;
}

export function frequencyKeyOf(attached: AttachedPlan, consolidated: boolean): string {
  const { billFrequency, billFrequencyInterval } = attached.template;
  if (consolidated) return 'CONSOLIDATED';
  return isCyclic(billFrequency) ? `${billFrequency}/${billFrequencyInterval}` : 'AD_HOC';
}
