import { describe, expect, test } from 'vitest';
import { type Decimal, decimal, ZERO } from '../../kernel/decimal.ts';
import type { PricingBand } from './bands.ts';
import { rateSpanning } from './span-tiers.ts';

function bands(...rows: [string, string, string][]): readonly PricingBand[] {
  return rows.map(([lowerLimit, fixedPrice, unitPrice], index) => ({
    id: `band ${index + 1}`,
    lowerLimit: decimal(lowerLimit),
    fixedPrice: decimal(fixedPrice),
    unitPrice: decimal(unitPrice),
  }));
}

/** The amounts of windows rated one after the other. */
function amounts(list: readonly PricingBand[], cumulative: boolean, windows: readonly string[]): string[] {
  let prior: Decimal = ZERO;
  return windows.map((text, index) => {
    const units = decimal(text);
    const { amount } = rateSpanning(list, cumulative, { prior, hasPrior: index > 0, units });
    prior = prior.plus(units);
    return amount.toFixed();
  });
}

const TIERS = bands(['0', '0', '1.00'], ['100', '0', '0.50']);
const FEES = bands(['0', '5', '1'], ['10', '20', '0.8']);
const STAIRS = bands(['0', '100', '0'], ['10', '250', '0']);

describe('cumulative', () => {
  test('tiers go on where the last window ended', () => {
    // 60 | 40 × 1 + 30 × 0.5 | 80 × 0.5
    expect(amounts(TIERS, true, ['60', '70', '80'])).toEqual(['60', '55', '40']);
  });

  test('a fixed price is charged once, in the window that reaches the band', () => {
    // 5 + 8 | 2 × 1 + 20 + 2 × 0.8 | 3 × 0.8
    expect(amounts(FEES, true, ['8', '4', '3'])).toEqual(['13', '23.6', '2.4']);
  });

  test('a window of 0 units reaches the band at 0, and the next does not pay it again', () => {
    expect(amounts(FEES, true, ['0', '3', '0'])).toEqual(['5', '3', '0']);
  });

  test('a total equal to a limit stays below it', () => {
    expect(amounts(FEES, true, ['6', '4', '1'])).toEqual(['11', '4', '20.8']);
  });

  test('free units below the first limit are used up once', () => {
    expect(amounts(bands(['10', '5', '2']), true, ['7', '5', '5'])).toEqual(['0', '9', '10']);
  });
});

describe('not cumulative', () => {
  test('each window pays the price of the band that the total reaches', () => {
    expect(amounts(TIERS, false, ['60', '70', '80'])).toEqual(['60', '35', '40']);
  });

  test('the fixed price of the band reached is charged once', () => {
    // 5 + 8 | 20 + 4 × 0.8 | 3 × 0.8
    expect(amounts(FEES, false, ['8', '4', '3'])).toEqual(['13', '23.2', '2.4']);
  });

  test('stairs', () => {
    expect(amounts(STAIRS, false, ['4', '6', '1', '5'])).toEqual(['100', '0', '250', '0']);
  });

  test('a first limit above 0 charges nothing until it is passed', () => {
    expect(amounts(bands(['10', '5', '2']), false, ['10', '1'])).toEqual(['0', '7']);
  });
});

describe('the bands used', () => {
  function use(list: readonly PricingBand[], prior: string, units: string): string {
    const spanning = { prior: decimal(prior), hasPrior: true, units: decimal(units) };
    const entries = rateSpanning(list, true, spanning).use;
    return entries.map((entry) => `${entry.band.lowerLimit}:${entry.units}=${entry.subtotal}`).join(' ');
  }

  test.each([
    ['units on both sides of a limit', '60', '70', '0:40=40 100:30=15'],
    ['a band that is full is left out', '130', '80', '100:80=40'],
    ['no units: the band that the total is in', '130', '0', '100:0=0'],
    ['a negative quantity takes nothing back', '130', '-10', '100:0=0'],
  ])('%s', (_name, prior, units, expected) => {
    expect(use(TIERS, prior, units)).toBe(expected);
  });
});

test('another version of the pricing rates the earlier units by its own bands', () => {
  // 120 earlier units, new limit 150: 30 × 2 + 20 × 1.
  const next = bands(['0', '0', '2'], ['150', '0', '1']);
  const { amount } = rateSpanning(next, true, { prior: decimal(120), hasPrior: true, units: decimal(50) });
  expect(amount.toFixed()).toBe('80');
});
