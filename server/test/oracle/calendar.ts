import { type Decimal, decimal } from '../../src/kernel/decimal.ts';
import { type Instant, type PlainDate, Temporal } from '../../src/kernel/time.ts';
import type { Frequency } from './organization.ts';

/** Spec 40 §3.4: the dates `B(k)`, each counted from the epoch. */
export type Grid = { readonly every: Frequency; readonly interval: number; readonly epoch: PlainDate };

/** A half-open piece of time. */
export type Piece = { readonly start: Instant; readonly end: Instant };

export function gridDate({ every, interval, epoch }: Grid, k: number): PlainDate {
  const count = k * interval;
  if (every === 'DAILY') return epoch.add({ days: count });
  if (every === 'WEEKLY') return epoch.add({ days: 7 * count });
  return every === 'MONTHLY' ? epoch.add({ months: count }) : epoch.add({ years: count });
}

const TWELFTHS_OF_DAYS = { DAILY: 12, WEEKLY: 7 * 12, MONTHLY: 365, ANNUALLY: 12 * 365 };

/** Shorter cycles before longer ones, equal ones by their units. */
export function byLength(a: Omit<Grid, 'epoch'>, b: Omit<Grid, 'epoch'>): number {
  const [ofA, ofB] = [TWELFTHS_OF_DAYS[a.every], TWELFTHS_OF_DAYS[b.every]];
  return ofA * a.interval - ofB * b.interval || ofA - ofB;
}

/** The greatest k with `B(k) <= date`. */
export function cellOf(grid: Grid, date: PlainDate): number {
  let k = 0;
  while (isLater(gridDate(grid, k), date)) k -= 1;
  while (!isLater(gridDate(grid, k + 1), date)) k += 1;
  return k;
}

/** The least k with `B(k) > date`. */
export function nextCell(grid: Grid, date: PlainDate): number {
  return cellOf(grid, date) + 1;
}

/** The k of a grid date, null for any other date. */
export function indexOf(grid: Grid, date: PlainDate): number | null {
  const k = cellOf(grid, date);
  return gridDate(grid, k).equals(date) ? k : null;
}

export function isLater(a: PlainDate, b: PlainDate): boolean {
  return Temporal.PlainDate.compare(a, b) > 0;
}

/** The beginning of a local date (spec 40 §3.1). */
export function midnight(date: PlainDate, zone: string): Instant {
  return date.toZonedDateTime(zone).toInstant();
}

export function dateIn(moment: Instant, zone: string): PlainDate {
  return moment.toZonedDateTimeISO(zone).toPlainDate();
}

export function before(a: Instant, b: Instant): boolean {
  return Temporal.Instant.compare(a, b) < 0;
}

/** The piece that both have in common, null when there is none. */
export function common(a: Piece, b: Piece): Piece | null {
  const start = before(a.start, b.start) ? b.start : a.start;
  const end = before(a.end, b.end) ? a.end : b.end;
  return before(start, end) ? { start, end } : null;
}

/** What is left of a piece without others, in order. */
export function without(piece: Piece, others: readonly Piece[]): readonly Piece[] {
  return others.reduce<readonly Piece[]>(
    (left, other) =>
      left.flatMap((one) => {
        if (common(one, other) === null) return [one];
        const around = [
          { start: one.start, end: other.start },
          { start: other.end, end: one.end },
        ];
        return around.filter(({ start, end }) => before(start, end));
      }),
    [piece],
  );
}

/** Wall-clock nanoseconds (spec 40 §3.5: a change of the clocks never alters the weight of a day). */
export function wallClock({ start, end }: Piece, zone: string): bigint {
  return wallTime(end, zone) - wallTime(start, zone);
}

function wallTime(moment: Instant, zone: string): bigint {
  const local = moment.toZonedDateTimeISO(zone).toPlainDateTime();
  return local.toZonedDateTime('UTC').epochNanoseconds;
}

/** An exact fraction. */
export type Share = { readonly over: bigint; readonly under: bigint };

export const WHOLE: Share = { over: 1n, under: 1n };
export const NOTHING: Share = { over: 0n, under: 1n };

export function plus(a: Share, b: Share): Share {
  return { over: a.over * b.under + b.over * a.under, under: a.under * b.under };
}

export function times(amount: Decimal, { over, under }: Share): Decimal {
  const divisor = commonDivisor(over, under);
  return amount.times(decimal(String(over / divisor))).div(decimal(String(under / divisor)));
}

function commonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : commonDivisor(b, a % b);
}

/** Spec 30 §14, 40 §3.5: the days of a service in each cell of the grid over the days of that cell. */
export function proration(grid: Grid, service: Piece, zone: string): Share {
  let sum = NOTHING;
  let k = cellOf(grid, dateIn(service.start, zone));
  for (;;) {
    const cell = pieceOf(gridDate(grid, k), gridDate(grid, k + 1), zone);
    if (!before(cell.start, service.end)) return sum;
    const part = common(cell, service);
    if (part !== null) sum = plus(sum, { over: wallClock(part, zone), under: wallClock(cell, zone) });
    k += 1;
  }
}

export function pieceOf(from: PlainDate, to: PlainDate, zone: string): Piece {
  return { start: midnight(from, zone), end: midnight(to, zone) };
}

/** The smallest piece of time that holds them all. */
export function covering(pieces: readonly Piece[]): Piece {
  return pieces.reduce((all, piece) => ({
    start: before(piece.start, all.start) ? piece.start : all.start,
    end: before(all.end, piece.end) ? piece.end : all.end,
  }));
}
