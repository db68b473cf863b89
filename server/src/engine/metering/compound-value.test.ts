import { describe, expect, test } from 'vitest';
import { type Decimal, decimal } from '../../kernel/decimal.ts';
import { Temporal } from '../../kernel/time.ts';
import { checkExpression } from '../expression/check.ts';
import { lookupReader } from '../expression/lookups.ts';
import { parseExpression } from '../expression/parse.ts';
import type { Expression } from '../expression/syntax.ts';
import { aggregationCodesOf, compoundScope } from './compound-names.ts';
import { type CompoundFacts, compoundValue } from './compound-value.ts';

function parsed(text: string): Expression {
  const result = parseExpression(text);
  if (result.kind === 'error') throw new Error(result.message);
  return result.root;
}

function factsOf(
  aggregations: Record<string, Decimal | null>,
  change: Partial<CompoundFacts> = {},
): CompoundFacts {
  return {
    aggregations: new Map(Object.entries(aggregations)),
    customFields: { defaults: {}, own: {} },
    billingPeriod: {
      start: Temporal.Instant.from('2024-03-01T00:00:00Z'),
      end: Temporal.Instant.from('2024-04-01T00:00:00Z'),
      days: 31,
    },
    lookups: lookupReader(new Map()),
    ...change,
  };
}

function valueText(text: string, facts: CompoundFacts, evaluateNullAggregations = false): string {
  const result = compoundValue({ calculation: parsed(text), evaluateNullAggregations }, facts);
  return result.kind === 'error' ? `! ${result.message}` : String(result.value);
}

describe('aggregations without data', () => {
  const seven = decimal(7);
  test.each([
    ['aggregation.a + aggregation.b', null, false, 'null'],
    ['aggregation.a + aggregation.b', null, true, 'null'],
    ['aggregation.a + aggregation.b', decimal(0), false, '7'],
    ['aggregation.a + aggregation.b', decimal(0), true, '7'],
    ['aggregation.a + isnull(aggregation.b, 0)', null, true, '7'],
    ['aggregation.a + isnull(aggregation.b, 0)', null, false, 'null'],
    ['true ? aggregation.a : aggregation.b', null, false, 'null'],
    ['true ? aggregation.a : aggregation.b', null, true, '7'],
  ])('%s with b = %s and the flag %s is %s', (text, b, flag, expected) => {
    expect(valueText(text, factsOf({ a: seven, b }), flag)).toBe(expected);
  });
});

describe('the value', () => {
  // 2,450 calls − 500 × 4 seats = 450 (spec 20 §19.3).
  test('is made of base values', () => {
    const facts = factsOf({ calls: decimal(2450), seats: decimal(4) });
    expect(valueText('Math.max(0, aggregation.calls - 500*aggregation.seats)', facts)).toBe('450');
  });

  test.each([
    ['a / 2', '3.5'],
    ['-a', '-7'],
    ['a > 5', '1'],
    ['a > 9', '0'],
    ['null', 'null'],
    ['1 + 1', '2'],
    ['"7"', '! the calculation must give a number, not a text or a DateTime'],
    ['billingPeriod.start', '! the calculation must give a number, not a text or a DateTime'],
    ['a / 0', '! division by zero at character 3'],
    ['gone', '! "gone" is unknown here at character 1'],
    ['billingPeriod.days', '31'],
    ['(billingPeriod.end - billingPeriod.start) / 86400000', '31'],
  ])('of %s is %s', (text, expected) => {
    expect(valueText(text, factsOf({ a: decimal(7) }))).toBe(expected);
  });

  test('takes custom fields of the entities, but for meter and aggregation those of the organization', () => {
    const one = { x: decimal(1) };
    const two = { x: decimal(2) };
    const entities = ['account', 'plan', 'contract', 'meter', 'aggregation', 'compoundAggregation'] as const;
    const all = (values: typeof one) => Object.fromEntries(entities.map((entity) => [entity, values]));
    const facts = factsOf({}, { customFields: { defaults: all(one), own: all(two) } });
    const values = entities.map((entity) => `${entity} ${valueText(`customFields.${entity}.x`, facts)}`);
    expect(values).toEqual([
      'account 2',
      'plan 2',
      'contract 2',
      'meter 1',
      'aggregation 1',
      'compoundAggregation 2',
    ]);
  });
});

describe('names', () => {
  const scope = compoundScope(new Set(['calls', 'seats']), { plan: { x: 'y' } });

  test.each([
    'aggregation.calls + seats',
    'customFields.plan.x',
    'aggregation["calls"]',
    'billingPeriod.days',
    '1 + 1',
    'Lookup.findNumber("t", "f", 1, customFields.plan.x)',
  ])('%s can be saved', (text) => {
    expect(checkExpression(parsed(text), scope)).toBeNull();
  });

  test.each([
    ['aggregation.nowhere', 'unknown aggregation "nowhere" at character 1'],
    ['calls + nowhere', 'unknown aggregation "nowhere" at character 9'],
    ['compoundAggregation.x', 'unknown name "compoundAggregation.x" at character 1'],
    ['billingPeriod.weeks', 'unknown name "billingPeriod.weeks" at character 1'],
    ['timestamp.ts', 'unknown name "timestamp.ts" at character 1'],
    ['customFields.plan.z', 'custom field "z" of plan is not defined for the organization at character 1'],
  ])('%s cannot: %s', (text, message) => {
    expect(checkExpression(parsed(text), scope)?.message).toBe(message);
  });

  test('the aggregations of a calculation are listed once each', () => {
    const root = parsed(
      'aggregation.calls - seats * calls + customFields.aggregation.x + billingPeriod.days',
    );
    expect(aggregationCodesOf(root)).toEqual(['calls', 'seats']);
  });
});
