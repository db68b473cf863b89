import { describe, expect, test } from 'vitest';
import { checkExpression } from './check.ts';
import { parseExpression } from './parse.ts';
import type { Expression } from './syntax.ts';
import { lookupKeyLiteralsOf, lookupTablesOf, pathsOf } from './walk.ts';

const scope = {
  refusal: (path: readonly string[]) =>
    path.join('.') === 'qty' ? null : `unknown name "${path.join('.')}"`,
  allowsLookups: true,
  allowsNow: false,
};

function parsed(text: string): Expression {
  const result = parseExpression(text);
  if (result.kind === 'error') throw new Error(result.message);
  return result.root;
}

test.each([
  'qty * 2',
  'Math.max(qty, 1, 2, 3)',
  'Math.PI + DateTime.TS_FMT',
  'isnull(qty, null)',
  'qty IN (1)',
  'Lookup.findNumber("fx", "rate", 1, "cur", qty)',
  'Lookup.exists("fx", "cur")',
  'int(qty)',
])('%s is right', (text) => {
  expect(checkExpression(parsed(text), scope)).toBeNull();
});

test.each([
  ['qty + nowhere', 6, 'unknown name "nowhere"'],
  ['one + two', 0, 'unknown name "one"'],
  ['qty.x', 0, 'unknown name "qty.x"'],
  ['Math.E', 0, 'unknown name "Math.E"'],
  ['Math.cube(qty)', 0, 'unknown function "Math.cube"'],
  ['math.max(qty, 1)', 0, 'unknown function "math.max"'],
  ['1 + qty(2)', 4, 'unknown function "qty"'],
  ['Math.max(qty)', 0, 'Math.max takes 2 or more arguments, not 1'],
  ['Math.abs(qty, 1)', 0, 'Math.abs takes 1 argument, not 2'],
  ['Math.round()', 0, 'Math.round takes 1 to 2 arguments, not 0'],
  ['isnull(qty)', 0, 'isnull takes 2 arguments, not 1'],
  ['IN(qty)', 0, 'IN takes 2 or more arguments, not 1'],
  ['qty IN ()', 4, 'IN needs at least one value'],
  ['Lookup.exists("fx")', 0, 'Lookup.exists takes 2 or more arguments, not 1'],
  ['Lookup.exists(qty, 1)', 0, 'Lookup.exists needs its table and field as texts in quotes'],
  ['Lookup.findString("t", qty, 1, 2)', 0, 'Lookup.findString needs its table and field as texts in quotes'],
  ['qty - DateTime.now()', 6, 'DateTime.now() cannot be used here'],
  ['true ? 1 : nowhere', 11, 'unknown name "nowhere"'],
])('%s is wrong at %d', (text, position, what) => {
  const message = `${what} at character ${position + 1}`;
  expect(checkExpression(parsed(text), scope)).toEqual({ kind: 'error', message, position });
});

describe('a scope', () => {
  test('may allow the present moment and refuse lookups', () => {
    const other = { ...scope, allowsLookups: false, allowsNow: true };
    expect(checkExpression(parsed('DateTime.now()'), other)).toBeNull();
    expect(checkExpression(parsed('Lookup.exists("fx", 1)'), other)?.message).toBe(
      'Lookup.exists cannot be used here at character 1',
    );
  });
});

describe('what a calculation names', () => {
  const root = parsed(
    'a.b + (c ? -d : (int) Lookup.exists("t", "k", e)) + f(Lookup.findString("u", "x", 1, "z"), a.b)/Math.PI',
  );

  test('its names in the order of the text, without constants', () => {
    expect(pathsOf(root).map((path) => path.join('.'))).toEqual(['a.b', 'c', 'd', 'e', 'a.b']);
  });

  test('its lookup tables and the texts among their keys', () => {
    expect(lookupTablesOf(root)).toEqual(['t', 'u']);
    expect(lookupKeyLiteralsOf(root)).toEqual(['k', 'z']);
  });
});
