import { describe, expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { Temporal } from '../../kernel/time.ts';
import { evaluate } from './evaluate.ts';
import { parseExpression } from './parse.ts';
import { type Operand, textOf } from './values.ts';

const ts = Temporal.Instant.from('2024-03-05T10:00:00Z');
const names: ReadonlyMap<string, Operand> = new Map<string, Operand>([
  ['a', decimal(7)],
  ['b', null],
  ['s', 'eu'],
  ['digits', '12.5'],
  ['ts', ts],
  ['ets', Temporal.Instant.from('2024-03-05T10:30:00.250Z')],
  ['list', ['x', decimal(3), null]],
]);

/** The result as text: texts in quotes, failures as `! message` without their place. */
function result(text: string): string {
  const parsed = parseExpression(text);
  if (parsed.kind === 'error') return `? ${parsed.message}`;
  const value = (path: readonly string[]) => names.get(path.join('.'));
  const evaluation = evaluate(parsed.root, { value, lookups: null, dataField: null, now: null });
  if (evaluation.kind === 'error') return `! ${evaluation.message.replace(/ at character \d+$/, '')}`;
  if (evaluation.value === null) return 'null';
  return typeof evaluation.value === 'string' ? JSON.stringify(evaluation.value) : textOf(evaluation.value);
}

describe('arithmetic', () => {
  test.each([
    ['0.1 + 0.2', '0.3'],
    ['1 / 3', '0.3333333333333333333333333333333333'],
    ['2 / 3', '0.6666666666666666666666666666666667'],
    ['7 % 3', '1'],
    ['-7 % 3', '-1'],
    ['7 % -3', '1'],
    ['5.5 % 2', '1.5'],
    ['2 ^ 10', '1024'],
    ['2 ^ 0.5', '1.414213562373095048801688724209698'],
    ['4 ^ -1', '0.25'],
    ['(-2) ^ 3', '-8'],
    ['0 ^ 0', '1'],
    ['1e21 * 10', '10000000000000000000000'],
    ['1 / 0', '! division by zero'],
    ['1 % 0', '! division by zero'],
    ['0 / 0', '! division by zero'],
    ['0 ^ -1', '! division by zero'],
    ['(-8) ^ 0.5', '! a negative number has no power with a fraction'],
    ['10 ^ 6145', '! the number is too large'],
    ['10 ^ 1e15', '! the number is too large'],
    ['7 ^ 1e6000', '! the result is no finite number'],
    ['1e6000 * 1e6000', '! the number is too large'],
    ['1e-6000 * 1e-6000', '0'],
    ['-0', '0'],
    ['+"5"', '5'],
    ['-"5"', '-5'],
    ['-true', '-1'],
    ['-"x"', '! "x" is not a number'],
  ])('%s = %s', (text, expected) => {
    expect(result(text)).toBe(expected);
  });

  test.each([
    ['"a" + "b"', '"ab"'],
    ['"a" + 3', '"a3"'],
    ['3.50 + "a"', '"3.5a"'],
    ['"a" + true', '"atrue"'],
    ['"1" + 2', '"12"'],
    ['"at " + ts', '"at 2024-03-05T10:00:00.000Z"'],
    ['"6" * 2', '12'],
    ['digits - 2.5', '10'],
    ['"6" / "4"', '1.5'],
    ['"7" % 4', '3'],
    ['"2" ^ 3', '8'],
    ['"x" * 2', '! "x" is not a number'],
    ['"" - 1', '! "" is not a number'],
    ['" 1" - 1', '! " 1" is not a number'],
    ['"0x10" * 1', '! "0x10" is not a number'],
    ['"Infinity" * 1', '! "Infinity" is not a number'],
    ['true + true', '2'],
    ['true * 3', '3'],
    ['false - 1', '-1'],
  ])('on other kinds: %s = %s', (text, expected) => {
    expect(result(text)).toBe(expected);
  });

  test.each(['+', '-', '*', '/', '%', '^'])('null %s anything is null', (operator) => {
    expect(result(`b ${operator} 1`)).toBe('null');
    expect(result(`1 ${operator} b`)).toBe('null');
    expect(result(`"x" ${operator} b`)).toBe('null');
    expect(result(`b ${operator} b`)).toBe('null');
  });

  test.each(['-b', '+b', 'null / 0', 'ts - b', 'b + ts'])('%s is null', (text) => {
    expect(result(text)).toBe('null');
  });
});

describe('moments', () => {
  test.each([
    ['ets - ts', '1800250'],
    ['(ets - ts) / 1000', '1800.25'],
    ['ts - ets', '-1800250'],
    ['ts + 1500', '2024-03-05T10:00:01.500Z'],
    ['1500 + ts', '2024-03-05T10:00:01.500Z'],
    ['ts - 36e5', '2024-03-05T09:00:00.000Z'],
    ['ts + 0.0004 - ts', '0.0004'],
    ['ts + ts', '! 2024-03-05T10:00:00.000Z is not a number'],
    ['1 - ts', '! 2024-03-05T10:00:00.000Z is not a number'],
    ['ts * 2', '! 2024-03-05T10:00:00.000Z is not a number'],
    ['-ts', '! 2024-03-05T10:00:00.000Z is not a number'],
    ['ts + 1e30', '! the DateTime is out of range'],
    ['ts + 1e16', '! the DateTime is out of range'],
    ['ts < ets', 'true'],
    ['ts >= ets', 'false'],
    ['ts == "2024-03-05T11:00:00+01:00"', 'true'],
    ['"2024-03-05" < ts', 'true'],
    ['ts == ts + 1', 'false'],
    ['ts == "soon"', 'false'],
    ['ts == 5', 'false'],
    ['ts < "soon"', '! "soon" cannot be compared with a DateTime'],
    ['ts < 5', '! 5 cannot be compared with a DateTime'],
    ['ts ? 1 : 2', '! a DateTime is not a condition'],
  ])('%s = %s', (text, expected) => {
    expect(result(text)).toBe(expected);
  });
});

describe('comparisons', () => {
  test.each([
    ['null == null', 'true'],
    ['b == null', 'true'],
    ['null == 0', 'false'],
    ['null == ""', 'false'],
    ['null == false', 'false'],
    ['null != null', 'false'],
    ['null != 1', 'true'],
    ['1 == 1.0', 'true'],
    ['1 == "1.0"', 'true'],
    ['"01" == 1', 'true'],
    ['1 == "x"', 'false'],
    ['1 != "x"', 'true'],
    ['"1" == "1.0"', 'false'],
    ['"a" == "A"', 'false'],
    ['true == 1', 'true'],
    ['true == "TRUE"', 'true'],
    ['false == "0"', 'true'],
    ['true == "yes"', 'false'],
    ['true != false', 'true'],
    ['1 < 2', 'true'],
    ['2 <= 2', 'true'],
    ['2 > 10', 'false'],
    ['"2" > "10"', 'true'],
    ['"2" > 10', 'false'],
    ['"a" < "b"', 'true'],
    ['"B" < "a"', 'true'],
    ['"a" < "ab"', 'true'],
    ['"\uff5e" < "😀"', 'true'],
    ['"x" < 1', '! "x" is not a number'],
    ['true > 0', 'true'],
    ['null < 1', 'false'],
    ['null >= null', 'false'],
    ['1 <= null', 'false'],
    ['"a" > null', 'false'],
  ])('%s = %s', (text, expected) => {
    expect(result(text)).toBe(expected);
  });
});

describe('logic', () => {
  test.each([
    ['true AND true', 'true'],
    ['true AND false', 'false'],
    ['false OR true', 'true'],
    ['false OR false', 'false'],
    ['2 AND "True"', 'true'],
    ['0 OR "yes"', 'false'],
    ['null OR -1', 'true'],
    ['null AND true', 'false'],
    ['false AND 1 / 0', 'false'],
    ['true OR 1 / 0', 'true'],
    ['true AND 1 / 0', '! division by zero'],
    ['true OR 1 / 0 AND 1 / 0', 'true'],
    ['false AND 1/0 OR true', 'true'],
    ['1 ? "yes" : "no"', '"yes"'],
    ['null ? "yes" : "no"', '"no"'],
    ['"false" ? 1 : 2', '2'],
    ['true ? 1 : 1 / 0', '1'],
    ['false ? 1 / 0 : 2', '2'],
    ['true ? null : 1', 'null'],
  ])('%s = %s', (text, expected) => {
    expect(result(text)).toBe(expected);
  });
});

describe('membership', () => {
  test.each([
    ['IN(s, "us", "eu")', 'true'],
    ['IN(s, "us", "uk")', 'false'],
    ['s IN ("us", "eu")', 'true'],
    ['a in (1, 7.0)', 'true'],
    ['"7" IN (a)', 'true'],
    ['b IN (1, null)', 'true'],
    ['b IN (1, 2)', 'false'],
    ['1 IN (1, 1 / 0)', 'true'],
    ['"x" IN (list)', 'true'],
    ['IN(3, list)', 'true'],
    ['IN("y", list)', 'false'],
    ['list IN ("x")', '! a list can only be compared with null or searched by IN'],
    ['list == null', 'false'],
    ['list != null', 'true'],
    ['list == "x"', '! a list can only be compared with null or searched by IN'],
    ['list + 1', '! a list can only be compared with null or searched by IN'],
    ['list', '! a list can only be compared with null or searched by IN'],
    ['Math.max(list, 1)', '! a list can only be compared with null or searched by IN'],
  ])('%s = %s', (text, expected) => {
    expect(result(text)).toBe(expected);
  });
});

test.each([
  ['1 + nowhere', '"nowhere" is unknown here at character 5'],
  ['1 + 2 / 0', 'division by zero at character 7'],
  ['Math.abs("x")', '"x" is not a number at character 1'],
  ['1 - (2 * Math.abs("x"))', '"x" is not a number at character 10'],
  ['a.b.c', '"a.b.c" is unknown here at character 1'],
])('the error of %s tells the place', (text, message) => {
  const parsed = parseExpression(text);
  if (parsed.kind === 'error') throw new Error(parsed.message);
  const environment = { value: () => undefined, lookups: null, dataField: null, now: null };
  expect(evaluate(parsed.root, environment)).toEqual({ kind: 'error', message });
});
