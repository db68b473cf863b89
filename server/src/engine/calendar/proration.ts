// Spec 40 §3.5, 30 §14: the share of a billing cycle that a service period is worth.
import { present } from '../../kernel/assert.ts';
import { remembering } from '../../kernel/memo.ts';
import {
  dateNumber,
  type Instant,
  isBefore,
  localDate,
  startOfDate,
  type Temporal,
} from '../../kernel/time.ts';
import {
  addFractions,
  type Fraction,
  fractionOfIntegers,
  NONE,
  subtractFractions,
  WHOLE,
} from '../money/fraction.ts';
import { type Cycle, gridDate, gridIndexAtOrBefore } from './cycle.ts';
import type { ClosedSpan } from './local-dates.ts';

/** Attachments without a grid have no cycle to be a share of: time-based amounts are charged in full. */
export const factorOfAdHoc: Fraction = WHOLE;

/**
 * The sum, over all grid cells, of the days of the service in the cell divided by the days of the cell;
 * exact, and 0 for an empty service. Days are local wall-clock time ÷ 24 h, so a change of the clocks gives
 * no day another weight. Monthly on the 1st, 11 March to 1 April: 21/31.
 *
 * Every instant has a place on the grid (its cell number plus the share of that cell gone by) and the factor
 * is the difference of two places. Therefore the factors of the parts of a span always add up to that of the
 * whole.
 */
export function prorationFactor(cycle: Cycle, service: ClosedSpan, zone: string): Fraction {
  const { start, end } = service;
  if (!isBefore(start, end)) return NONE;
  const key = `${gridKey(cycle)} ${start.epochNanoseconds} ${end.epochNanoseconds} ${zone}`;
  return factors(key, () =>
    subtractFractions(placeOnGrid(cycle, end, zone), placeOnGrid(cycle, start, zone)),
  );
}

const factors = remembering<string, Fraction>(20_000);

function gridKey({ frequency, interval, epoch }: Cycle): string {
  return `${frequency} ${interval} ${dateNumber(epoch)}`;
}

const places = remembering<string, Fraction>(20_000);

function placeOnGrid(cycle: Cycle, instant: Instant, zone: string): Fraction {
  const key = `${gridKey(cycle)} ${instant.epochNanoseconds} ${zone}`;
  return places(key, () => computedPlace(cycle, instant, zone));
}

function computedPlace(cycle: Cycle, instant: Instant, zone: string): Fraction {
  const wall = wallClock(instant, zone);
  const k = gridIndexAtOrBefore(cycle, wall.toPlainDate());
  const start = wallNanoseconds(gridDate(cycle, k).toPlainDateTime());
  const end = wallNanoseconds(gridDate(cycle, k + 1).toPlainDateTime());
  const gone = fractionOfIntegers(wallNanoseconds(wall) - start, end - start);
  return addFractions(fractionOfIntegers(BigInt(k), 1n), gone);
}

/**
 * What a wall clock shows, as far as it never goes back. A date whose midnight is skipped begins at 00:00
 * all the same, and an hour that happens twice counts the first time only: the second time the clock stands
 * still.
 */
function wallClock(instant: Instant, zone: string): Temporal.PlainDateTime {
  const date = localDate(instant, zone);
  if (startOfDate(date, zone).equals(instant)) return date.toPlainDateTime();
  const zoned = instant.toZonedDateTimeISO(zone);
  const shown = zoned.toPlainDateTime();
  const firstTime = shown.toZonedDateTime(zone, { disambiguation: 'earlier' }).toInstant();
  if (!isBefore(firstTime, instant)) return shown;
  const turnedBack = present(zoned.add({ nanoseconds: 1 }).getTimeZoneTransition('previous'), 'clock change');
  return turnedBack.subtract({ nanoseconds: 1 }).toPlainDateTime().add({ nanoseconds: 1 });
}

function wallNanoseconds(wall: Temporal.PlainDateTime): bigint {
  return wall.toZonedDateTime('UTC').epochNanoseconds;
}
