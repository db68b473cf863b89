import { describe, expect, test } from 'vitest';
import { evaluate } from './evaluate.ts';
import { parseExpression } from './parse.ts';
import { printExpression } from './print.ts';
import type { Expression } from './syntax.ts';

function parsed(text: string): Expression {
  const result = parseExpression(text);
  if (result.kind === 'error') throw new Error(`${text}: ${result.message}`);
  return result.root;
}

describe('precedence, shown by the parentheses that may go', () => {
  test.each([
    ['a + b * c', 'a + (b * c)'],
    ['a + b + c / 60', '(a + b) + (c / 60)'],
    ['a - b - c', '(a - b) - c'],
    ['a * b / c % d', '((a * b) / c) % d'],
    ['a < b == c > d', '(a < b) == (c > d)'],
    ['a < b < c', '(a < b) < c'],
    ['a + 1 IN (b, c)', '(a + 1) IN (b, c)'],
    ['a IN (b) == true', '(a IN (b)) == true'],
    ['a == b AND c != d', '(a == b) AND (c != d)'],
    ['a OR b AND c', 'a OR (b AND c)'],
    ['a AND b OR c AND d', '(a AND b) OR (c AND d)'],
    ['a OR b ? c : d', '(a OR b) ? c : d'],
    ['a ? b : c ? d : e', 'a ? b : (c ? d : e)'],
    ['a ? b ? c : d : e', 'a ? (b ? c : d) : e'],
    ['-a * b', '(-a) * b'],
    ['-a ^ b', '-(a ^ b)'],
    ['a ^ -b', 'a ^ (-b)'],
    ['a ^ b ^ c', 'a ^ (b ^ c)'],
    ['a ^ -b ^ c', 'a ^ (-(b ^ c))'],
    ['(int) a ^ 2 * 3', '((int) (a ^ 2)) * 3'],
    ['(int) -a', '(int) (-a)'],
    ['- (int) a', '-((int) a)'],
    ['(string) (double) a', '(string) ((double) a)'],
  ])('%s is %s', (bare, grouped) => {
    expect(printExpression(parsed(grouped))).toBe(printExpression(parsed(bare)));
  });

  test.each([
    ['2^3^2', '512'],
    ['-2^2', '-4'],
    ['2^-1', '0.5'],
    ['(-2)^2', '4'],
    ['1 + 2 * 3', '7'],
    ['(1 + 2) * 3', '9'],
    ['7 - 2 - 1', '4'],
    ['60 + 60 + 60 / 60', '121'],
  ])('%s gives %s', (text, value) => {
    const nothing = { value: () => undefined, lookups: null, dataField: null, now: null };
    expect(evaluate(parsed(text), nothing)).toEqual({ kind: 'value', value: expect.anything() });
    const result = evaluate(parsed(text), nothing);
    expect(result.kind === 'value' && String(result.value)).toBe(value);
  });
});

describe('the parentheses that must stay', () => {
  test.each([
    '(a + b) * c',
    'a - (b - c)',
    '(a ? b : c) ? d : e',
    '(a ? b : c) + d',
    '(-a) ^ b',
    '(a ^ b) ^ c',
    '(a OR b) AND c',
    '(a == b) < c',
    '-(a + b)',
    '(int) (a + b)',
    'a IN (b ? c : d, e OR f)',
    '((int) a) ^ 2',
  ])('%s keeps them', (text) => {
    expect(printExpression(parsed(text))).toBe(text);
  });
});

describe('words', () => {
  test.each([
    ['1e-3', '0.001'],
    ['.5', '0.5'],
    ['1.50', '1.5'],
    ['12', '12'],
    ['  a\n\t+\r\n b ', 'a + b'],
    ["'it''s'".replace("''", "\\'"), '"it\'s"'],
    ['"a\\n\\t\\"\\\\\\u00e9"', '"a\\n\\t\\"\\\\é"'],
    ['"\\ud83d\\ude00"', '"😀"'],
    ['NULL == null', 'null == null'],
    ['TRUE and FALSE or true', 'true AND false OR true'],
    ['a in (1)', 'a IN (1)'],
    ['In(a, 1)', 'IN(a, 1)'],
    ['ISNULL(a, 1)', 'isnull(a, 1)'],
    ['customFields.account["two words"]', 'customFields.account["two words"]'],
    ['customFields["account"]["x"]', 'customFields.account.x'],
    ['a.in.null', 'a.in.null'],
    ['größe + $x_1', 'größe + $x_1'],
    ['(int)', 'int'],
    ['(int) * 2', 'int * 2'],
    ['(int) AND a', 'int AND a'],
    ['(int) == 2', 'int == 2'],
    ['int + int(a)', 'int + int(a)'],
    ['(int) 2', '(int) 2'],
    ['(long) "2"', '(long) "2"'],
    ['(And)', 'And'],
  ])('%j is read as %s', (text, printed) => {
    expect(printExpression(parsed(text))).toBe(printed);
  });
});

