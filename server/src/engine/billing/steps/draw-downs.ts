// Spec 40 §5.4 step 9, §5.6, 50 §6: which commitment and which balance pays for how much of which line.
import type { UsageQuery } from '../../metering/usage-query.ts';
import type { Calculation } from '../calculation.ts';
import { creditsInOrder } from '../credit.ts';
import type { Draft } from '../draft.ts';
import { type Drawing, hasFunds, takenFromCredits } from '../draw-down.ts';
import { drawableLines, mayPayFor } from '../drawable-line.ts';
import { shareQuestion } from '../window-share.ts';

/**
 * Asks first how much was measured while a credit is active for a part of a line only, whichever
 * credit is going to pay for it: then all questions come in one round.
 */
export function drawDowns(draft: Draft, calculation: Calculation): Draft {
  const credits = creditsInOrder(calculation);
  if (credits.length === 0) return draft;
  const drawing = { draft, calculation, credits, lines: drawableLines(draft, calculation) };
  const needs = openQuestions(drawing);
  if (needs.length > 0) return { ...draft, needs };
  return { ...draft, ...takenFromCredits(drawing) };
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
