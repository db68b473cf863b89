import { stringify } from 'lossless-json';
import { expect, test } from 'vitest';
import { decimal } from './decimal.ts';
import {
  parseJson,
  writeJson,
  writeJsonWith,
  writeJsonWithNulls,
  writeJsonWithout,
  writtenJson,
} from './json.ts';
import { Temporal } from './time.ts';

test.each([
  [
    'a decimal in all its digits',
    decimal('12345678901234567890.12345678900'),
    '12345678901234567890.123456789',
  ],
  ['a decimal that JavaScript would write with an exponent', decimal('1e-9'), '0.000000001'],
  ['zero without its sign', decimal('-0'), '0'],
  ['an instant', Temporal.Instant.from('2024-05-31T10:00:00.5Z'), '"2024-05-31T10:00:00.5Z"'],
  ['a date', Temporal.PlainDate.from('2024-05-31'), '"2024-05-31"'],
  ['text with what must be escaped', 'a"\\\n\u0001é', '"a\\"\\\\\\n\\u0001é"'],
  ['a name with what must be escaped', { 'a"b': 1 }, '{"a\\"b":1}'],
  ['null within a list', [null, undefined, 1], '[null,null,1]'],
  ['properties without a value', { a: null, b: undefined, c: { d: null } }, '{"c":{}}'],
  ['a record that says what it is as JSON', { a: { toJSON: () => null, b: 1 } }, '{"a":null}'],
  ['a record with a field of the name of its maker', { constructor: { a: 1 } }, '{"constructor":{"a":1}}'],
  ['nothing', undefined, 'null'],
  ['what is JSON text already', [writtenJson('{"a":1.50}')], '[{"a":1.50}]'],
])('%s is written as JSON', (_, value, text) => {
  expect(writeJson(value)).toBe(text);
});

test.each([
  '2024-05-01T00:00:00Z',
  '2024-05-01T10:20:30.1Z',
  '2024-05-01T10:20:30.012Z',
  '2024-05-01T10:20:30.123456Z',
  '1969-12-31T23:59:59.5Z',
  '9999-12-31T23:59:59.999Z',
])('the instant %s is written as it reads', (text) => {
  expect(writeJson(Temporal.Instant.from(text))).toBe(`"${text}"`);
});

test('null is kept where it is asked for', () => {
  expect(writeJsonWithNulls({ a: null, b: undefined, c: [null] })).toBe('{"a":null,"c":[null]}');
});

test('JSON in bytes is taken as it is', () => {
  expect(writeJson(Buffer.from('{"a":"é","b":0.10}'))).toBe('{"a":"é","b":0.10}');
});

test('only the record itself is written without what is hidden', () => {
  expect(writeJsonWithout(new Set(['a', 'c']), { a: 1, b: { a: 2 }, c: 3, d: null })).toBe('{"b":{"a":2}}');
});

test('properties take the place of those of the record, or stand behind them', () => {
  const changed = { a: 5, c: 'new', d: null, e: undefined };
  expect(writeJsonWith(changed, { d: 1, a: 1, b: { a: 2 } })).toBe('{"a":5,"b":{"a":2},"c":"new"}');
});

test('what has been read is written the same', () => {
  const text = '{"a":[1,2.5,{"b":"x"},true,false,null],"c":12345678901234567890123,"d":{}}';
  expect(writeJsonWithNulls(parseJson(text))).toBe(text);
});

test.each(['1e401', '-1e999999999', '1e-401', '1e-999999999999', `0.${'1'.repeat(1000)}`, '1'.repeat(1001)])(
  'a number out of range is refused, since it could fill the memory (%#)',
  (text) => expect(() => parseJson(`{"a":${text}}`)).toThrow('number out of range'),
);

test.each(['1e400', '1e-400', `0.${'1'.repeat(998)}`, '0e999', '-0.0'])(
  'a number in range is read (%#)',
  (text) => {
    expect(parseJson(text)).toEqual(decimal(text));
  },
);

test('plain values are written as the library for exact numbers does', () => {
  const value = { a: [1, 'ü', { b: [[], {}] }], c: -0.5, d: false, e: '\ud800' };
  expect(writeJson(value)).toBe(stringify(value));
});
