// Spec 30 §12, 40 §5.4 step 6, §5.5: floors of pricings, then plans, then plan groups, each counting the
// inner ones.
import type { Calculation } from '../calculation.ts';
import type { Draft } from '../draft.ts';
import { type Floor, groupFloors, planFloors, pricingFloors } from '../floor.ts';
import { withFloorLines } from '../floor-lines.ts';

export function minimumSpends(draft: Draft, calculation: Calculation): Draft {
  const levels = [pricingFloors, planFloors, groupFloors];
  const floors = levels.flatMap((level) =>
    calculation.members.flatMap((member) => level(calculation, member)),
  );
  return floors.reduce((grown: Draft, floor: Floor) => withFloorLines(grown, calculation, floor), draft);
}
