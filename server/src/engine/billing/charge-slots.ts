// Spec 40 §4.2, §8.1, §11, 50 §8.2: which bill each charge is on.
import { groupKeyOf, isSameSlot, slotKey } from './bill-slot.ts';
import type { DueSlot } from './calculation.ts';
import type { ChargeFacts, ExistingBillFacts } from './facts.ts';
import { type FactsIndex, sortedBy } from './facts-index.ts';
import { dateOrder } from './plan-dates.ts';
import {
  askedSlot,
  isLockedFor,
  type OwnBills,
  openSlotFor,
  ownSlot,
  type Placing,
  placingOn,
} from './slot-placing.ts';

/**
 * The slots with their charges, and those besides that exist only because of charges. `own` is null for a
 * recalculation, which takes what is on its bills and what is new for their dates.
 */
export function slotsWithCharges(
  index: FactsIndex,
  slots: readonly DueSlot[],
  own: OwnBills | null,
): readonly DueSlot[] {
  if (index.facts.charges.length === 0) return slots;
  const placing = placingOn(index, slots, own);
  const placed = new Map<string, DueSlot>(slots.map((slot) => [slotKey(slot), slot]));
  for (const charge of sortedBy(index.facts.charges, (row) => row.id)) {
    const place = charge.billId === null ? placeOfNew(placing, charge) : placeOfBilled(placing, charge);
    if (place === null) continue;
    const slot = placed.get(slotKey(place)) ?? place;
    placed.set(slotKey(slot), { ...slot, chargeIds: [...slot.chargeIds, charge.id] });
  }
  return sortedBy([...placed.values()], slotKey);
}

/** A charge stays on its bill while it still belongs there: in its group, and dated no later. */
function placeOfBilled(placing: Placing, charge: ChargeFacts): DueSlot | null {
  const { index, own, open } = placing;
  const bill = index.facts.bills.find((row) => row.id === charge.billId);
  if (bill === undefined || bill.locked) return null;
  const { identity } = bill;
  if (identity.groupKey !== groupOf(index, charge)) return null;
  if (dateOrder(charge.billDate, identity.gridDate) > 0) return null;
  const found = open.find(({ slot }) => isSameSlot(slot, identity));
  if (found !== undefined) return askedSlot(placing, found, own?.isAskedFor ?? false);
  const isOwn = own?.isAskedFor && own.frequencyKey === identity.frequencyKey;
  return own && isOwn && identity.gridDate.equals(own.date) ? ownSlot(own, identity.groupKey) : null;
}

/** The first bill of its date, or for an overdue one of any later date; else a bill of its own. */
function placeOfNew(placing: Placing, charge: ChargeFacts): DueSlot | null {
  const { index, own, open } = placing;
  const groupKey = groupOf(index, charge);
  const sameDay = unlockedBills(index, charge).toSorted(slotOrder)[0];
  if (own === null) {
    const found = open.find(({ slot }) => sameDay !== undefined && isSameSlot(slot, sameDay.identity));
    return found?.slot ?? null;
  }
  const isLate = sameDay === undefined && dateOrder(charge.billDate, own.date) < 0;
  const { accountId, billDate: date } = charge;
  const joined = openSlotFor(placing, { accountId, groupKey, date, isLate });
  if (joined !== undefined) return askedSlot(placing, joined, own.isAskedFor);
  // It waits for the bill of its date to be calculated again.
  if (sameDay?.settled) return null;
  if (!own.isAskedFor || !(isLate || own.date.equals(charge.billDate))) return null;
  const slot = ownSlot(own, groupKey);
  return isLockedFor(index, charge.accountId, slot) ? null : slot;
}

/** Bills of the charge's account, group and date that may be written. */
function unlockedBills(index: FactsIndex, charge: ChargeFacts): readonly ExistingBillFacts[] {
  const groupKey = groupOf(index, charge);
  return index.facts.bills.filter(
    ({ identity, locked }) =>
      !locked &&
      identity.accountId === charge.accountId &&
      identity.groupKey === groupKey &&
      identity.gridDate.equals(charge.billDate),
  );
}

function slotOrder(a: ExistingBillFacts, b: ExistingBillFacts): number {
  return slotKey(a.identity) < slotKey(b.identity) ? -1 : 1;
}

function groupOf({ contracts }: FactsIndex, { contractId }: ChargeFacts): string {
  return groupKeyOf(contractId === null ? null : (contracts.get(contractId) ?? null));
}
