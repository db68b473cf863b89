// Spec 40 §5.4, 30 §19: the calculation as one ordered list; the numbers are those of the specification.
import type { Step } from './draft.ts';
import { chargeLines } from './steps/charge-lines.ts';
import { commitmentFees } from './steps/commitment-fees.ts';
import { consumedLines } from './steps/consumed-lines.ts';
import { counterLines } from './steps/counter-lines.ts';
import { drawDowns } from './steps/draw-downs.ts';
import { globalCredits } from './steps/global-credits.ts';
import { memoLines } from './steps/memo-lines.ts';
import { minimumSpends } from './steps/minimum-spends.ts';
import { overage } from './steps/overage.ts';
import { productCredits } from './steps/product-credits.ts';
import { rateUsage } from './steps/rate-usage.ts';
import { standingCharges } from './steps/standing-charges.ts';
import { summaryLines } from './steps/summary-lines.ts';
import { usageLines } from './steps/usage-lines.ts';

/**
 * Each step adds its lines to the draft; one that asks or fails is the last. Totals follow in `draftBills`.
 */
export const steps: readonly Step[] = [
  rateUsage, // 2: quantities and amounts
  usageLines, // 2: their lines
  counterLines, // 3
  standingCharges, // 4
  productCredits, // 5
  minimumSpends, // 6
  chargeLines, // 7
  commitmentFees, // 7
  globalCredits, // 8
  drawDowns, // 9: what credits pay
  overage, // 10, before 9 shows: a fixed price can lower what is paid
  consumedLines, // 9: its lines
  memoLines, // 11
  summaryLines, // presentation of 40 §6.3, after everything that looks at single lines
];
