import { z } from 'zod';
import { integer, text } from '../../api/fields.ts';
import type { BillFacts } from '../../engine/billing/facts.ts';
import { defaultCurrencyRule } from '../../engine/money/rounding.ts';
import type { Row } from '../../store/database.ts';
import type { LineRow } from './bill-rows.ts';

export function roundingPoint() {
  return z.object({ point: text(), currency: text(), decimalPlaces: integer(), roundingMode: text() });
}

/** Where amounts of the lines were rounded, and how (spec 40 §5.8): nowhere else. */
export function roundingPointsOf(facts: BillFacts, billCurrency: string, lines: readonly LineRow[]): Row[] {
  const lineCurrencies = [...new Set(lines.map((line) => line.currency))].sort();
  return [
    ...lineCurrencies.map((code) => pointOf(facts, 'subtotal', code)),
    pointOf(facts, 'convertedSubtotal', billCurrency),
  ];
}

function pointOf({ currencies }: BillFacts, point: string, currency: string): Row {
  const rule = currencies.find((row) => row.code === currency) ?? defaultCurrencyRule(currency);
  const { maxDecimalPlaces: decimalPlaces, roundingMode } = rule;
  return { point, currency, decimalPlaces, roundingMode };
}
