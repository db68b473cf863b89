// Spec 30 §15, 40 §5.4 step 3, §5.10: what counters cost: running totals, and changes during the period.
import { type Decimal } from '../../../kernel/decimal.ts';
import { earlier, isBefore, later, localDate, startOfDate } from '../../../kernel/time.ts';
import type { ClosedSpan } from '../../calendar/local-dates.ts';
import { isZeroFraction, timesFraction, WHOLE } from '../../money/fraction.ts';
import { ratingWindows, winnerAt } from '../../pricing/winner.ts';
import type { LineItemType, LineTiming } from '../bill.ts';
import type { Calculation } from '../calculation.ts';
import { type CounterPrice, priceOfChange, priceOfValue } from '../counter-price.ts';
import { type CounterSlot, counterSlots, type OwnedCounterPricing, valueOn } from '../counter-slot.ts';
import { type Draft, type LineSpec, RANK, withNonZeroLines } from '../draft.ts';
import type { ChargedPeriod, DueMember } from '../due-member.ts';
import type { CounterAdjustmentFacts } from '../facts.ts';
import { fractionText, periodsToCharge, prorationOf, uncarriedPieces } from '../time-charge.ts';

export function counterLines(draft: Draft, calculation: Calculation): Draft {
  const specs = calculation.members.flatMap((member) =>
    counterSlots(member.attached, calculation.index).flatMap((slot) => [
      ...adjustmentSpecs(member, slot),
      ...runningTotalSpecs(calculation, member, slot),
    ]),
  );
  return withNonZeroLines(draft, calculation, specs);
}
