// Spec 40 §4.2, §8.1, 50 §4.5 rule 8, §4.6: which bill each commitment fee is on.
import type { BillFrequency } from '../calendar/cycle.ts';
import { isSameSlot, slotKey } from './bill-slot.ts';
import { billedFees } from './billed-fees.ts';
import type { DueSlot } from './calculation.ts';
import { commitmentFees, type DueFee, feeAccountId, feeGroupKey } from './due-fees.ts';
import type { BillTarget, ExistingBillFacts } from './facts.ts';
import { type FactsIndex, sortedBy } from './facts-index.ts';
import { isKept } from './held-places.ts';
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
 * The slots with their fees, and those besides that exist only because of fees. `own` is null for a
 * recalculation, which takes what is on its bills and what is new for their dates.
 */
export function slotsWithFees(
  index: FactsIndex,
  slots: readonly DueSlot[],
  own: OwnBills | null,
): readonly DueSlot[] {
  if (index.facts.commitments.length === 0) return slots;
  const placing = placingOn(index, slots, own);
  const placed = new Map<string, DueSlot>(slots.map((slot) => [slotKey(slot), slot]));
  for (const fee of feesOfUnit(placing, slots)) {
    const place = placeOf(placing, fee);
    if (place === null) continue;
    const slot = placed.get(slotKey(place)) ?? place;
    placed.set(slotKey(slot), { ...slot, fees: [...slot.fees, fee] });
  }
  return sortedBy([...placed.values()], slotKey);
}

function feesOfUnit({ index, own }: Placing, slots: readonly DueSlot[]): readonly DueFee[] {
  const dates = new Set(slots.map((slot) => slot.gridDate.toString()));
  if (own !== null) dates.add(own.date.toString());
  const commitments = sortedBy(index.facts.commitments, (row) => row.id);
  return commitments.flatMap((commitment) =>
    commitmentFees(index, { commitment, billed: billedFees(index, commitment, dates) }),
  );
}

/**
 * A fee stays on its bill while it still belongs there; otherwise it goes where a new one would, but only
 * together with the line that it leaves behind: a bill that is not calculated keeps its lines, and the fee is
 * not billed beside them.
 */
function placeOf(placing: Placing, fee: DueFee): DueSlot | null {
  const [first] = fee.carriers;
  if (first === undefined) return placeOfNew(placing, fee);
  const carrier = fee.carriers.find((bill) => belongsOn(placing.index, fee, bill));
  if (carrier !== undefined) return slotOfCarrier(placing, fee, carrier);
  if (fee.carriers.every((bill) => isCalculated(placing, bill))) return placeOfNew(placing, fee);
  return isKept(first) ? null : slotOfCarrier(placing, fee, first);
}

function isCalculated({ open }: Placing, bill: ExistingBillFacts): boolean {
  return !isKept(bill) && open.some(({ slot, isAskedFor }) => isAskedFor && isSameSlot(slot, bill.identity));
}

function slotOfCarrier(placing: Placing, fee: DueFee, { identity }: ExistingBillFacts): DueSlot | null {
  const { index, own, open } = placing;
  const found = open.find(({ slot }) => isSameSlot(slot, identity));
  const makesBill = own !== null && isAskedFor(index, own, fee);
  if (found !== undefined) return askedSlot(placing, found, makesBill);
  if (own === null || !makesBill) return null;
  const slot = ownSlot(own, identity.groupKey);
  return isSameSlot(slot, identity) ? slot : null;
}

function belongsOn(index: FactsIndex, fee: DueFee, { identity }: ExistingBillFacts): boolean {
  if (identity.accountId !== feeAccountId(index, fee.commitment)) return false;
  if (identity.groupKey !== feeGroupKey(index, fee.commitment)) return false;
  const order = dateOrder(fee.date, identity.gridDate);
  return order === 0 || fee.due === 'NEXT_BILL' || (fee.due === 'FROM_DATE' && order < 0);
}

/** The first bill of its date, or for an overdue one of any later date; else a bill of its own. */
function placeOfNew(placing: Placing, fee: DueFee): DueSlot | null {
  const { index, own, open } = placing;
  const accountId = feeAccountId(index, fee.commitment);
  const groupKey = feeGroupKey(index, fee.commitment);
  const sameDay = unlockedBillOfDay(index, fee);
  if (own === null && sameDay !== undefined) {
    return open.find(({ slot }) => isSameSlot(slot, sameDay.identity))?.slot ?? null;
  }
  const isLate = sameDay === undefined && isOverdue(fee, own);
  const joined = openSlotFor(placing, { accountId, groupKey, date: fee.date, isLate });
  const makesBill = own !== null && isAskedFor(index, own, fee);
  if (joined !== undefined) return askedSlot(placing, joined, makesBill);
  if (own === null || !makesBill || sameDay?.settled) return null;
  if (!isLate && !fee.date.equals(own.date)) return null;
  const slot = ownSlot(own, groupKey);
  return isLockedFor(index, accountId, slot) ? null : slot;
}

/** Whether a job may bill the fee late. A recalculation never does: it makes no next bill. */
function isOverdue(fee: DueFee, own: OwnBills | null): boolean {
  return own !== null && fee.due !== 'ON_DATE' && dateOrder(fee.date, own.date) < 0;
}

/**
 * Of the fee's account, group and date, the one of the shortest frequency. What goes on the next bill does
 * not wait for any.
 */
function unlockedBillOfDay(index: FactsIndex, fee: DueFee): ExistingBillFacts | undefined {
  if (fee.due === 'NEXT_BILL') return undefined;
  const accountId = feeAccountId(index, fee.commitment);
  const groupKey = feeGroupKey(index, fee.commitment);
  const found = index.facts.bills.filter(
    ({ identity, locked }) =>
      !locked &&
      identity.accountId === accountId &&
      identity.groupKey === groupKey &&
      identity.gridDate.equals(fee.date),
  );
  return sortedBy(found, (bill) => slotKey(bill.identity))[0];
}

/** A job that names the frequency of the plan that the fees follow asks for them too. */
function isAskedFor({ facts }: FactsIndex, own: OwnBills, { commitment }: DueFee): boolean {
  if (own.isAskedFor) return true;
  const { billFrequency, billFrequencyInterval } = commitment;
  const wanted = wantedOf(facts.target);
  if (billFrequency === null || wanted.frequency !== billFrequency) return false;
  return wanted.interval === null || wanted.interval === billFrequencyInterval;
}

type Wanted = { readonly frequency: BillFrequency | null; readonly interval: number | null };

function wantedOf(target: BillTarget): Wanted {
  if (target.kind === 'RECALCULATE') return { frequency: null, interval: null };
  return { frequency: target.billingFrequency, interval: target.billFrequencyInterval };
}
