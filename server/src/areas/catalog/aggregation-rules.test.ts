import { expect, test } from 'vitest';
import type { Category, DataField } from '../../engine/metering/fields.ts';
import { METHODS, meterError, type Reading, readingError } from './aggregation-rules.ts';

const sum: Reading = {
  targetField: 'qty',
  aggregation: 'SUM',
  segmentedFields: null,
  segments: null,
  customSql: null,
};

function field(code: string, category: Category): DataField {
  return { category, code };
}

const fields = [
  field('qty', 'MEASURE'),
  field('region', 'WHERE'),
  field('shade', 'OTHER'),
  field('trace', 'METADATA'),
];

test.each([
  ['a plain sum', sum],
  ['empty lists of segments', { ...sum, segmentedFields: [], segments: [] }],
] as [string, Reading][])('%s is in order by itself', (_, reading) => {
  expect(readingError(reading)).toBeNull();
});

test.each([
  ['CUSTOM_SQL without a query', { ...sum, aggregation: 'CUSTOM_SQL' }, 'customSql'],
  ['a query with another method', { ...sum, customSql: 'select 1 from measurements' }, 'customSql'],
  ['segments without fields', { ...sum, segments: [{ region: 'eu' }] }, 'segmentedFields'],
] as [string, Reading, string][])('%s is refused', (_, reading, path) => {
  expect(readingError(reading)?.field).toBe(path);
});

test.each(METHODS)('%s works on exactly the categories of spec 20 §4.2', (aggregation) => {
  const works = (targetField: string) => meterError({ ...sum, aggregation, targetField }, fields) === null;
  expect({ number: works('qty'), text: works('region'), metadata: works('trace') }).toEqual({
    number: aggregation !== 'UNIQUE',
    text: aggregation === 'UNIQUE' || aggregation === 'CUSTOM_SQL',
    metadata: aggregation === 'UNIQUE' || aggregation === 'CUSTOM_SQL',
  });
});

test.each(['COST', 'INCOME'] as const)('SUM works on a field of category %s', (category) => {
  expect(meterError({ ...sum, targetField: 'x' }, [field('x', category)])).toBeNull();
});

test('a target that the meter lacks is refused', () => {
  expect(meterError({ ...sum, targetField: 'nowhere' }, fields)?.field).toBe('targetField');
});

test.each([
  ['region', true],
  ['shade', true],
  ['trace', false],
  ['qty', false],
  ['nowhere', false],
])('segments over %s are in order: %s', (code, allowed) => {
  const reading = { ...sum, segmentedFields: [code], segments: [{ [code]: 'a' }] };
  expect(meterError(reading, fields)?.field).toBe(allowed ? undefined : 'segmentedFields');
});
