import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluate } from '../../src/engine/expression/evaluate.ts';
import { parseExpression } from '../../src/engine/expression/parse.ts';
import { printExpression } from '../../src/engine/expression/print.ts';
import type { BinaryOperator, CastType, Expression } from '../../src/engine/expression/syntax.ts';
import { decimal } from '../../src/kernel/decimal.ts';

const position = 0;
const OPERATORS: BinaryOperator[] = [
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'AND',
  'OR',
];
const TYPES: CastType[] = ['string', 'number', 'double', 'int', 'integer', 'long', 'boolean'];
const FUNCTIONS = ['Math.max', 'isnull', 'IN', 'String.concat', 'int', 'string'];

const digits = fc.tuple(fc.nat(), fc.integer({ min: -60, max: 60 })).map(([n, e]) => decimal(`${n}e${e}`));
const name = fc.constantFrom('a', 'größe', '$x', 'int', 'string', 'And');
const member = fc.oneof(name, fc.constantFrom('two words', 'in', '"', '', '1a', 'null'));

/** Any tree that the language can write. */
const { tree } = fc.letrec<{ tree: Expression }>((tie) => {
  const inner = tie('tree');
  const leaf = fc.oneof(
    digits.map((value): Expression => ({ kind: 'number', value, position })),
    fc.string({ unit: 'grapheme' }).map((value): Expression => ({ kind: 'text', value, position })),
    fc.constantFrom(null, true, false).map((value): Expression => ({ kind: 'constant', value, position })),
    fc.tuple(name, fc.array(member, { maxLength: 2 })).map(([first, rest]): Expression => {
      return { kind: 'path', path: [first, ...rest], position };
    }),
  );
  const node = fc.oneof(
    fc
      .record({ operator: fc.constantFrom(...OPERATORS), left: inner, right: inner })
      .map((parts): Expression => {
        return { kind: 'binary', ...parts, position };
      }),
    fc.record({ left: inner, list: fc.array(inner, { maxLength: 3 }) }).map((parts): Expression => {
      return { kind: 'in', ...parts, position };
    }),
    fc.record({ test: inner, yes: inner, no: inner }).map((parts): Expression => {
      return { kind: 'condition', ...parts, position };
    }),
    fc
      .record({ operator: fc.constantFrom('+' as const, '-' as const), operand: inner })
      .map((parts): Expression => {
        return { kind: 'unary', ...parts, position };
      }),
    fc.record({ type: fc.constantFrom(...TYPES), operand: inner }).map((parts): Expression => {
      return { kind: 'cast', ...parts, position };
    }),
    fc
      .record({ name: fc.constantFrom(...FUNCTIONS), args: fc.array(inner, { maxLength: 3 }) })
      .map((parts): Expression => {
        return { kind: 'call', ...parts, position };
      }),
  );
  return { tree: fc.oneof({ maxDepth: 6, depthSize: 'small' }, leaf, node) };
});

/** The tree with every place in the text set to 0, so that trees of different texts can be compared. */
function placeless(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(placeless);
  if (typeof value !== 'object' || value === null || 'toFixed' in value) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, key === 'position' ? 0 : placeless(part)]),
  );
}

test('what is printed is read again as the same tree', () => {
  fc.assert(
    fc.property(tree, (root) => {
      const text = printExpression(root);
      fc.pre(text.length <= 5000);
      const parsed = parseExpression(text);
      expect(parsed, text).toMatchObject({ kind: 'expression' });
      expect(placeless(parsed.kind === 'expression' && parsed.root), text).toEqual(placeless(root));
    }),
    { numRuns: 1500 },
  );
});

const SCRAPS = [
  '1',
  '"x"',
  'a',
  '(',
  ')',
  '+',
  '-',
  '^',
  '?',
  ':',
  ',',
  'IN',
  'AND',
  '(int)',
  'Math.max',
  '.',
  '["k"]',
  ' ',
  "'",
  '\\',
  '😀',
  '\ud800',
  '\0',
  'e9',
];

test('whatever the text is, reading and evaluating it ends with a value or an error inside the text', () => {
  const text = fc.oneof(
    fc.array(fc.constantFrom(...SCRAPS), { maxLength: 60 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 60 }),
  );
  const environment = { value: () => decimal(3), lookups: null, dataField: null, now: null };
  fc.assert(
    fc.property(text, (source) => {
      const parsed = parseExpression(source);
      if (parsed.kind === 'expression') {
        expect(['value', 'error']).toContain(evaluate(parsed.root, environment).kind);
      } else {
        expect(parsed.position).toBeGreaterThanOrEqual(0);
        expect(parsed.position).toBeLessThanOrEqual(source.length);
      }
    }),
    { numRuns: 3000 },
  );
});

test('a sum does not depend on how its terms are grouped', () => {
  const amount = fc.tuple(fc.integer(), fc.integer({ min: 0, max: 8 })).map(([n, e]) => `${n}e-${e}`);
  fc.assert(
    fc.property(fc.array(amount, { minLength: 2, maxLength: 40 }), (amounts) => {
      const right = amounts.reduceRight((rest, first) => `(${first} + ${rest})`);
      expect(valueText(amounts.join(' + '))).toBe(valueText(right));
    }),
  );
});

function valueText(text: string): string {
  const parsed = parseExpression(text);
  if (parsed.kind === 'error') throw new Error(parsed.message);
  const result = evaluate(parsed.root, { value: () => undefined, lookups: null, dataField: null, now: null });
  return result.kind === 'value' ? String(result.value) : result.message;
}
