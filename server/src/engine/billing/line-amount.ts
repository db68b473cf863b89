// Spec 40 §5.7, §5.8: amounts rounded and converted by the tables of one calculation, or why they cannot be.
import { type Decimal, isDecimal } from '../../kernel/decimal.ts';
import { conversionRate } from '../money/conversion.ts';
import { type CurrencyRule, defaultCurrencyRule, roundAmount } from '../money/rounding.ts';
import type { BillFailure } from './bill.ts';
import type { Calculation } from './calculation.ts';

/** An amount in a currency; `entity` names what needs it and for whose bill, for the failure. */
export type NamedAmount = Pick<BillFailure, 'entity' | 'billAccountId'> & {
  readonly amount: Decimal;
  readonly currency: string;
};

export type ConvertedAmount = { readonly amount: Decimal; readonly rate: Decimal };

/** The rounding rule of a currency; two decimals HALF_UP when the organization has not configured it. */
export function currencyRule(calculation: Calculation, code: string): CurrencyRule {
  return calculation.index.currencies.get(code) ?? defaultCurrencyRule(code);
}

/** The amount with the decimals of its currency. */
export function roundedAmount(calculation: Calculation, named: NamedAmount): Decimal | BillFailure {
  const rounded = roundAmount(named.amount, currencyRule(calculation, named.currency));
  return isDecimal(rounded) ? rounded : failureOf(rounded, named);
}

/**
 * The amount in the currency `to`, rounded to it, and the rate; the job's rates win over the organization's.
 */
export function convertedAmount(
  calculation: Calculation,
  named: NamedAmount,
  to: string,
): ConvertedAmount | BillFailure {
  const rate = rateTo(calculation, named, to);
  if (!isDecimal(rate)) return rate;
  const amount = roundedAmount(calculation, { ...named, amount: named.amount.times(rate), currency: to });
  return isDecimal(amount) ? { amount, rate } : amount;
}

/** What one unit of the currency is worth in the currency `to`; `entity` needs to know. */
export function rateTo(
  { slot, index }: Calculation,
  named: Omit<NamedAmount, 'amount'>,
  to: string,
): Decimal | BillFailure {
  const tables = [slot.stamp.currencyConversions, index.facts.organization.currencyConversions];
  const rate = conversionRate(named.currency, to, tables);
  return isDecimal(rate) ? rate : failureOf(rate, named);
}

function failureOf<T extends object>(cause: T, { entity, billAccountId }: Omit<NamedAmount, 'amount'>) {
  return { ...cause, entity, billAccountId };
}

/** Tells a failure from everything that a calculation can answer instead. */
export function isBillFailure(result: object): result is BillFailure {
  return 'kind' in result && 'entity' in result;
}
