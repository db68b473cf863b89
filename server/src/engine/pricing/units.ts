// Spec 20 §11.4, 30 §7.1: the units that a metered quantity is priced as.
import { assert } from '../../kernel/assert.ts';
import { Decimal, maxOf, ZERO } from '../../kernel/decimal.ts';

export type UnitRounding = 'UP' | 'DOWN' | 'NEAREST' | 'NONE';

/** How a quantity becomes units: divided by `quantityPerUnit` (above 0), then rounded to a whole number. */
export type UnitRule = { readonly quantityPerUnit: Decimal; readonly rounding: UnitRounding };

// All act on the magnitude: UP makes −1.2 to −2, NEAREST makes −3.5 to −4.
const DECIMAL_MODES = {
  UP: Decimal.ROUND_UP,
  DOWN: Decimal.ROUND_DOWN,
  NEAREST: Decimal.ROUND_HALF_UP,
} as const satisfies Record<Exclude<UnitRounding, 'NONE'>, number>;

/** Units of a quantity, negative for a negative one. 1,030 by 250, UP: 4.12 gives 5. */
export function unitsOf(quantity: Decimal, rule: UnitRule): Decimal {
  assert(rule.quantityPerUnit.gt(0), 'the quantity per unit is above 0');
  const exact = quantity.div(rule.quantityPerUnit);
  const units = rule.rounding === 'NONE' ? exact : exact.toDecimalPlaces(0, DECIMAL_MODES[rule.rounding]);
  return units.isZero() ? ZERO : units;
}

/** Units as a bill line shows and prices them: a negative quantity counts as 0 units. */
export function billedUnits(quantity: Decimal, rule: UnitRule): Decimal {
  return maxOf(unitsOf(quantity, rule), ZERO);
}