describe('a text that is no calculation', () => {
  test.each([
    ['', 0, 'unexpected end'],
    ['   ', 3, 'unexpected end'],
    ['1 +', 3, 'unexpected end'],
    ['qty * * 2', 6, 'unexpected "*"'],
    ['(1 + 2', 6, 'expected ")" instead of end'],
    ['1 + 2)', 5, 'unexpected ")"'],
    ['a b', 2, 'unexpected "b"'],
    ['12abc', 2, 'unexpected "abc"'],
    ['1.', 1, 'unexpected "."'],
    ['a ? b', 5, 'expected ":" instead of end'],
    ['a = b', 2, 'unexpected "="'],
    ['a && b', 2, 'unexpected "&"'],
    ['a + "open', 4, 'the text is not closed'],
    ['"\\q"', 1, 'unknown escape "\\\\q"'],
    ['"\\u12g4"', 1, 'unknown escape "\\\\u"'],
    ['"\\u0000"', 0, 'the text holds a character that cannot be stored'],
    ['"\\ud800"', 0, 'the text holds a character that cannot be stored'],
    ['f(1, )', 5, 'unexpected ")"'],
    ['f(1 2)', 4, 'expected ")" instead of "2"'],
    ['a..b', 2, 'unexpected "."'],
    ['a[b]', 2, 'unexpected "b"'],
    ['a["b"', 5, 'expected "]" instead of end'],
    ['a AND', 5, 'unexpected end'],
    ['AND a', 0, 'unexpected "AND"'],
    ['in', 0, 'unexpected "in"'],
    ['a IN b', 5, 'expected "(" instead of "b"'],
    ['1e7000', 0, 'the number 1e7000 is out of range'],
    ['1e-7000', 0, 'the number 1e-7000 is out of range'],
    ['a # b', 2, 'unexpected "#"'],
    ['a + 😀', 4, 'unexpected "😀"'],
    ['// no', 0, 'unexpected "/"'],
  ])('%j fails at %d', (text, position, what) => {
    const message = `${what} at character ${position + 1}`;
    expect(parseExpression(text)).toEqual({ kind: 'error', message, position });
  });

  test('of more than 5000 characters is refused', () => {
    expect(parseExpression('1'.padStart(5000)).kind).toBe('expression');
    expect(parseExpression('1'.padStart(5001))).toMatchObject({ kind: 'error', position: 5000 });
  });

  test.each([
    ['parentheses', '('.repeat(2499) + 1 + ')'.repeat(2499)],
    ['open parentheses', '('.repeat(5000)],
    ['signs', '-'.repeat(4999) + 1],
    ['casts', `${'(int)'.repeat(999)}1`],
    ['powers', `1${'^1'.repeat(2499)}`],
    ['conditions', '1?'.repeat(2000)],
    ['calls', 'f('.repeat(2000)],
  ])('of endless %s is refused and not run into the ground', (_, text) => {
    const result = parseExpression(text);
    expect(result.kind === 'error' && result.message).toMatch(/nested too deeply/);
  });

  test('of 2500 added numbers is fine', () => {
    const root = parsed(`1${'+1'.repeat(2499)}`);
    const nothing = { value: () => undefined, lookups: null, dataField: null, now: null };
    const result = evaluate(root, nothing);
    expect(result.kind === 'value' && String(result.value)).toBe('2500');
    expect(printExpression(root)).toBe(`1${' + 1'.repeat(2499)}`);
  });

  test('of 190 nested conditions or parentheses is fine', () => {
    const nothing = { value: () => undefined, lookups: null, dataField: null, now: null };
    for (const text of [`${'0?1:'.repeat(190)}7`, `${'('.repeat(190)}7${')'.repeat(190)}`]) {
      const result = evaluate(parsed(text), nothing);
      expect(result.kind === 'value' && String(result.value)).toBe('7');
    }
  });
});
