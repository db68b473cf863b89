// Spec 40 §5.4 step 9, 50 §6.6: what credits pay as negative lines, and the records of it.
import type { Calculation } from '../calculation.ts';
import { consumedLine, placedDraw, shownChild } from '../consumed-line.ts';
import type { Draft } from '../draft.ts';
import type { Taken } from '../draw-down.ts';
import { groupsOf } from '../groups-of.ts';

export function consumedLines(draft: Draft, calculation: Calculation): Draft {
  const shown = (part: Taken) => `${billAndCredit(part)} ${shownChild(calculation, part)?.id ?? ''}`;
  const lines = groupsOf(draft.taken, shown).map((parts) => consumedLine(calculation, parts));
  const draws = groupsOf(draft.taken, (part) => `${billAndCredit(part)} ${part.phase.phase}`).map(placedDraw);
  return { ...draft, lines: [...draft.lines, ...lines], draws };
}

function billAndCredit({ line, credit }: Taken): string {
  return `${line.billAccountId} ${credit.source} ${credit.id}`;
}
