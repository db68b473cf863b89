// Spec 50 §4.5 rules 1-4, 9: the dates on which a commitment is billed along a plan, and their weights.
import { type PlainDate, Temporal } from '../../kernel/time.ts';
import { type Cycle, gridDate, gridIndexAtOrAfter, gridIndexAtOrBefore } from '../calendar/cycle.ts';
import { type DateSpan, instantsOf } from '../calendar/local-dates.ts';
import { prorationFactor } from '../calendar/proration.ts';
import { type Fraction, WHOLE } from '../money/fraction.ts';

/** A commitment as the calendar sees it; `cycle` is null for a plan that has no cycle. */
export type FeeTerms = DateSpan & {
  readonly cycle: Cycle | null;
  readonly inAdvance: boolean;
  /** A fee on every so many bills of the cycle, and how many bills come before the first. */
  readonly interval: number;
  readonly offset: number;
};

/** One fee: the date of its bill, its weight (1 for a whole period), and the dates that it is for. */
export type FeeInstalment = {
  readonly date: PlainDate;
  readonly weight: Fraction;
  readonly service: DateSpan;
};

/**
 * The fees in order of time, at least one. From 15 January for a year, billed monthly on the 1st in arrears:
 * thirteen with the weights 17/31, eleven times 1, 14/31.
 */
export function feeInstalments(terms: FeeTerms): readonly FeeInstalment[] {
  const { cycle, inAdvance, start, end } = terms;
  if (cycle === null) {
    return [{ date: inAdvance ? start : end, weight: WHOLE, service: { start, end } }];
  }
  const dates = inAdvance ? advanceDates(cycle, terms) : arrearsDates(cycle, terms);
  const bills = dates.map((date, at) => ({ date, weight: weightOf(cycle, coverOf(dates, at, terms)) }));
  const chosen = bills.filter((_, j) => j >= terms.offset && (j - terms.offset) % terms.interval === 0);
  const fees = chosen.length > 0 ? chosen : bills.slice(-1);
  return fees.map((fee, at) => ({ ...fee, service: serviceOf(fees, at, terms) }));
}

/** Every date after the start, up to the first on or after the end; the epoch is the first there can be. */
function arrearsDates(cycle: Cycle, { start, end }: DateSpan): readonly PlainDate[] {
  const first = Math.max(0, gridIndexAtOrBefore(cycle, start) + 1);
  return datesBetween(cycle, first, Math.max(first, gridIndexAtOrAfter(cycle, end)));
}

/** Every date from the start to before the end; the first one after all when none lies between. */
function advanceDates(cycle: Cycle, { start, end }: DateSpan): readonly PlainDate[] {
  const first = Math.max(0, gridIndexAtOrAfter(cycle, start));
  return datesBetween(cycle, first, Math.max(first, gridIndexAtOrAfter(cycle, end) - 1));
}

function datesBetween(cycle: Cycle, first: number, last: number): readonly PlainDate[] {
  return Array.from({ length: last - first + 1 }, (_, at) => gridDate(cycle, first + at));
}

/** The days that the bill of that place would pay for if every bill had a fee. */
function coverOf(dates: readonly PlainDate[], at: number, terms: FeeTerms): DateSpan {
  const { start, end, inAdvance } = terms;
  const own = dates[at] ?? end;
  if (!inAdvance) return { start: dates[at - 1] ?? start, end: earlierDate(own, end) };
  return { start: at === 0 ? start : own, end: earlierDate(dates[at + 1] ?? end, end) };
}

function weightOf(cycle: Cycle, cover: DateSpan): Fraction {
  return prorationFactor(cycle, instantsOf(cover, 'UTC'), 'UTC');
}

function serviceOf(fees: readonly { readonly date: PlainDate }[], at: number, terms: FeeTerms): DateSpan {
  const { start, end, inAdvance } = terms;
  const own = fees[at]?.date ?? end;
  if (inAdvance) return { start: at === 0 ? start : own, end: fees[at + 1]?.date ?? end };
  return { start: fees[at - 1]?.date ?? start, end: at === fees.length - 1 ? end : own };
}

function earlierDate(a: PlainDate, b: PlainDate): PlainDate {
  return Temporal.PlainDate.compare(a, b) <= 0 ? a : b;
}
