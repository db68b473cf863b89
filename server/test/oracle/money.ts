import { Decimal, decimal } from '../../src/kernel/decimal.ts';
import type { Organization } from './organization.ts';

/** How decimal.js numbers its rounding modes. */
type Rounding = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/** Why a bill cannot be calculated, such as `rate EUR>USD`. The account's bill fails (spec 40 §14). */
export class BillFailureError extends Error {}

const MODES: Readonly<Record<string, Rounding>> = {
  UP: Decimal.ROUND_UP,
  DOWN: Decimal.ROUND_DOWN,
  CEILING: Decimal.ROUND_CEIL,
  FLOOR: Decimal.ROUND_FLOOR,
  HALF_UP: Decimal.ROUND_HALF_UP,
  HALF_DOWN: Decimal.ROUND_HALF_DOWN,
  HALF_EVEN: Decimal.ROUND_HALF_EVEN,
};

/** Spec 30 §17, 40 §5.8: the places and the mode of the currency; an unknown one has 2 and HALF_UP. */
export function rounded(amount: Decimal, code: string, organization: Organization): Decimal {
  const currency = organization.currencies.find((one) => one.code === code);
  const places = currency?.places ?? 2;
  const mode = MODES[currency?.rounding ?? 'HALF_UP'];
  if (mode !== undefined) return amount.toDecimalPlaces(places, mode);
  if (!amount.toDecimalPlaces(places, Decimal.ROUND_DOWN).eq(amount))
    throw new BillFailureError(`rounding ${code}`);
  return amount;
}

/** Spec 40 §5.7: exactly this pair, never inverted, never chained. */
export function rateBetween(from: string, to: string, organization: Organization): Decimal {
  if (from === to) return decimal(1);
  const rate = organization.rates.find((one) => one.from === from && one.to === to);
  if (rate === undefined) throw new BillFailureError(`rate ${from}>${to}`);
  return rate.by;
}
