import { expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { orderedBands, type PricingBand, pricesMustNotBeNegative } from './pricing-bands.ts';

function band(lowerLimit: string, unitPrice = '1', id: string | null = null): PricingBand {
  return {
    id,
    lowerLimit: decimal(lowerLimit),
    fixedPrice: decimal(0),
    unitPrice: decimal(unitPrice),
    creditTypeId: null,
  };
}

test('bands are put in ascending order of their numbers', () => {
  const limits = orderedBands([band('1000'), band('9'), band('0')], 'pricingBands').map(
    (b) => `${b.lowerLimit}`,
  );
  expect(limits).toEqual(['0', '9', '1000']);
});

test('a band keeps its id, and gets one when it has none', () => {
  const [first, second] = orderedBands([band('0', '1', 'mine'), band('10')], 'pricingBands');
  expect(first?.id).toBe('mine');
  expect(second?.id).toMatch(/^[0-9a-f-]{36}$/);
});

test('two bands at one limit are refused, however the number is written', () => {
  expect(() => orderedBands([band('10.0'), band('0'), band('10')], 'overagePricingBands')).toThrow(
    'overagePricingBands has the lowerLimit 10 more than once',
  );
});

test.each([
  ['-0.000001', true],
  ['0', false],
  ['0.000001', false],
])('a unit price of %s is refused: %s', (unitPrice, isRefused) => {
  const check = () => pricesMustNotBeNegative([band('0'), band('1', unitPrice)], 'pricingBands');
  if (isRefused) expect(check).toThrow('pricingBands must not have a negative price');
  else expect(check).not.toThrow();
});

test('a fixed price below zero is refused', () => {
  const cheap = { ...band('0'), fixedPrice: decimal('-1') };
  expect(() => pricesMustNotBeNegative([cheap], 'pricingBands')).toThrow('negative price');
});
