// Spec 30 §12, 40 §5.5: the lines of one floor: what is charged in advance, what of it is given back, the top-up.
import { type Decimal, maxOf, minOf, sumOf, ZERO } from '../../kernel/decimal.ts';
import type { ClosedSpan } from '../calendar/local-dates.ts';
import { timesFraction } from '../money/fraction.ts';
import type { BilledLine, BillFailure } from './bill.ts';
import type { Calculation } from './calculation.ts';
import { type Draft, FIXED_AMOUNT, type LineSpec, withNonZeroLine } from './draft.ts';
import type { ChargedPeriod } from './due-member.ts';
import type { Floor } from './floor.ts';
import { convertedAmount, isBillFailure } from './line-amount.ts';
import { hullOf, isWithin, overlaps } from './service-span.ts';
import {
  fractionText,
  type PeriodToCharge,
  periodsToCharge,
  prorationOf,
  uncarriedPieces,
} from './time-charge.ts';

/**
 * Adds the floor's lines. In advance M is billed when the period begins, and min(M, Q) is given back when it ends,
 * so that both bills come to max(M, Q); in arrears the top-up is M - Q. A floor billed in advance is settled that
 * way also when the setting has changed since.
 */
export function withFloorLines(draft: Draft, calculation: Calculation, floor: Floor): Draft {
  const due = periodsToCharge(floor.member, floor.terms, calculation.history);
  const inAdvance = due.filter(({ timing }) => timing === 'ADVANCE');
  const billed = inAdvance.reduce(
    (grown, toCharge) => withNonZeroLine(grown, calculation, ...fullMinimum(calculation, floor, toCharge)),
    draft,
  );
  const { closing } = floor.member;
  if (closing === null || billed.failure !== null) return billed;
  const spend = spendIn(billed, calculation, { floor, closing });
  if (isBillFailure(spend)) return { ...billed, failure: spend };
  return settled(billed, calculation, { floor, closing, spend, inArrears: due.at(0)?.timing === 'ARREARS' });
}
