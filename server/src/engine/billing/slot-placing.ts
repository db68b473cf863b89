// Spec 40 §4.2, §8.1: the bills on which charges and fees can be placed.
import type { PlainDate } from '../../kernel/time.ts';
import type { BillStamp } from './bill.ts';
import { blocksOfChildBills } from './bill-members.ts';
import { type BillSlot, isConsolidated, isSameSlot, slotKey } from './bill-slot.ts';
import { type Calculation, calculationOf, type DueSlot } from './calculation.ts';
import { type FactsIndex, sortedBy } from './facts-index.ts';
import { dateOrder } from './plan-dates.ts';
import { poolIn } from './pool.ts';
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
  /**
   * Children that have a bill in it if any usage of the parent's block is theirs, and otherwise one that is
   * made of what is placed there alone.
   */
  readonly sharingIds: ReadonlySet<string>;
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
  const calculation = calculationOf(index, slot, known);
  const unlocked = dueBillsOf(calculation).filter((due) => !due.kept);
  return {
    slot,
    accountIds: new Set(unlocked.map((due) => due.identity.accountId)),
    sharingIds: sharingIds(calculation),
    isAskedFor,
  };
}

/** One that has a bill of that date and group keeps to it. */
function sharingIds(calculation: Calculation): ReadonlySet<string> {
  const { index, slot } = calculation;
  if (isConsolidated(slot)) return new Set();
  const billed = index.facts.bills
    .map(({ identity }) => identity)
    .filter(({ gridDate, groupKey }) => gridDate.equals(slot.gridDate) && groupKey === slot.groupKey);
  const taken = new Set(billed.map(({ accountId }) => accountId));
  const ids = blocksOfChildBills(calculation)
    .flatMap(({ attached, closing }) =>
      closing === null ? [] : poolIn(calculation, attached, closing.service).accounts,
    )
    .map((account) => account.id);
  return new Set(ids.filter((id) => id !== index.head.id && !taken.has(id)));
}

/** An item of an account, by its date, and whether it may be on a later bill. */
export type Placed = {
  readonly accountId: string;
  readonly groupKey: string;
  readonly date: PlainDate;
  readonly isLate: boolean;
};

/** The first bill of the item's date, or for an overdue one the first that is made of any later date. */
export function openSlotFor({ own, open }: Placing, item: Placed): OpenSlot | undefined {
  return open.find(({ slot, accountIds, sharingIds, isAskedFor }) => {
    if (slot.groupKey !== item.groupKey) return false;
    const isShared = sharingIds.has(item.accountId);
    if (slot.gridDate.equals(item.date)) return isShared || accountIds.has(item.accountId);
    if (!item.isLate || !isAskedFor || dateOrder(slot.gridDate, item.date) < 0) return false;
    const hasOwnDate = slot.makesAlone || !own?.isAskedFor;
    return accountIds.has(item.accountId) || (isShared && hasOwnDate);
  });
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
  return {
    gridDate: date,
    groupKey,
    frequencyKey,
    stamp,
    adHocNamed,
    makesAlone: true,
    chargeIds: [],
    fees: [],
  };
}
