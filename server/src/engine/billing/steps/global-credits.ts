// Spec 30 §10, 40 §5.4 step 8: credits for the whole bill, at most what it charges so far.
import type { Calculation } from '../calculation.ts';
import { withCredits } from '../credit-lines.ts';
import type { Draft } from '../draft.ts';

export function globalCredits(draft: Draft, calculation: Calculation): Draft {
  return withCredits(draft, calculation, { type: 'GLOBAL_CREDIT', rank: 'globalCredit', covers: () => true });
}
