import { expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { pricedUnits } from './bill-csv.ts';

test.each([
  ['a price that can be written', 300, '20.1', '300', '0.067'],
  // 20 / 300 = 0.0667, and 300 of them would be 20.01
  ['a price that cannot', 300, '20', '1', '20'],
  ['no units', 0, '5', '1', '5'],
  ['a credit', 2, '-5', '2', '-2.5'],
])('%s: %s units for %s are %s × %s', (_what, units, amount, quantity, unitAmount) => {
  const line = { units: decimal(units), convertedSubtotal: decimal(amount) };
  const made = pricedUnits(line);
  expect([made.quantity.toString(), made.unitAmount.toString()]).toEqual([quantity, unitAmount]);
});
