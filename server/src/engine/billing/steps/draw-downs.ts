// Spec 40 §5.4 step 9, §5.6, 50 §6: balances pay for lines of the bills; each shows as a negative line.
import type { UsageQuery } from '../../metering/usage-query.ts';
import type { Calculation } from '../calculation.ts';
import { consumedLine, placedDraw } from '../consumed-line.ts';
import { creditsInOrder } from '../credit.ts';
import type { Draft } from '../draft.ts';
import { type Drawing, hasFunds, type Taken, takenFromCredits } from '../draw-down.ts';
import { drawableLines, mayPayFor } from '../drawable-line.ts';
import { isBillFailure } from '../line-amount.ts';
import { shareQuestion } from '../window-share.ts';

/**
 * Asks first how much was measured while a balance is active for a part of a line only, whichever
 * balance is going to pay for it: then all questions come in one round.
 */
export function drawDowns(draft: Draft, calculation: Calculation): Draft {
  const credits = creditsInOrder(calculation);
  if (credits.length === 0) return draft;
  const drawing = { draft, calculation, credits, lines: drawableLines(draft, calculation) };
  const needs = openQuestions(drawing);
  if (needs.length > 0) return { ...draft, needs };
  const taken = takenFromCredits(drawing);
  if (isBillFailure(taken)) return { ...draft, failure: taken };
  const lines = groupsOf(taken, billAndCredit).map((parts) => consumedLine(calculation, parts));
  const draws = groupsOf(taken, (part) => `${billAndCredit(part)} ${part.phase.phase}`).map(placedDraw);
  return { ...draft, lines: [...draft.lines, ...lines], draws };
}

function openQuestions(drawing: Drawing): readonly UsageQuery[] {
  const { draft, calculation, credits, lines } = drawing;
  return credits
    .filter((credit) => hasFunds(credit, drawing))
    .flatMap((credit) =>
      lines
        .filter((drawable) => mayPayFor(credit, drawable, calculation))
        .flatMap(({ line }) =>
          credit.phases.map(({ window }) => shareQuestion({ draft, calculation, line, window })),
        ),
    )
    .filter((query) => query !== null)
    .filter((query) => !calculation.answers.has(query.key));
}

function billAndCredit({ line, credit }: Taken): string {
  return `${line.billAccountId} ${credit.id}`;
}

/** The parts by key, groups and parts in the order in which they were taken. */
function groupsOf(
  taken: readonly Taken[],
  keyOf: (part: Taken) => string,
): readonly (readonly [Taken, ...Taken[]])[] {
  const groups = new Map<string, [Taken, ...Taken[]]>();
  for (const part of taken) {
    const group = groups.get(keyOf(part));
    if (group === undefined) groups.set(keyOf(part), [part]);
    else group.push(part);
  }
  return [...groups.values()];
}
