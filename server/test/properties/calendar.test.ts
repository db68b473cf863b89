import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BillingAttachment,
  billDates,
  firstBillDate,
  isBillDate,
  lastBillDate,
  nextBillDate,
  periodClosedBy,
  periodOpenedBy,
} from '../../src/engine/calendar/billing-periods.ts';
import {
  type Cycle,
  type Frequency,
  gridDate,
  gridIndexAtOrBefore,
} from '../../src/engine/calendar/cycle.ts';
import { dateOfEnd, dateOfStart } from '../../src/engine/calendar/local-dates.ts';
import { prorationFactor } from '../../src/engine/calendar/proration.ts';
import {
  addFractions,
  type Fraction,
  fraction,
  isSameFraction,
  NONE,
  WHOLE,
} from '../../src/engine/money/fraction.ts';
import { decimal } from '../../src/kernel/decimal.ts';
import { type Instant, type PlainDate, startOfDate, Temporal } from '../../src/kernel/time.ts';

const FREQUENCIES: Frequency[] = ['DAILY', 'WEEKLY', 'MONTHLY', 'ANNUALLY'];
const DAY_ZERO = Temporal.PlainDate.from('2020-01-01');

/** Ten years around leap days and changes of the clocks. */
const dates = fc.integer({ min: 0, max: 3650 }).map((days) => DAY_ZERO.add({ days }));
const cycles: fc.Arbitrary<Cycle> = fc.record({
  frequency: fc.constantFrom(...FREQUENCIES),
  interval: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 12 })),
  epoch: dates,
});
const dateSpans = fc
  .tuple(dates, fc.integer({ min: 1, max: 400 }))
  .map(([start, days]) => ({ start, end: start.add({ days }) }));
const zones = fc.constantFrom('UTC', 'Europe/London', 'America/New_York', 'America/Havana', '+05:30');
/** Any second of the ten years, and more often one within three hours of a change of the clocks in 2024. */
const instants = fc.oneof(
  fc
    .integer({ min: 1_577_836_800, max: 1_893_456_000 })
    .map((seconds) => Temporal.Instant.fromEpochMilliseconds(seconds * 1000)),
  fc
    .tuple(
      fc.constantFrom('2024-03-10T07:00Z', '2024-03-31T01:00Z', '2024-10-27T01:00Z', '2024-11-03T05:30Z'),
      fc.integer({ min: -10_800, max: 10_800 }),
    )
    .map(([change, seconds]) => Temporal.Instant.from(change).add({ seconds })),
);

function compareDates(a: PlainDate, b: PlainDate): number {
  return Temporal.PlainDate.compare(a, b);
}

function sortedInstants(...all: Instant[]): Instant[] {
  return all.sort(Temporal.Instant.compare);
}

describe('the grid', () => {
  test('every date lies in exactly one cell', () => {
    fc.assert(
      fc.property(cycles, dates, (cycle, date) => {
        const k = gridIndexAtOrBefore(cycle, date);
        expect(compareDates(gridDate(cycle, k), date)).toBeLessThanOrEqual(0);
        expect(compareDates(gridDate(cycle, k + 1), date)).toBeGreaterThan(0);
      }),
    );
  });

  test('B(k) is counted from the epoch alone, so its day of the month never drifts', () => {
    fc.assert(
      fc.property(cycles, fc.integer({ min: -200, max: 200 }), (cycle, k) => {
        const date = gridDate(cycle, k);
        expect(gridIndexAtOrBefore(cycle, date)).toBe(k);
        if (cycle.frequency === 'DAILY' || cycle.frequency === 'WEEKLY') {
          const unit = cycle.frequency === 'DAILY' ? 1 : 7;
          expect(cycle.epoch.until(date, { largestUnit: 'day' }).days).toBe(k * cycle.interval * unit);
        } else {
          expect(date.day).toBe(Math.min(cycle.epoch.day, date.daysInMonth));
        }
      }),
    );
  });
});

/** The periods of bills made one after the other, each told where the one before it ended. */
function billedPeriods(attachment: BillingAttachment, count: number, after: PlainDate | null) {
  const periods: { start: PlainDate; end: PlainDate; index: number }[] = [];
  let billed = after;
  while (periods.length < count) {
    const date = nextBillDate(attachment, billed?.add({ days: 1 }) ?? attachment.start);
    const period = date && periodClosedBy(attachment, date, billed);
    if (!period) break;
    periods.push(period);
    billed = period.end;
  }
  return periods;
}

function expectTiled(periods: readonly { start: PlainDate; end: PlainDate }[], from: PlainDate): void {
  let edge = from;
  for (const { start, end } of periods) {
    expect(start.toString()).toBe(edge.toString());
    expect(compareDates(start, end)).toBeLessThan(0);
    edge = end;
  }
}

