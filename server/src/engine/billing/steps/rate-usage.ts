// Spec 30 §6, §7, 40 §5.4: every metric that the due plans price, rated; later steps make lines of it.
import type { Calculation } from '../calculation.ts';
import { type Draft, withFailure } from '../draft.ts';
import { pricingSlots } from '../pricing-slot.ts';
import { type Rated, ratedSlot } from '../rated-window.ts';

/** Rates usage and credit pricings alike, so that all questions about measurements come in one round. */
export function rateUsage(draft: Draft, calculation: Calculation): Draft {
  const rated: Rated[] = [];
  for (const member of calculation.members) {
    for (const slot of pricingSlots(member.attached, calculation.index)) {
      rated.push(ratedSlot({ calculation, member, slot }));
    }
  }
  const needs = rated.flatMap((slot) => slot.needs);
  const windows = rated.flatMap((slot) => slot.windows);
  const failures = rated.map((slot) => slot.failure).filter((failure) => failure !== null);
  return failures.reduce((grown: Draft, failure) => withFailure(grown, calculation, failure), {
    ...draft,
    rated: windows,
    needs,
  });
}
