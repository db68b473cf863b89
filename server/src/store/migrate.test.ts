import { expect, test } from 'vitest';
import { statements } from './migrate.ts';

test.each<[string, string, readonly string[]]>([
  ['one statement without an end', 'select 1', ['select 1']],
  [
    'two statements',
    'create table a (x Int8);\ncreate table b (x Int8);\n',
    ['create table a (x Int8)', 'create table b (x Int8)'],
  ],
  ['a semicolon inside of a line', "select ';x';\nselect 2;", ["select ';x'", 'select 2']],
  ['comment lines', '-- first;\nselect 1\n  -- inside;\n  , 2;\n', ['select 1\n\n  , 2']],
  ['Windows line ends', 'select 1;\r\nselect 2;\r\n', ['select 1', 'select 2']],
  ['nothing', '\n-- nothing\n', []],
])('%s', (_name, text, expected) => {
  expect(statements(text)).toEqual(expected);
});
