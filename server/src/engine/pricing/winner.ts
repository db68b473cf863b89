// Spec 30 §6.2, §6.3: which pricing of a slot applies at an instant, and the windows of a period.
import { earlier, type Instant, isBefore, Temporal } from '../../kernel/time.ts';

/**
 * What decides between the pricings of one slot: `endDate` null = for ever, `ownedByPlan` false = the
 * template's.
 */
export type PricingCandidate = {
  readonly id: string;
  readonly startDate: Instant;
  readonly endDate: Instant | null;
  readonly dtCreated: Instant;
  readonly ownedByPlan: boolean;
};

/** A piece of a period, start included and end excluded, in which one pricing applies throughout. */
export type RatingWindow<T extends PricingCandidate> = {
  readonly pricing: T;
  readonly start: Instant;
  readonly end: Instant;
};

/**
 * The pricing that applies at an instant, or null: the plan's own before the template's, then the latest
 * start, then the latest created, then the greatest id.
 */
export function winnerAt<T extends PricingCandidate>(candidates: readonly T[], instant: Instant): T | null {
  let winner: T | null = null;
  for (const candidate of candidates) {
    if (!isActiveAt(candidate, instant)) continue;
    if (winner === null || isPreferred(candidate, winner)) winner = candidate;
  }
  return winner;
}

/**
 * The rating windows of [start, end) in order: maximal, disjoint, and covering every instant that has a
 * winner.
 */
export function ratingWindows<T extends PricingCandidate>(
  candidates: readonly T[],
  start: Instant,
  end: Instant,
): readonly RatingWindow<T>[] {
  const windows: RatingWindow<T>[] = [];
  let at = start;
  while (isBefore(at, end)) {
    const next = nextEdge(candidates, at, end);
    const pricing = winnerAt(candidates, at);
    const last = windows.at(-1);
    if (pricing && last?.pricing.id === pricing.id && last.end.equals(at)) {
      windows[windows.length - 1] = { ...last, end: next };
    } else if (pricing) {
      windows.push({ pricing, start: at, end: next });
    }
    at = next;
  }
  return windows;
}

function isActiveAt(candidate: PricingCandidate, instant: Instant): boolean {
  if (isBefore(instant, candidate.startDate)) return false;
  return candidate.endDate === null || isBefore(instant, candidate.endDate);
}

function isPreferred(candidate: PricingCandidate, to: PricingCandidate): boolean {
  if (candidate.ownedByPlan !== to.ownedByPlan) return candidate.ownedByPlan;
  const byStart = Temporal.Instant.compare(candidate.startDate, to.startDate);
  if (byStart !== 0) return byStart > 0;
  const byCreation = Temporal.Instant.compare(candidate.dtCreated, to.dtCreated);
  return byCreation !== 0 ? byCreation > 0 : candidate.id > to.id;
}

/**
 * The first instant after `at` at which a candidate begins or ends, at most `end`: the winner is constant
 * until it.
 */
function nextEdge(candidates: readonly PricingCandidate[], at: Instant, end: Instant): Instant {
  let next = end;
  for (const { startDate, endDate } of candidates) {
    if (isBefore(at, startDate)) next = earlier(next, startDate);
    if (endDate !== null && isBefore(at, endDate)) next = earlier(next, endDate);
  }
  return next;
}