describe('billing periods', () => {
  test('24 bills tile the time from the start, numbered without gaps', () => {
    fc.assert(
      fc.property(cycles, dates, (cycle, start) => {
        const attachment = { cycle, start, end: null };
        const periods = billedPeriods(attachment, 24, null);
        expect(periods.map((period) => period.index)).toEqual([...Array(24).keys()]);
        const first = periods[0]?.start ?? start;
        expect(compareDates(first, start)).toBeLessThanOrEqual(0);
        expectTiled(periods, first);
      }),
    );
  });

  test('the same periods come out when the earlier bills are not known', () => {
    fc.assert(
      fc.property(cycles, dates, (cycle, start) => {
        const attachment = { cycle, start, end: null };
        const periods = billedPeriods(attachment, 24, null);
        const alone = periods.map((period) => periodClosedBy(attachment, period.end, null));
        expect(alone).toEqual(periods);
      }),
    );
  });

  test('24 bills tile across changes of epoch and frequency', () => {
    fc.assert(
      fc.property(fc.array(cycles, { minLength: 2, maxLength: 4 }), dates, (changes, start) => {
        let billed: PlainDate | null = null;
        for (const cycle of changes) {
          const before: PlainDate | null = billed;
          const periods = billedPeriods({ cycle, start, end: null }, 8, before);
          expect(periods).toHaveLength(8);
          expectTiled(periods, before ?? periods[0]?.start ?? start);
          billed = periods.at(-1)?.end ?? null;
        }
      }),
    );
  });

  test('what a bill opens is what the next one closes', () => {
    fc.assert(
      fc.property(cycles, dates, (cycle, start) => {
        const attachment = { cycle, start, end: null };
        const date = firstBillDate(attachment);
        const opened = periodOpenedBy(attachment, date);
        expect(opened?.index).toBe(1);
        expect(opened && periodClosedBy(attachment, opened.end, null)).toEqual(opened);
      }),
    );
  });

  test('the last bill is the first on or after the end, and nothing is left after it', () => {
    fc.assert(
      fc.property(cycles, zones, fc.tuple(instants, instants), (cycle, zone, two) => {
        const [from, to] = sortedInstants(...two) as [Instant, Instant];
        fc.pre(!from.equals(to));
        const attachment = { cycle, start: dateOfStart(from, zone), end: dateOfEnd(to, zone) };
        const last = lastBillDate(attachment) as PlainDate;
        const periods = billedPeriods(attachment, 5000, null);
        expect(periods.at(-1)?.end.toString()).toBe(last.toString());
        // The end is in the last period or at its edge, and no earlier bill could have been the last.
        expect(Temporal.Instant.compare(startOfDate(last, zone), to)).toBeGreaterThanOrEqual(0);
        if (periods.length > 1) {
          const before = periods.at(-1)?.start as PlainDate;
          expect(Temporal.Instant.compare(startOfDate(before, zone), to)).toBeLessThan(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('a date is a bill date exactly when it is listed', () => {
    fc.assert(
      fc.property(cycles, dates, fc.integer({ min: 1, max: 800 }), (cycle, start, days) => {
        const attachment = { cycle, start, end: start.add({ days }) };
        const to = start.add({ days: 1200 });
        const listed = billDates(attachment, start, to).map(String);
        const found: string[] = [];
        for (let date = start; compareDates(date, to) < 0; date = date.add({ days: 1 })) {
          if (isBillDate(attachment, date, { advance: false })) found.push(date.toString());
        }
        expect(found).toEqual(listed);
      }),
      { numRuns: 25 },
    );
  });
});

/** The specification's sum, cell by cell, for whole dates. */
function factorByCells(cycle: Cycle, start: PlainDate, end: PlainDate): Fraction {
  let total = NONE;
  for (let k = gridIndexAtOrBefore(cycle, start); compareDates(gridDate(cycle, k), end) < 0; k += 1) {
    const [cellStart, cellEnd] = [gridDate(cycle, k), gridDate(cycle, k + 1)];
    const from = compareDates(start, cellStart) > 0 ? start : cellStart;
    const to = compareDates(end, cellEnd) < 0 ? end : cellEnd;
    const share = fraction(decimal(from.until(to).days), decimal(cellStart.until(cellEnd).days));
    total = addFractions(total, share);
  }
  return total;
}

describe('the proration factor', () => {
  test('the factors of two parts add up to that of the whole, exactly', () => {
    fc.assert(
      fc.property(cycles, zones, fc.tuple(instants, instants, instants), (cycle, zone, three) => {
        const [a, b, c] = sortedInstants(...three) as [Instant, Instant, Instant];
        const parts = addFractions(
          prorationFactor(cycle, { start: a, end: b }, zone),
          prorationFactor(cycle, { start: b, end: c }, zone),
        );
        expect(isSameFraction(parts, prorationFactor(cycle, { start: a, end: c }, zone))).toBe(true);
      }),
    );
  });

  test('it is never below 0', () => {
    fc.assert(
      fc.property(cycles, zones, fc.tuple(instants, instants), (cycle, zone, two) => {
        const [start, end] = sortedInstants(...two) as [Instant, Instant];
        expect(prorationFactor(cycle, { start, end }, zone).numerator.gte(0)).toBe(true);
      }),
    );
  });

  test('it is the sum over the cells, in every zone', () => {
    fc.assert(
      fc.property(cycles, zones, dateSpans, (cycle, zone, { start, end }) => {
        const service = { start: startOfDate(start, zone), end: startOfDate(end, zone) };
        const factor = prorationFactor(cycle, service, zone);
        expect(isSameFraction(factor, factorByCells(cycle, start, end))).toBe(true);
      }),
    );
  });

  test('a whole cell is 1 in every zone', () => {
    fc.assert(
      fc.property(cycles, zones, fc.integer({ min: -50, max: 50 }), (cycle, zone, k) => {
        const service = {
          start: startOfDate(gridDate(cycle, k), zone),
          end: startOfDate(gridDate(cycle, k + 1), zone),
        };
        expect(prorationFactor(cycle, service, zone)).toEqual(WHOLE);
      }),
    );
  });
});
