// Spec 40 §3.2, §3.4: the grid of bill dates that a frequency, an interval and an epoch make.
import { assert } from '../../kernel/assert.ts';
import { remembering } from '../../kernel/memo.ts';
import { dateNumber, type PlainDate, Temporal } from '../../kernel/time.ts';

export type Frequency = 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'ANNUALLY';

/** What a plan template can say; the last two have no grid. */
export type BillFrequency = Frequency | 'AD_HOC' | 'MIXED';

/** A grid: every `interval` units (a whole number above 0) of the frequency, through the epoch. */
export type Cycle = { readonly frequency: Frequency; readonly interval: number; readonly epoch: PlainDate };

type Unit = { readonly unit: 'days' | 'months'; readonly count: number };

const UNITS: Record<Frequency, Unit> = {
  DAILY: { unit: 'days', count: 1 },
  WEEKLY: { unit: 'days', count: 7 },
  MONTHLY: { unit: 'months', count: 1 },
  ANNUALLY: { unit: 'months', count: 12 },
};

/** Tells frequencies with a grid from those billed only when a job names them. */
export function isCyclic(frequency: BillFrequency): frequency is Frequency {
  return frequency !== 'AD_HOC' && frequency !== 'MIXED';
}

/**
 * The grid date B(k) for any whole k. It is counted from the epoch and never from a neighbour, with month
 * ends clamped, so nothing drifts: monthly from 31 January gives 29 February 2024, then 31 March.
 */
export function gridDate(cycle: Cycle, k: number): PlainDate {
  assert(Number.isSafeInteger(k), 'a grid index is a whole number');
  const step = stepOf(cycle);
  return gridDates(`${cycle.frequency} ${cycle.interval} ${dateNumber(cycle.epoch)} ${k}`, () =>
    cycle.epoch.add({ [step.unit]: k * step.count }, { overflow: 'constrain' }),
  );
}

const gridDates = remembering<string, PlainDate>(20_000);

/** The greatest k with B(k) <= date; below 0 for dates before the epoch. */
export function gridIndexAtOrBefore(cycle: Cycle, date: PlainDate): number {
  const step = stepOf(cycle);
  if (step.unit === 'days')
    return Math.floor(cycle.epoch.until(date, { largestUnit: 'day' }).days / step.count);
  // B(k) lies in the month that k says, B(k + 1) in a later one than the date: only the day can be late.
  const k = Math.floor(monthsBetween(cycle.epoch, date) / step.count);
  return Temporal.PlainDate.compare(gridDate(cycle, k), date) <= 0 ? k : k - 1;
}

/** The smallest k with B(k) >= date. */
export function gridIndexAtOrAfter(cycle: Cycle, date: PlainDate): number {
  const k = gridIndexAtOrBefore(cycle, date);
  return gridDate(cycle, k).equals(date) ? k : k + 1;
}

export function isGridDate(cycle: Cycle, date: PlainDate): boolean {
  return gridDate(cycle, gridIndexAtOrBefore(cycle, date)).equals(date);
}

function stepOf(cycle: Cycle): Unit {
  assert(Number.isSafeInteger(cycle.interval) && cycle.interval > 0, 'an interval is a whole number above 0');
  const { unit, count } = UNITS[cycle.frequency];
  return { unit, count: count * cycle.interval };
}

function monthsBetween(a: PlainDate, b: PlainDate): number {
  return (b.year - a.year) * 12 + (b.month - a.month);
}
