// Spec 40 §4.6, §8.1, §8.5: the bills that a target asks for, before any measurement is known.
import type { DueBill } from './bill.ts';
import { calculationOf } from './calculation.ts';
import { dueSlots } from './due-slots.ts';
import type { BillFacts } from './facts.ts';
import { factsIndex } from './facts-index.ts';
import { dueBillsOf } from './slot-bills.ts';

/**
 * The bills of the unit that the target makes due, by date, shorter frequencies first, the parent's before
 * its children's; locked ones are among them and are skipped by the calculation. The bill of a child that
 * only gets its share of a parent's pooled usage is not known before the usage is, unless it exists.
 */
export function dueBills(facts: BillFacts): readonly DueBill[] {
  const index = factsIndex(facts);
  return dueSlots(index).flatMap((slot) =>
    dueBillsOf(calculationOf(index, slot, { bills: facts.bills, answers: new Map() })),
  );
}
