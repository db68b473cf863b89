import { expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { calculationErrors } from './compiled-meter.ts';
import type { DataField } from './fields.ts';

const dataFields: DataField[] = [
  { code: 'bytes', category: 'MEASURE' },
  { code: 'ts', category: 'WHO' },
];
const defaults = { account: { discount: decimal(1) }, product: { 'a b': 'x' }, plan: { x: 'y' } };

function errorsOf(calculation: string, productId: string | null = 'p1'): string[] {
  const derivedFields = [
    { code: 'fine', category: 'MEASURE' as const, calculation: 'bytes' },
    { code: 'd', category: 'MEASURE' as const, calculation },
  ];
  const errors = calculationErrors({ productId, dataFields, derivedFields }, defaults);
  return errors.map(({ field, message }) => `${field} ${message}`);
}

test.each([
  'bytes * 2',
  'measure.bytes + MEASURE.bytes',
  'who.ts',
  'ets - receivedAt + timestamp.ts',
  'account + account.code + account.id + meter.code + uid',
  'customFields.account.discount',
  'Product.customField["a b"]',
  'Lookup.findNumber("any", "thing", 1, "bytes", account)',
])('%s can be saved', (calculation) => {
  expect(errorsOf(calculation)).toEqual([]);
});

test.each([
  ['qty + 1', 'unknown name "qty" at character 1'],
  ['1 + fine', 'unknown name "fine" at character 5'],
  ['cost.bytes', 'unknown name "cost.bytes" at character 1'],
  [
    'customFields.account.gone',
    'custom field "gone" of account is not defined for the organization at character 1',
  ],
  ['customFields.plan.x', 'unknown name "customFields.plan.x" at character 1'],
  ['aggregation.calls', 'unknown name "aggregation.calls" at character 1'],
  ['DateTime.now()', 'DateTime.now() cannot be used here at character 1'],
  ['bytes +', 'unexpected end at character 8'],
])('%s cannot: %s', (calculation, message) => {
  expect(errorsOf(calculation)).toEqual([`derivedFields[1].calculation ${message}`]);
});

test('a global meter has no product to name', () => {
  expect(errorsOf('customFields.product["a b"]', null)).toEqual([
    'derivedFields[1].calculation unknown name "customFields.product.a b" at character 1',
  ]);
});
