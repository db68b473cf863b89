import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluate } from '../../src/engine/expression/evaluate.ts';
import { parseExpression } from '../../src/engine/expression/parse.ts';
import { decimal } from '../../src/kernel/decimal.ts';

/** Operators with how tightly they bind; divisors are such that the quotient ends. */
const BINDING: Readonly<Record<string, number>> = { '<': 1, '+': 2, '-': 2, '*': 3, '/': 3 };

type Fraction = { readonly top: bigint; readonly bottom: bigint };

const operand = fc.integer({ min: 0, max: 999 }).map((tenths) => `${Math.trunc(tenths / 10)}.${tenths % 10}`);
const step = fc.oneof(
  fc.record({ operator: fc.constantFrom('+', '-', '*', '<'), text: operand }),
  fc.record({ operator: fc.constant('/'), text: fc.constantFrom('2', '4', '5', '8', '10') }),
);
const term = fc.record({
  first: operand,
  steps: fc.array(fc.record({ step, bracket: fc.boolean(), minus: fc.boolean() }), { maxLength: 4 }),
});

/** Tokens of `a op b op c …`, some operands with a minus, some tails in brackets. */
function tokensOf({ first, steps }: { first: string; steps: readonly Step[] }): string[] {
  const tokens = [first];
  let open = 0;
  for (const {
    step: { operator, text },
    bracket,
    minus,
  } of steps) {
    tokens.push(operator);
    if (operator !== '/' && bracket) {
      tokens.push('(');
      open += 1;
    }
    if (operator !== '/' && minus) tokens.push('~');
    tokens.push(text);
  }
  return [...tokens, ...Array<string>(open).fill(')')];
}
type Step = { step: { operator: string; text: string }; bracket: boolean; minus: boolean };

/** By two stacks and exact fractions: shares nothing with the product. */
function fractionValue(tokens: readonly string[]): Fraction {
  const values: Fraction[] = [];
  const operators: string[] = [];
  const bindingOf = (operator: string) => (operator === '~' ? 9 : (BINDING[operator] ?? 0));
  const reduce = () => {
    const operator = operators.pop() ?? '';
    const right = values.pop() as Fraction;
    if (operator === '~') values.push({ top: -right.top, bottom: right.bottom });
    else values.push(applied(operator, values.pop() as Fraction, right));
  };
  for (const token of tokens) {
    if (token === '(' || token === '~') operators.push(token);
    else if (token === ')') {
      while (operators.at(-1) !== '(') reduce();
      operators.pop();
    } else if (token in BINDING) {
      while (operators.length > 0 && bindingOf(operators.at(-1) ?? '') >= bindingOf(token)) reduce();
      operators.push(token);
    } else values.push(fractionOf(token));
  }
  while (operators.length > 0) reduce();
  return values[0] as Fraction;
}

function fractionOf(text: string): Fraction {
  return { top: BigInt(text.replace('.', '')), bottom: text.includes('.') ? 10n : 1n };
}

function applied(operator: string, a: Fraction, b: Fraction): Fraction {
  const bottom = a.bottom * b.bottom;
  const [left, right] = [a.top * b.bottom, b.top * a.bottom];
  if (operator === '+') return { top: left + right, bottom };
  if (operator === '-') return { top: left - right, bottom };
  if (operator === '*') return { top: a.top * b.top, bottom };
  if (operator === '/') return { top: a.top * b.bottom, bottom: a.bottom * b.top };
  return { top: left < right ? 1n : 0n, bottom: 1n };
}

test('an expression has the value that another evaluator of it finds', () => {
  fc.assert(
    fc.property(term, (parts) => {
      const tokens = tokensOf(parts);
      const text = tokens.map((token) => (token === '~' ? '-' : token)).join(' ');
      const { top, bottom } = fractionValue(tokens);
      // A comparison is a boolean, which counts as 1 or 0 in what follows.
      const parsed = parseExpression(`0 + (${text})`);
      if (parsed.kind === 'error') throw new Error(`${text}: ${parsed.message}`);
      const environment = { value: () => undefined, lookups: null, dataField: null, now: null };
      const result = evaluate(parsed.root, environment);
      expect(result.kind === 'value' ? String(result.value) : result.message, text).toBe(
        String(decimal(String(top)).div(String(bottom))),
      );
    }),
    { numRuns: 2000 },
  );
});
