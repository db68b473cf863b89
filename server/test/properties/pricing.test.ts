import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isRoundingFailure, type RoundingMode, roundAmount } from '../../src/engine/money/rounding.ts';
import { splitAmount } from '../../src/engine/money/split.ts';
import { bandUsage } from '../../src/engine/pricing/band-usage.ts';
import { type PricingBand, rateUnits } from '../../src/engine/pricing/bands.ts';
import { rateSpanning } from '../../src/engine/pricing/span-tiers.ts';
import { type UnitRounding, unitsOf } from '../../src/engine/pricing/units.ts';
import { type PricingCandidate, ratingWindows, winnerAt } from '../../src/engine/pricing/winner.ts';
import { Decimal, decimal, sumOf, ZERO } from '../../src/kernel/decimal.ts';
import { type Instant, isBefore, Temporal } from '../../src/kernel/time.ts';

/** Decimals from 0 to `max` with up to `places` decimals. */
function decimals(max: number, places: number): fc.Arbitrary<Decimal> {
  const scale = 10 ** places;
  return fc.integer({ min: 0, max: max * scale }).map((value) => decimal(value).div(scale));
}

const units = fc.oneof(fc.integer({ min: 0, max: 200 }).map(decimal), decimals(200, 3));
const prices = fc.record({ fixedPrice: decimals(50, 2), unitPrice: decimals(5, 6) });
const limits = fc.uniqueArray(fc.integer({ min: 0, max: 150 }), { minLength: 1, maxLength: 6 });
const bandLists = fc
  .tuple(limits, fc.boolean(), fc.array(prices, { minLength: 6, maxLength: 6 }))
  .map(([lower, fromZero, six]) => {
    const sorted = lower.toSorted((a, b) => a - b);
    return sorted.map((limit, index): PricingBand => {
      const { fixedPrice, unitPrice } = six[index] ?? { fixedPrice: ZERO, unitPrice: ZERO };
      const lowerLimit = decimal(fromZero && index === 0 ? 0 : limit);
      return { id: `band ${index}`, lowerLimit, fixedPrice, unitPrice };
    });
  });

describe('bands', () => {
  test('a tiered amount never falls when there are more units', () => {
    fc.assert(
      fc.property(bandLists, units, units, (bands, some, more) => {
        const less = rateUnits(bands, true, some).amount;
        expect(rateUnits(bands, true, some.plus(more)).amount.gte(less)).toBe(true);
      }),
    );
  });

  test('a count equal to a limit is in the band below it, the least bit more is not', () => {
    fc.assert(
      fc.property(bandLists, fc.boolean(), fc.nat(5), (bands, cumulative, pick) => {
        const index = 1 + (pick % Math.max(1, bands.length - 1));
        const band = bands[index];
        fc.pre(band !== undefined);
        const at = rateUnits(bands, cumulative, band.lowerLimit).use.at(-1);
        const above = rateUnits(bands, cumulative, band.lowerLimit.plus('0.000001')).use.at(-1);
        expect([at?.band.id, above?.band.id]).toEqual([`band ${index - 1}`, `band ${index}`]);
      }),
    );
  });

  test('the entries add up to the amount, and tiered ones to the units above the first limit', () => {
    fc.assert(
      fc.property(bandLists, fc.boolean(), units, (bands, cumulative, count) => {
        const { amount, use } = rateUnits(bands, cumulative, count);
        expect(sumOf(use.map((entry) => entry.subtotal)).eq(amount)).toBe(true);
        const free = cumulative ? (bands[0]?.lowerLimit ?? ZERO) : ZERO;
        const billed = use.length === 0 ? ZERO : count.minus(free);
        expect(sumOf(use.map((entry) => entry.units)).eq(billed)).toBe(true);
      }),
    );
  });

  test('the published entries add up to the quantity', () => {
    const unitRules = fc.record({
      quantityPerUnit: fc.constantFrom('1', '0.5', '3', '250').map(decimal),
      rounding: fc.constantFrom<UnitRounding>('UP', 'DOWN', 'NEAREST', 'NONE'),
    });
    fc.assert(
      fc.property(bandLists, units, unitRules, (bands, quantity, rule) => {
        const { use } = rateUnits(bands, true, unitsOf(quantity, rule));
        fc.pre(use.length > 0);
        const entries = bandUsage(use, { ...rule, quantity, cumulative: true });
        expect(sumOf(entries.map((entry) => entry.bandQuantity)).toFixed()).toBe(quantity.toFixed());
        for (const entry of entries) {
          expect(entry.bandQuantity.gte(0)).toBe(true);
          expect(entry.bandSubtotal.eq(entry.unitSubtotal.plus(entry.fixedPrice))).toBe(true);
        }
      }),
    );
  });

  test('windows that span the plan cost together what their units cost at once', () => {
    fc.assert(
      fc.property(bandLists, fc.array(units, { minLength: 1, maxLength: 8 }), (bands, windows) => {
        let prior = ZERO;
        const amounts = windows.map((count, index) => {
          const rating = rateSpanning(bands, true, { prior, hasPrior: index > 0, units: count });
          expect(sumOf(rating.use.map((entry) => entry.subtotal)).eq(rating.amount)).toBe(true);
          prior = prior.plus(count);
          return rating.amount;
        });
        expect(sumOf(amounts).toFixed()).toBe(rateUnits(bands, true, prior).amount.toFixed());
      }),
    );
  });

  test('windows that span the plan pay each fixed price once when not cumulative', () => {
    fc.assert(
      fc.property(bandLists, fc.array(units, { minLength: 1, maxLength: 8 }), (bands, windows) => {
        let prior = ZERO;
        const paid = windows.flatMap((count, index) => {
          const { use } = rateSpanning(bands, false, { prior, hasPrior: index > 0, units: count });
          prior = prior.plus(count);
          return use.filter((entry) => entry.subtotal.gt(entry.unitSubtotal)).map((entry) => entry.band.id);
        });
        expect(new Set(paid).size).toBe(paid.length);
      }),
    );
  });
});

