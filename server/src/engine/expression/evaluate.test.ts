import { describe, expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { Temporal } from '../../kernel/time.ts';
import { type Environment, evaluate } from './evaluate.ts';
import { type LookupTables, lookupReader, lookupRowKey } from './lookups.ts';
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
  ['cur', 'GBP'],
]);

/** The result as text: texts in quotes, failures as `! message` without their place. */
function result(text: string, change: Partial<Environment> = {}): string {
  const parsed = parseExpression(text);
  if (parsed.kind === 'error') return `? ${parsed.message}`;
  const value = (path: readonly string[]) => names.get(path.join('.'));
  const evaluation = evaluate(parsed.root, { value, lookups: null, dataField: null, now: null, ...change });
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

describe('functions', () => {
  test.each([
    ['Math.PI', '3.141592653589793238462643383279503'],
    ['DateTime.TS_FMT', '"yyyy-MM-dd\'T\'HH:mm:ss.SSSX"'],
    ['Math.max(1, "3", 2)', '3'],
    ['Math.min(1, 3, -2)', '-2'],
    ['Math.max(b, 2)', '2'],
    ['Math.max(b, null)', 'null'],
    ['Math.max(0, "x")', '! "x" is not a number'],
    ['Math.floor(987.654, 1)', '987.6'],
    ['Math.floor(-1.2)', '-2'],
    ['Math.ceil(1201, -2)', '1300'],
    ['Math.ceil(-1.2)', '-1'],
    ['Math.round(1250, -2)', '1300'],
    ['Math.round(2.5)', '3'],
    ['Math.round(-2.5)', '-3'],
    ['Math.round(2.45, 1)', '2.5'],
    ['Math.round("2.44", 1)', '2.4'],
    ['Math.round(-0.4)', '0'],
    ['Math.round(49, -2)', '0'],
    ['Math.round(b)', 'null'],
    ['Math.round(1, b)', 'null'],
    ['Math.round(1, 0.5)', '! the scale 0.5 is no integer'],
    ['Math.round(1, 10001)', '! the scale 10001 is out of range'],
    ['Math.ceil(5, -7000)', '! the number is too large'],
    ['Math.pow(2, 10)', '1024'],
    ['Math.pow(b, 2)', 'null'],
    ['Math.abs(-3.5)', '3.5'],
    ['Math.abs(b)', 'null'],
    ['isnull(a, 1)', '7'],
    ['isnull(b, 1)', '1'],
    ['IsNull(b, null)', 'null'],
    ['isnull(a, 1 / 0)', '7'],
    ['isnull(false, 1)', 'false'],
  ])('%s = %s', (text, expected) => {
    expect(result(text)).toBe(expected);
  });

  test.each([
    ['string(3.50)', '"3.5"'],
    ['string(ts)', '"2024-03-05T10:00:00.000Z"'],
    ['string(true)', '"true"'],
    ['(string) 5 + 1', '"51"'],
    ['number("1.50")', '1.5'],
    ['double(true)', '1'],
    ['number(ts)', '1709632800000'],
    ['number("x")', '! "x" is not a number'],
    ['int(2.9)', '2'],
    ['int(-2.9)', '-2'],
    ['(int) -2.7', '-2'],
    ['(int) 2.7 + 0.5', '2.5'],
    ['integer("7.9")', '7'],
    ['long(b)', 'null'],
    ['(boolean) 2', 'true'],
    ['boolean("FALSE")', 'false'],
    ['boolean(0)', 'false'],
    ['boolean("x")', '! "x" is neither true nor false'],
    ['boolean(ts)', '! 2024-03-05T10:00:00.000Z is not a number'],
    ['string(b)', 'null'],
    ['(double) b', 'null'],
  ])('cast: %s = %s', (text, expected) => {
    expect(result(text)).toBe(expected);
  });

  test.each([
    ['String.length("añ😀")', '3'],
    ['String.length(12.50)', '4'],
    ['String.upper("straße")', '"STRASSE"'],
    ['String.lower("ÄB")', '"äb"'],
    ['String.trim("  a b ")', '"a b"'],
    ['String.substring("abcdef", 2)', '"cdef"'],
    ['String.substring("abcdef", 2, 4)', '"cd"'],
    ['String.substring("a😀b", 1, 2)', '"😀"'],
    ['String.substring("abc", 1, 99)', '"bc"'],
    ['String.substring("abc", 2, 1)', '""'],
    ['String.substring("abc", -1, 1)', '"a"'],
    ['String.substring("abc", 0.5)', '! the place 0.5 is no integer'],
    ['String.substring(b, 0)', 'null'],
    ['String.contains("abc", "b")', 'true'],
    ['String.startsWith("abc", "b")', 'false'],
    ['String.endsWith("abc", "c")', 'true'],
    ['String.endsWith(b, "c")', 'null'],
    ['String.replace("a.b.c", ".", "-")', '"a-b-c"'],
    ['String.replace("aaa", "a", "$&")', '"$&$&$&"'],
    ['String.replace("abc", "", "-")', '"abc"'],
    ['String.concat("a", b, 1, true)', '"a1true"'],
  ])('text: %s = %s', (text, expected) => {
    expect(result(text)).toBe(expected);
  });

  test('a text does not grow without end', () => {
    const grown = (inner: string) => `String.replace(${inner}, "a", "${'a'.repeat(300)}")`;
    expect(result(grown(grown(grown('"a"'))))).toBe('! the text is too long');
    expect(result(`String.length(${grown(grown('"a"'))})`)).toBe('90000');
  });

  test.each([
    ['DateTime.parse("2024-03-05T10:00:00.000Z")', '2024-03-05T10:00:00.000Z'],
    ['DateTime.parse("2024-03-05T10:00:00+02:00")', '2024-03-05T08:00:00.000Z'],
    ['DateTime.parse("2024-03-05")', '2024-03-05T00:00:00.000Z'],
    ['DateTime.parse("05.03.2024 7:08", "dd.MM.yyyy H:mm")', '2024-03-05T07:08:00.000Z'],
    ['DateTime.parse("20240305+0130", "yyyyMMddXX")', '2024-03-04T22:30:00.000Z'],
    ['DateTime.parse("5 Mar 24 12:05 AM", "d MMM yy h:mm a")', '2024-03-05T00:05:00.000Z'],
    ['DateTime.parse("2024-03-05T10:00:00.123Z", DateTime.TS_FMT)', '2024-03-05T10:00:00.123Z'],
    ['DateTime.parse(ts)', '2024-03-05T10:00:00.000Z'],
    ['DateTime.parse("soon")', '! "soon" is not a DateTime'],
    ['DateTime.parse("2024", "MM")', '! "2024" does not follow the format MM'],
    ['DateTime.parse("30.02.2024", "dd.MM.yyyy")', '! "30.02.2024" does not follow the format dd.MM.yyyy'],
    ['DateTime.parse("x", "q")', '! the date format letter "q" is unknown'],
    ['DateTime.parse("x", "\'x")', '! the date format has an open quote'],
    ['DateTime.parse(b)', 'null'],
    ['DateTime.format(ts, "yyyy/M/d HH:mm:ss.SSS")', '"2024/3/5 10:00:00.000"'],
    ['DateTime.format(ts, "EEE, d MMMM yy h a")', '"Tue, 5 March 24 10 AM"'],
    ['DateTime.format(ts, "HH:mm XXX", "Europe/Berlin")', '"11:00 +01:00"'],
    ['DateTime.format(ts, "HH X", "UTC+1")', '"11 +01"'],
    ["DateTime.format(ts, \"HH 'o''clock' ''\")", '"10 o\'clock \'"'],
    ['DateTime.format(ts, DateTime.TS_FMT)', '"2024-03-05T10:00:00.000Z"'],
    ['DateTime.format(ts, "HH", "Nowhere/Land")', '! "Nowhere/Land" is not a time zone'],
    ['DateTime.format(5, "HH")', '! 5 is not a DateTime'],
    ['DateTime.epochMillis(ts)', '1709632800000'],
    ['DateTime.epochSeconds(ets)', '1709634600'],
    ['DateTime.year(ts)', '2024'],
    ['DateTime.month(ts)', '3'],
    ['DateTime.day(ts)', '5'],
    ['DateTime.hour(ts)', '10'],
    ['DateTime.hour(ts, "America/New_York")', '5'],
    ['DateTime.minute(ets)', '30'],
    ['DateTime.second(ts + 7000)', '7'],
    ['DateTime.dayOfWeek(ts)', '2'],
    ['DateTime.day("2024-03-05T23:30:00Z", "Europe/Berlin")', '6'],
    ['DateTime.year(b)', 'null'],
    ['DateTime.now()', '! DateTime.now() is not available here'],
  ])('time: %s = %s', (text, expected) => {
    expect(result(text)).toBe(expected);
  });

  test('the present moment comes from the environment', () => {
    expect(result('DateTime.now() - ts', { now: ts })).toBe('0');
  });

  test('a pattern of many fields is matched without trying alternatives', () => {
    const pattern = "d'1'M'1'".repeat(12);
    expect(result(`DateTime.parse("${'1'.repeat(90)}x", "${pattern}")`)).toMatch(/^! "1+/);
  });
});

describe('lookups', () => {
  const fields = [
    { name: 'cur', type: 'STRING' as const },
    { name: 'size', type: 'NUMBER' as const },
    { name: 'rate', type: 'NUMBER' as const },
    { name: 'label', type: 'STRING' as const },
  ];
  const rate = (key: (string | ReturnType<typeof decimal>)[], value: string) =>
    [lookupRowKey(key), { rate: decimal(value), label: `rate ${value}` }] as const;
  const tables: LookupTables = new Map([
    [
      'fx',
      {
        fields,
        keys: ['cur'],
        rows: new Map([rate(['EUR'], '1.1'), rate(['GBP'], '1.3'), ['["USD"]', null]]),
      },
    ],
    [
      'two',
      {
        fields,
        keys: ['cur', 'size'],
        rows: new Map([rate(['EUR', decimal(1)], '5'), ['["EUR","2"]', null]]),
      },
    ],
    ['draft', null],
  ]);
  const dataField = (code: string) => (code === 'cur' ? names.get('cur') : undefined);
  const lookedUp = (text: string) => result(text, { lookups: lookupReader(tables), dataField });

  test.each([
    ['Lookup.findNumber("fx", "rate", 1, cur)', '1.3'],
    ['Lookup.findNumber("fx", "rate", 1, "cur")', '1.3'],
    ['Lookup.findNumber("fx", "rate", 1, "EUR")', '1.1'],
    ['Lookup.findNumber("fx", "rate", 1, "USD")', '1'],
    ['Lookup.findNumber("fx", "rate", null, "USD")', 'null'],
    ['Lookup.findNumber("fx", "rate", "x", "USD")', '! "x" is not a number'],
    ['Lookup.findString("fx", "label", "none", "EUR")', '"rate 1.1"'],
    ['Lookup.findString("fx", "label", 5, "USD")', '"5"'],
    ['Lookup.exists("fx", "EUR")', 'true'],
    ['Lookup.exists("fx", "USD")', 'false'],
    ['Lookup.exists("fx", b)', 'false'],
    ['Lookup.findNumber("two", "rate", 0, "EUR", 1.0)', '5'],
    ['Lookup.findNumber("two", "rate", 0, "EUR", "1.00")', '5'],
    ['Lookup.findNumber("two", "rate", 0, "EUR", true)', '5'],
    ['Lookup.findNumber("two", "rate", 0, "EUR", "big")', '0'],
    ['Lookup.findNumber("two", "rate", 0, "EUR", 2)', '0'],
    ['Lookup.findNumber("draft", "whatever", 9, "EUR")', '9'],
    ['Lookup.exists("draft", "EUR", 2)', 'false'],
    ['Lookup.findNumber("none", "rate", 1, "EUR")', '! there is no lookup table "none"'],
    ['Lookup.exists("none", "EUR")', '! there is no lookup table "none"'],
    ['Lookup.findNumber("fx", "size2", 1, "EUR")', '! lookup table "fx" has no field "size2"'],
    ['Lookup.findNumber("fx", "label", 1, "EUR")', '! field "label" of lookup table "fx" is not a NUMBER'],
    ['Lookup.findString("fx", "rate", 1, "EUR")', '! field "rate" of lookup table "fx" is not a STRING'],
    ['Lookup.findNumber("fx", "rate", 1, "EUR", 1)', '! lookup table "fx" has 1 keys, not 2'],
    ['Lookup.exists("two", "EUR")', '! lookup table "two" has 2 keys, not 1'],
  ])('%s = %s', (text, expected) => {
    expect(lookedUp(text)).toBe(expected);
  });

  test('rows that have not been read are asked for, each once', () => {
    const lookups = lookupReader(tables);
    result('Lookup.exists("fx", "JPY") OR Lookup.exists("fx", "JPY") OR Lookup.exists("two", "X", 2.50)', {
      lookups,
    });
    expect([...lookups.needs.values()]).toEqual([
      { table: 'fx', key: ['JPY'] },
      { table: 'two', key: ['X', decimal('2.5')] },
    ]);
  });

  test('are refused where there are none', () => {
    expect(result('Lookup.exists("fx", 1)')).toBe('! there is no function Lookup.exists here');
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
