// Spec 30 §10, 40 §5.4 step 5: credits for a product, at most what the bill charges for that product.
import type { Calculation } from '../calculation.ts';
import { withCredits } from '../credit-lines.ts';
import type { Draft, DraftLine } from '../draft.ts';

const COVERED = [
  'USAGE',
  'USAGE_CREDIT',
  'STANDING_CHARGE',
  'COUNTER_RUNNING_TOTAL_CHARGE',
  'COUNTER_ADJUSTMENT_DEBIT',
  'COUNTER_ADJUSTMENT_CREDIT',
];

export function productCredits(draft: Draft, calculation: Calculation): Draft {
  return withCredits(draft, calculation, { type: 'PRODUCT_CREDIT', rank: 'productCredit', covers });
}

function covers(line: DraftLine, credit: DraftLine): boolean {
  return COVERED.includes(line.lineItemType) && line.productId === credit.productId;
}
