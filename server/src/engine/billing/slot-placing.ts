// Spec 40 §4.2, §8.1: the bills on which charges and fees can be placed.
import type { PlainDate } from '../../kernel/time.ts';
import type { BillStamp } from './bill.ts';
import { type BillSlot, isSameSlot, slotKey } from './bill-slot.ts';
import { calculationOf, type DueSlot } from './calculation.ts';
import { type FactsIndex, sortedBy } from './facts-index.ts';
import { dueBillsOf } from './slot-bills.ts';

/** What a create job makes of charges and fees that no other bill takes: bills of their own, of its date. */
export type OwnBills = {
  readonly date: PlainDate;
  readonly frequencyKey: string;
  readonly stamp: BillStamp;
  readonly adHocNamed: boolean;
  /** Whether the job asks for such bills at all. */
  readonly isAskedFor: boolean;
  /** Slots that are due as well, of frequencies that the job does not ask for: what is theirs waits. */
  readonly waiting: readonly DueSlot[];
};

/** A slot and the accounts that have a bill in it which may be written. */
export type OpenSlot = {
  readonly slot: DueSlot;
  readonly accountIds: ReadonlySet<string>;
  readonly isAskedFor: boolean;
};

export type Placing = {
  readonly index: FactsIndex;
  readonly own: OwnBills | null;
  /** By date, shorter frequencies first. */
  readonly open: readonly OpenSlot[];
};

/** The slots of a calculation as places; `own` is null for a recalculation. */
export function placingOn(index: FactsIndex, slots: readonly DueSlot[], own: OwnBills | null): Placing {
  const asked = slots.map((slot) => openSlot(index, slot, true));
  const waiting = (own?.waiting ?? []).map((slot) => openSlot(index, slot, false));
  return { index, own, open: sortedBy([...asked, ...waiting], ({ slot }) => slotKey(slot)) };
}

function openSlot(index: FactsIndex, slot: DueSlot, isAskedFor: boolean): OpenSlot {
  const known = { bills: index.facts.bills, answers: new Map() };
  const unlocked = dueBillsOf(calculationOf(index, slot, known)).filter((due) => !due.locked);
  return { slot, accountIds: new Set(unlocked.map((due) => due.identity.accountId)), isAskedFor };
}

/**
 * The slot that an item belongs in, or null when that waits for another job. `makesBill` says that the job
 * asks for bills of such an item alone: a consolidated one then holds everything of its date.
 */
export function askedSlot(
  { own }: Placing,
  { slot, isAskedFor }: OpenSlot,
  makesBill: boolean,
): DueSlot | null {
  if (isAskedFor) return slot;
  if (own === null || !makesBill) return null;
  const alone = ownSlot(own, slot.groupKey);
  return isSameSlot(alone, slot) ? alone : null;
}

/** Whether the account's bill in the slot is locked. */
export function isLockedFor({ facts }: FactsIndex, accountId: string, slot: BillSlot): boolean {
  return facts.bills.some(
    ({ identity, locked }) => locked && identity.accountId === accountId && isSameSlot(identity, slot),
  );
}

/** The slot of a bill that exists only because of what is placed on it. */
export function ownSlot({ date, frequencyKey, stamp, adHocNamed }: OwnBills, groupKey: string): DueSlot {
  return { gridDate: date, groupKey, frequencyKey, stamp, adHocNamed, chargeIds: [], fees: [] };
}
