import { describe, expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { type PricingBand, rateUnits } from './bands.ts';

/** Rows of lower limit, fixed price, unit price. */
function bands(...rows: [string, string, string][]): readonly PricingBand[] {
  return rows.map(([lowerLimit, fixedPrice, unitPrice], index) => ({
    id: `band ${index + 1}`,
    lowerLimit: decimal(lowerLimit),
    fixedPrice: decimal(fixedPrice),
    unitPrice: decimal(unitPrice),
  }));
}

const A = bands(['0', '0', '0.10'], ['1000', '0', '0.08'], ['5000', '0', '0.05']);
const B = bands(['0', '5', '1'], ['10', '20', '0.8'], ['50', '40', '0.5']);
const C = bands(['0', '100', '0'], ['1000', '250', '0'], ['10000', '900', '0']);

function amount(list: readonly PricingBand[], cumulative: boolean, units: string): string {
  return rateUnits(list, cumulative, decimal(units)).amount.toFixed();
}

/** `band:units=subtotal` for each entry. */
function use(list: readonly PricingBand[], cumulative: boolean, units: string): string {
  const entries = rateUnits(list, cumulative, decimal(units)).use;
  return entries.map((entry) => `${entry.band.lowerLimit}:${entry.units}=${entry.subtotal}`).join(' ');
}

describe('bands without fixed prices', () => {
  test.each([
    ['0', '0', '0'],
    ['1', '0.1', '0.1'],
    // A count equal to the next limit is still in the lower band.
    ['1000', '100', '100'],
    // 100 + 1 × 0.08 | 1001 × 0.08
    ['1001', '100.08', '80.08'],
    // 100 + 4000 × 0.08 | 5000 × 0.08
    ['5000', '420', '400'],
    ['5000.5', '420.025', '250.025'],
    // 420 + 7000 × 0.05 | 12000 × 0.05
    ['12000', '770', '600'],
  ])('%s units are %s tiered and %s by volume', (units, tiered, volume) => {
    expect([amount(A, true, units), amount(A, false, units)]).toEqual([tiered, volume]);
  });
});

describe('bands with fixed prices', () => {
  test.each([
    ['0', '5', '5'],
    ['1', '6', '6'],
    ['10', '15', '15'],
    // 15 + 20 + 0.5 × 0.8 | 20 + 10.5 × 0.8
    ['10.5', '35.4', '28.4'],
    // 15 + 20 + 40 × 0.8 | 20 + 50 × 0.8
    ['50', '67', '60'],
    // 67 + 40 + 1 × 0.5 | 40 + 51 × 0.5
    ['51', '107.5', '65.5'],
    ['100', '132', '90'],
  ])('%s units are %s tiered and %s by volume', (units, tiered, volume) => {
    expect([amount(B, true, units), amount(B, false, units)]).toEqual([tiered, volume]);
  });
});

test.each([
  ['0', '100'],
  ['1', '100'],
  ['1000', '100'],
  ['1001', '250'],
  ['10000', '250'],
  ['10001', '900'],
])('stairstep: %s units are %s', (units, expected) => {
  expect(amount(C, false, units)).toBe(expected);
});

describe('the bands used', () => {
  test.each([
    ['tiered, into the third band', A, true, '5000.5', '0:1000=100 1000:4000=320 5000:0.5=0.025'],
    ['tiered, on a limit', A, true, '1000', '0:1000=100'],
    ['volume', A, false, '5000.5', '5000:5000.5=250.025'],
    ['no units, first limit 0', B, true, '0', '0:0=5'],
    ['negative units are rated as 0', B, true, '-3', '0:0=5'],
    ['negative units are rated as 0 by volume', C, false, '-3', '0:0=100'],
  ])('%s', (_name, list, cumulative, units, expected) => {
    expect(use(list, cumulative, units)).toBe(expected);
  });
});

describe('a first limit above 0', () => {
  const free = bands(['10', '5', '2']);

  test.each([
    ['0', '0', '0'],
    ['10', '0', '0'],
    // 5 + 2 × 2 tiered; by volume all 12 units count: 5 + 12 × 2
    ['12', '9', '29'],
  ])('%s units are %s tiered and %s by volume', (units, tiered, volume) => {
    expect([amount(free, true, units), amount(free, false, units)]).toEqual([tiered, volume]);
  });
});

test('bands are rated in ascending order however they come', () => {
  expect(use([...B].reverse(), true, '51')).toBe(use(B, true, '51'));
  expect(amount([...B].reverse(), false, '51')).toBe('65.5');
});

test('prices keep all their digits', () => {
  // 333,333 × 0.000125
  expect(amount(bands(['0', '0', '0.000125']), true, '333333')).toBe('41.666625');
});

test('without bands nothing is charged', () => {
  expect(rateUnits([], true, decimal(5))).toEqual({ amount: decimal(0), use: [] });
});
