import { expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { billedUnits, type UnitRounding, unitsOf } from './units.ts';

test.each([
  // 1030 / 250 = 4.12
  ['1030', '250', 'UP', '5'],
  ['1030', '250', 'DOWN', '4'],
  ['1030', '250', 'NEAREST', '4'],
  ['1030', '250', 'NONE', '4.12'],
  ['5.1', '1', 'NEAREST', '5'],
  ['5.3', '1', 'NEAREST', '5'],
  ['3.5', '1', 'NEAREST', '4'],
  ['2.5', '1', 'NEAREST', '3'],
  ['-3.5', '1', 'NEAREST', '-4'],
  ['-1.2', '1', 'UP', '-2'],
  ['-1.8', '1', 'DOWN', '-1'],
  ['0', '7', 'UP', '0'],
  ['0.0001', '1', 'UP', '1'],
  ['1000', '0.5', 'NONE', '2000'],
  // A division that ends on a whole number is not pushed to the next one.
  ['0.3', '0.1', 'UP', '3'],
  ['1', '3', 'NONE', '0.3333333333333333333333333333333333'],
] satisfies [string, string, UnitRounding, string][])('%s by %s, %s, is %s units', (...row) => {
  const [quantity, perUnit, rounding, expected] = row;
  expect(unitsOf(decimal(quantity), { quantityPerUnit: decimal(perUnit), rounding }).toFixed()).toBe(
    expected,
  );
});

test('a small negative quantity rounds to a zero without a sign', () => {
  const units = unitsOf(decimal('-0.2'), { quantityPerUnit: decimal(1), rounding: 'NEAREST' });
  expect(units.isNegative()).toBe(false);
});

test('a bill line shows 0 units for a negative quantity', () => {
  const rule = { quantityPerUnit: decimal(1), rounding: 'UP' } as const;
  expect(billedUnits(decimal('-1.2'), rule).toFixed()).toBe('0');
  expect(billedUnits(decimal('1.2'), rule).toFixed()).toBe('2');
});

test('a quantity per unit of 0 is a bug', () => {
  expect(() => unitsOf(decimal(1), { quantityPerUnit: decimal(0), rounding: 'NONE' })).toThrow('above 0');
});
