import { describe, expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { averageUnitPrice, bandUsage } from './band-usage.ts';
import { type PricingBand, rateUnits } from './bands.ts';
import { rateSpanning } from './span-tiers.ts';

/** Prices are the fixed and the unit price, written as `20 0.8`. */
function band(id: string, lowerLimit: string, bandPrices: string): PricingBand {
  const [fixedPrice = '', unitPrice = ''] = bandPrices.split(' ');
  return {
    id,
    lowerLimit: decimal(lowerLimit),
    fixedPrice: decimal(fixedPrice),
    unitPrice: decimal(unitPrice),
  };
}

const BANDS = [band('low', '0', '5 1'), band('middle', '10', '20 0.8'), band('high', '50', '40 0.5')];

type Case = { units: string; quantity: string; quantityPerUnit: string; cumulative: boolean };

function quantities({ units, quantity, quantityPerUnit, cumulative }: Case): string {
  const { use } = rateUnits(BANDS, cumulative, decimal(units));
  const source = { quantity: decimal(quantity), quantityPerUnit: decimal(quantityPerUnit), cumulative };
  return bandUsage(use, source)
    .map((entry) => `${entry.pricingBandId} ${entry.bandUnits}u ${entry.bandQuantity}q`)
    .join(', ');
}

describe('the quantity of each band', () => {
  test.each<[string, Case, string]>([
    [
      'units of one each',
      { units: '51', quantity: '51', quantityPerUnit: '1', cumulative: true },
      'low 10u 10q, middle 40u 40q, high 1u 1q',
    ],
    [
      'the last band takes what rounding up added: 1030 / 100 = 10.3, 11 units',
      { units: '11', quantity: '1030', quantityPerUnit: '100', cumulative: true },
      'low 10u 1000q, middle 1u 30q',
    ],
    [
      'the last band takes what rounding down left: 1099 / 100 = 10.99, 10 units',
      { units: '10', quantity: '1099', quantityPerUnit: '100', cumulative: true },
      'low 10u 1099q',
    ],
    [
      'by volume one band has it all',
      { units: '51', quantity: '50.2', quantityPerUnit: '1', cumulative: false },
      'high 51u 50.2q',
    ],
    [
      'a negative quantity is shown',
      { units: '-4', quantity: '-4', quantityPerUnit: '1', cumulative: true },
      'low 0u -4q',
    ],
  ])('%s', (_name, given, expected) => {
    expect(quantities(given)).toBe(expected);
  });

  test('a band that only rounding up reaches holds none', () => {
    // 1030 / 250 = 4.12, rounded up 5; the second band starts at 4.5 × 250 = 1125.
    const { use } = rateUnits([band('a', '0', '0 1'), band('b', '4.5', '0 1')], true, decimal(5));
    const source = { quantity: decimal(1030), quantityPerUnit: decimal(250), cumulative: true };
    expect(bandUsage(use, source).map((entry) => entry.bandQuantity.toFixed())).toEqual(['1030', '0']);
  });
});

test('an entry repeats its band and adds up', () => {
  const { use } = rateUnits(BANDS, true, decimal('10.5'));
  const entries = bandUsage(use, {
    quantity: decimal('10.5'),
    quantityPerUnit: decimal(1),
    cumulative: true,
  });
  expect(entries[1]).toEqual({
    pricingBandId: 'middle',
    lowerLimit: decimal(10),
    fixedPrice: decimal(20),
    unitPrice: decimal('0.8'),
    bandUnits: decimal('0.5'),
    bandQuantity: decimal('0.5'),
    unitSubtotal: decimal('0.4'),
    bandSubtotal: decimal('20.4'),
  });
});

test('figures are published with 12 decimals, the thirteenth rounded half up', () => {
  const third = decimal(1).div(3);
  const { use } = rateUnits([band('only', '0', '0 0.0000000000025')], true, third.times(3000));
  const [entry] = bandUsage(use, { quantity: third, quantityPerUnit: decimal(1), cumulative: true });
  expect(entry?.bandQuantity.toFixed()).toBe('0.333333333333');
  expect(entry?.unitSubtotal.toFixed()).toBe('0.0000000025');
  const { use: tiny } = rateUnits([band('only', '0', '0 0.0000000000025')], true, decimal(1));
  const [rounded] = bandUsage(tiny, { quantity: decimal(1), quantityPerUnit: decimal(1), cumulative: true });
  expect(rounded?.bandSubtotal.toFixed()).toBe('0.000000000003');
});

test('a fixed price that an earlier window paid is shown as 0', () => {
  const { use } = rateSpanning(BANDS, true, { prior: decimal(8), hasPrior: true, units: decimal(4) });
  const entries = bandUsage(use, { quantity: decimal(4), quantityPerUnit: decimal(1), cumulative: true });
  expect(entries.map((entry) => `${entry.fixedPrice} ${entry.bandQuantity} ${entry.bandSubtotal}`)).toEqual([
    '0 2 2',
    '20 2 21.6',
  ]);
});

test.each([
  ['70', '120', '0.583333333333'],
  ['70', '0', '0'],
])('%s over %s units is %s on average', (amount, units, expected) => {
  expect(averageUnitPrice(decimal(amount), decimal(units)).toFixed()).toBe(expected);
});