const DAY_ZERO = Temporal.Instant.from('2024-01-01T00:00:00Z');
const moments = fc.integer({ min: 0, max: 60 * 24 }).map((hours) => DAY_ZERO.add({ hours }));
const candidates = fc.array(
  fc.record({
    startDate: moments,
    endDate: fc.option(moments, { nil: null }),
    dtCreated: moments,
    ownedByPlan: fc.boolean(),
  }),
  { maxLength: 7 },
);

function pricings(rows: readonly Omit<PricingCandidate, 'id'>[]): readonly PricingCandidate[] {
  return rows.map((row, index) => ({ ...row, id: `pricing ${index}` }));
}

describe('rating windows', () => {
  test('at every moment of the period the window there is that of the winner', () => {
    fc.assert(
      fc.property(candidates, fc.tuple(moments, moments), moments, (rows, edges, moment) => {
        const all = pricings(rows);
        const [start, end] = edges.toSorted(Temporal.Instant.compare) as [Instant, Instant];
        const covering = ratingWindows(all, start, end).filter(
          (window) => !isBefore(moment, window.start) && isBefore(moment, window.end),
        );
        const isInside = !isBefore(moment, start) && isBefore(moment, end);
        const winner = isInside ? winnerAt(all, moment) : null;
        expect(covering.map((window) => window.pricing.id)).toEqual(winner === null ? [] : [winner.id]);
      }),
      { numRuns: 500 },
    );
  });

  test('they are in order, never empty, and two that touch have different winners', () => {
    fc.assert(
      fc.property(candidates, (rows) => {
        const windows = ratingWindows(pricings(rows), DAY_ZERO, DAY_ZERO.add({ hours: 60 * 24 }));
        for (const [index, window] of windows.entries()) {
          expect(isBefore(window.start, window.end)).toBe(true);
          const before = windows[index - 1];
          if (!before) continue;
          expect(isBefore(window.start, before.end)).toBe(false);
          if (before.end.equals(window.start)) expect(before.pricing.id).not.toBe(window.pricing.id);
        }
      }),
    );
  });

  test('the order of the candidates does not matter', () => {
    fc.assert(
      fc.property(candidates, moments, (rows, moment) => {
        const all = pricings(rows);
        expect(winnerAt(all.toReversed(), moment)?.id).toBe(winnerAt(all, moment)?.id);
      }),
    );
  });
});

const signed = fc.tuple(decimals(1000, 5), fc.boolean()).map(([value, isNegative]) => {
  return isNegative ? value.negated() : value;
});
const rules = fc.record({
  code: fc.constant('USD'),
  maxDecimalPlaces: fc.integer({ min: 0, max: 5 }),
  roundingMode: fc.constantFrom<RoundingMode>(
    'UP',
    'DOWN',
    'CEILING',
    'FLOOR',
    'HALF_UP',
    'HALF_DOWN',
    'HALF_EVEN',
  ),
});

describe('money', () => {
  test('rounding moves an amount by less than one smallest unit and does nothing the second time', () => {
    fc.assert(
      fc.property(signed, rules, (amount, rule) => {
        const once = roundAmount(amount, rule);
        if (isRoundingFailure(once)) throw new Error('only UNNECESSARY fails');
        expect(once.decimalPlaces()).toBeLessThanOrEqual(rule.maxDecimalPlaces);
        expect(once.minus(amount).abs().lt(new Decimal(10).pow(-rule.maxDecimalPlaces))).toBe(true);
        expect(roundAmount(once, rule)).toEqual(once);
      }),
    );
  });

  test('CEILING is FLOOR of the opposite, and the others do not see the sign', () => {
    fc.assert(
      fc.property(signed, rules, (amount, rule) => {
        const opposites = { CEILING: 'FLOOR', FLOOR: 'CEILING' } as const;
        const mode = rule.roundingMode;
        const roundingMode = mode === 'CEILING' || mode === 'FLOOR' ? opposites[mode] : mode;
        const mirrored = roundAmount(amount.negated(), { ...rule, roundingMode });
        const direct = roundAmount(amount, rule);
        if (isRoundingFailure(mirrored) || isRoundingFailure(direct))
          throw new Error('only UNNECESSARY fails');
        expect(mirrored.plus(direct).isZero()).toBe(true);
      }),
    );
  });

  test('the parts of an amount add up to it', () => {
    const weights = fc.array(decimals(100, 2), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(signed, weights, rules, (total, shares, rule) => {
        const parts = splitAmount(total, shares, rule);
        if ('kind' in parts) throw new Error('only UNNECESSARY fails');
        expect(parts).toHaveLength(shares.length);
        expect(sumOf(parts).eq(total)).toBe(true);
      }),
    );
  });
});
