import { expect, test } from 'vitest';
import { type DataField, type DerivedField, meterFieldErrors } from './meter-field.ts';

const bytes: DataField = { category: 'MEASURE', code: 'bytes', name: 'Bytes', unit: 'By' };
const user: DataField = { category: 'WHO', code: 'user', name: 'User', unit: null };
const kilobytes: DerivedField = { ...bytes, code: 'kilobytes', calculation: 'bytes / 1000' };

test('fields with codes of their own and units where they count are in order', () => {
  expect(meterFieldErrors({ dataFields: [bytes, user], derivedFields: [kilobytes] })).toEqual([]);
});

test.each([
  ['two data fields', { dataFields: [bytes, bytes], derivedFields: [] }, 'dataFields[1].code'],
  [
    'a data and a derived field',
    { dataFields: [bytes], derivedFields: [{ ...kilobytes, code: 'bytes' }] },
    'derivedFields[0].code',
  ],
])('%s with one code are named', (_, fields, path) => {
  expect(meterFieldErrors(fields)).toEqual([{ field: path, message: 'is the code of another field' }]);
});

test('codes that differ in case are two codes', () => {
  const fields = { dataFields: [bytes, { ...bytes, code: 'Bytes' }], derivedFields: [] };
  expect(meterFieldErrors(fields)).toEqual([]);
});

test.each(['MEASURE', 'INCOME', 'COST'] as const)('a field of category %s needs a unit', (category) => {
  const fields = { dataFields: [user], derivedFields: [{ ...kilobytes, category, unit: null }] };
  expect(meterFieldErrors(fields).map(({ field }) => field)).toEqual(['derivedFields[0].unit']);
});
