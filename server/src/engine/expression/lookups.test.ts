import { describe, expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { type Environment, evaluate } from './evaluate.ts';
import { type LookupTables, lookupReader, lookupRowKey } from './lookups.ts';
import { parseExpression } from './parse.ts';
import { type Operand, textOf } from './values.ts';

const names: ReadonlyMap<string, Operand> = new Map<string, Operand>([
  ['b', null],
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
