// Spec 40 §5.8, 30 §17: a line amount is rounded once, by the rule of its currency.
import { Decimal, isDecimal, ZERO } from '../../kernel/decimal.ts';

export type RoundingMode =
  | 'UP'
  | 'DOWN'
  | 'CEILING'
  | 'FLOOR'
  | 'HALF_UP'
  | 'HALF_DOWN'
  | 'HALF_EVEN'
  | 'UNNECESSARY';

/** How amounts of one currency are rounded; `maxDecimalPlaces` is 0 to 5. */
export type CurrencyRule = {
  readonly code: string;
  readonly maxDecimalPlaces: number;
  readonly roundingMode: RoundingMode;
};

/** An amount that its currency cannot represent although the currency says that rounding is never needed. */
export type RoundingFailure = {
  readonly kind: 'RoundingNecessary';
  readonly amount: Decimal;
  readonly currency: string;
};

// The names mean what they mean in Java: UP and DOWN act on the magnitude, CEILING and FLOOR on the value.
const DECIMAL_MODES = {
  UP: Decimal.ROUND_UP,
  DOWN: Decimal.ROUND_DOWN,
  CEILING: Decimal.ROUND_CEIL,
  FLOOR: Decimal.ROUND_FLOOR,
  HALF_UP: Decimal.ROUND_HALF_UP,
  HALF_DOWN: Decimal.ROUND_HALF_DOWN,
  HALF_EVEN: Decimal.ROUND_HALF_EVEN,
} as const satisfies Record<Exclude<RoundingMode, 'UNNECESSARY'>, number>;

/** The rule of a currency that the organization has not configured. */
export function defaultCurrencyRule(code: string): CurrencyRule {
  return { code, maxDecimalPlaces: 2, roundingMode: 'HALF_UP' };
}

/**
 * The amount with the decimals of its currency; never negative zero. Answers a failure when the mode is
 * UNNECESSARY and a digit other than 0 would be lost, which fails the bill.
 */
export function roundAmount(amount: Decimal, rule: CurrencyRule): Decimal | RoundingFailure {
  if (amount.decimalPlaces() <= rule.maxDecimalPlaces) return amount.isZero() ? ZERO : amount;
  if (rule.roundingMode === 'UNNECESSARY') {
    return { kind: 'RoundingNecessary', amount, currency: rule.code };
  }
  const rounded = amount.toDecimalPlaces(rule.maxDecimalPlaces, DECIMAL_MODES[rule.roundingMode]);
  return rounded.isZero() ? ZERO : rounded;
}

/** Tells a failed rounding from an amount. */
export function isRoundingFailure(result: Decimal | RoundingFailure): result is RoundingFailure {
  return !isDecimal(result);
}
