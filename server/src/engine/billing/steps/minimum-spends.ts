// Spec 30 §12, 40 §5.4 step 6, §5.5: floors of pricings, then plans, then plan groups, each counting the
// inner ones.
import type { Calculation } from '../calculation.ts';
import type { Draft } from '../draft.ts';
import { type Floor, groupFloors, planFloors, pricingFloors } from '../floor.ts';
import { withFloorLines } from '../floor-lines.ts';

export function minimumSpends(draft: Draft, calculation: Calculation): Draft {
  const levels = [pricingFloors, planFloors, groupFloors];
  const floors: Floor[] = [];
  for (const level of levels) {
    for (const member of calculation.members) floors.push(...level(calculation, member));
  }
  let grown = draft;
  for (const floor of floors) grown = withFloorLines(grown, calculation, floor);
  return grown;
}
