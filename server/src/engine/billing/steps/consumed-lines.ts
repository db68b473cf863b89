// Spec 40 §5.4 step 9, 50 §6.6: what credits pay as negative lines, and the records of it.
import type { Calculation } from '../calculation.ts';
import { consumedLine, placedDraw } from '../consumed-line.ts';
import { type Draft, withMade } from '../draft.ts';
import { newlyTaken, type Taken } from '../draw-down.ts';
import { drawAccountId, shownChild } from '../draw-place.ts';
import { groupsOf } from '../groups-of.ts';

export function consumedLines(draft: Draft, calculation: Calculation): Draft {
  const taken = newlyTaken(calculation, draft.taken);
  const lines = groupsOf(taken, (part) => lineKey(calculation, part)).map((parts) =>
    consumedLine(calculation, parts),
  );
  const draws = groupsOf(taken, (part) => `${billAndCredit(calculation, part)} ${part.phase.phase}`);
  return withMade(
    { ...draft, draws: draws.map((parts) => placedDraw(calculation, parts)) },
    calculation,
    lines,
  );
}

function lineKey(calculation: Calculation, part: Taken): string {
  const child = shownChild(calculation, part, drawAccountId(calculation, part));
  return `${billAndCredit(calculation, part)} ${child?.id ?? ''}`;
}

function billAndCredit(calculation: Calculation, part: Taken): string {
  const { source, id } = part.credit;
  return `${drawAccountId(calculation, part)} ${source} ${id}`;
}
