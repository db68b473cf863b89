import { type Instant, Temporal } from '../../src/kernel/time.ts';
import { before, type Piece } from './calendar.ts';
import type { Member } from './member.ts';

/** What pricings and counter pricings have in common: an owner and dates. */
export type Dated = {
  readonly plan: string | null;
  readonly template: string | null;
  readonly from: Instant;
  readonly to: Instant | null;
};

/** A piece of a period with one winning pricing (spec 30 §6.3). */
export type Window<P> = { readonly price: P; readonly during: Piece };

/** Those of the member's plan and of its template. */
export function pricesOf<P extends Dated>(prices: readonly P[], { plan, template }: Member): readonly P[] {
  return prices.filter((price) => price.plan === plan.id || price.template === template.id);
}

/**
 * Spec 30 §6.2: the plan's own pricings come first, then the latest start, then the latest written down.
 */
export function winnerAt<P extends Dated>(slot: readonly P[], moment: Instant): P | null {
  const active = slot.filter(({ from, to }) => !before(moment, from) && (to === null || before(moment, to)));
  const own = active.filter((price) => price.plan !== null);
  const [first, ...others] = own.length > 0 ? own : active;
  if (first === undefined) return null;
  return others.reduce((best, price) => (before(price.from, best.from) ? best : price), first);
}

/** Spec 30 §6.3: the piece cut wherever the winner changes; pieces without a winner are left out. */
export function windowsOf<P extends Dated>(slot: readonly P[], whole: Piece): readonly Window<P>[] {
  const edges = slot
    .flatMap(({ from, to }) => (to === null ? [from] : [from, to]))
    .filter((edge) => before(whole.start, edge) && before(edge, whole.end))
    .sort(Temporal.Instant.compare);
  const starts = [whole.start, ...edges];
  const windows: Window<P>[] = [];
  starts.forEach((start, i) => {
    const end = starts[i + 1] ?? whole.end;
    const price = winnerAt(slot, start);
    if (price === null) return;
    const last = windows.at(-1);
    const continues = last?.price === price && last.during.end.equals(start);
    if (continues) windows.pop();
    windows.push({ price, during: { start: continues ? last.during.start : start, end } });
  });
  return windows;
}
