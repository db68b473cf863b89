import { expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { type Conversion, conversionRate, isNoConversionRate } from './conversion.ts';

function conversion(from: string, to: string, multiplier: string | null): Conversion {
  return { from, to, multiplier: multiplier === null ? null : decimal(multiplier) };
}

const JOB = [conversion('EUR', 'USD', '1.20'), conversion('CHF', 'USD', null)];
const ORGANIZATION = [
  conversion('EUR', 'USD', '1.10'),
  conversion('CHF', 'USD', '1.15'),
  conversion('USD', 'GBP', '0.80'),
];

function rateText(from: string, to: string): string {
  const rate = conversionRate(from, to, [JOB, ORGANIZATION]);
  return isNoConversionRate(rate) ? `none ${rate.from} → ${rate.to}` : rate.toFixed();
}

test.each([
  ['the table of the job wins', 'EUR', 'USD', '1.2'],
  ['the organization has what the job does not list', 'USD', 'GBP', '0.8'],
  ['the same code needs no entry', 'JPY', 'JPY', '1'],
  ['a listed pair without a multiplier has no rate', 'CHF', 'USD', 'none CHF → USD'],
  ['a pair is not inverted', 'USD', 'EUR', 'none USD → EUR'],
  ['a pair is not chained', 'EUR', 'GBP', 'none EUR → GBP'],
  ['letter case counts', 'eur', 'USD', 'none eur → USD'],
  ['letter case counts even for the same letters', 'usd', 'USD', 'none usd → USD'],
])('%s', (_name, from, to, expected) => {
  expect(rateText(from, to)).toBe(expected);
});

test('without any table only the same code converts', () => {
  expect(conversionRate('EUR', 'USD', [])).toEqual({ kind: 'NoConversionRate', from: 'EUR', to: 'USD' });
});
