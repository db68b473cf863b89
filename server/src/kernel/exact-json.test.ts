import { expect, test } from 'vitest';
import { decimal, isDecimal } from './decimal.ts';
import { readExact, writeExact } from './exact-json.ts';
import { Temporal } from './time.ts';

test.each([
  ['a decimal of many digits', decimal('1234567890.1234567890123456789')],
  ['an instant with microseconds', Temporal.Instant.from('2024-05-01T00:00:00.000001Z')],
  ['a date', Temporal.PlainDate.from('2024-02-29')],
  ['a text like a tagged one', '~d5'],
  ['a text that is only the tag', '~'],
  ['a plain text', 'äb"c'],
  ['a number', 12.5],
  ['nothing', null],
  ['a map', new Map([['a', { b: [true, decimal(1)] }]])],
  ['a list', [decimal(0), 'x', null]],
])('%s is read as it was written', (_, value) => {
  const text = writeExact({ value });
  const read = readExact(text) as { readonly value: unknown };
  expect(writeExact(read)).toBe(text);
  expect(read.value).toEqual(value);
});

test('a number stays a number and a decimal a decimal', () => {
  const read = readExact(writeExact([1, decimal(1)])) as readonly unknown[];
  expect(read.map(isDecimal)).toEqual([false, true]);
});

test('equal records have the same text in any order of their properties', () => {
  expect(writeExact({ b: 1, a: undefined, c: { y: 1, x: 2 } })).toBe(writeExact({ c: { x: 2, y: 1 }, b: 1 }));
});

test('records whose last names are equal are each written in their own order', () => {
  const [one, other] = [
    { b: 1, a: 2, z: 3 },
    { a: 1, c: 2, z: 3 },
  ];
  expect([one, other, one].map(writeExact)).toEqual([
    '{"a":2,"b":1,"z":3}',
    '{"a":1,"c":2,"z":3}',
    '{"a":2,"b":1,"z":3}',
  ]);
});
