// Spec 30 §7, §11, §18, 40 §5.4 step 2: one line per attached plan, pricing, rating window and shown account.
import type { Calculation } from '../calculation.ts';
import { type Draft, withFailure, withLine } from '../draft.ts';
import { isBillFailure } from '../line-amount.ts';
import { usageSpecs } from '../usage-specs.ts';

/** A line also for a metered 0: the metric has a value (spec 30 §18). */
export function usageLines(draft: Draft, calculation: Calculation): Draft {
  const windows = draft.rated.filter((rated) => rated.pricing.type === 'DEBIT');
  let grown = draft;
  for (const window of windows) {
    const specs = usageSpecs(calculation, window);
    if (isBillFailure(specs)) grown = withFailure(grown, calculation, specs);
    else grown = specs.reduce((lines, spec) => withLine(lines, calculation, spec), grown);
  }
  return grown;
}
