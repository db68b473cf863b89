import { describe, expect, test } from 'vitest';
import { clickhouseName, clickhouseString, parameterText, settingLiteral } from './clickhouse-literals.ts';

test('strings and names cannot be left', () => {
  expect(clickhouseString("a'b\\")).toBe("'a\\'b\\\\'");
  expect(clickhouseName('a`b\\')).toBe('`a\\`b\\\\`');
});

test.each<[unknown, string]>([
  [1, '1'],
  [true, '1'],
  [false, '0'],
  ['UTC', "'UTC'"],
])('the setting %s is written as %s', (value, text) => {
  expect(settingLiteral(value)).toBe(text);
});

describe('a query parameter', () => {
  test.each<[string, unknown, string]>([
    ['null', null, '\\N'],
    ['true', true, '1'],
    ['a number', 1.5, '1.5'],
    ['a text', "it's\ta\\b\n", "it\\'s\\ta\\\\b\\n"],
    ['a list of texts', ['a', "b'"], "['a','b\\'']"],
    ['a list with nothing in it', [], '[]'],
    ['a list with null and truth', [null, true, 2n], '[NULL,TRUE,2]'],
    ['a map', { a: 'x', b: 'y' }, "{'a':'x','b':'y'}"],
  ])('%s is written as the server reads it', (_name, value, text) => {
    expect(parameterText(value)).toBe(text);
  });

  test('that has no text is refused', () => {
    expect(() => parameterText(() => 0)).toThrow('a function cannot be a query parameter');
  });
});
