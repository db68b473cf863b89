import { describe, expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { customFieldOf, customFieldRefusal, customFieldValue } from './custom-field.ts';

test.each([
  [['customFields', 'account', 'discount'], 'account'],
  [['customField', 'account', 'discount'], 'account'],
  [['account', 'customFields', 'discount'], 'account'],
  [['ACCOUNT', 'customField', 'discount'], 'account'],
  [['customFields', 'PlanTemplate', 'discount'], 'planTemplate'],
  [['customFields', 'compoundaggregation', 'discount'], 'compoundAggregation'],
])('%j names a custom field of %s', (path, entity) => {
  expect(customFieldOf(path)).toEqual({ entity, name: 'discount' });
});

test.each([
  [['customFields', 'planGroup', 'x']],
  [['customfields', 'account', 'x']],
  [['customFields', 'account']],
  [['customFields', 'account', 'x', 'y']],
  [['account', 'discount', 'x']],
])('%j names none', (path) => {
  expect(customFieldOf(path)).toBeNull();
});

describe('the value', () => {
  const name = { entity: 'account', name: 'discount' } as const;
  const defaults = { account: { discount: decimal(1) } };

  test('is the own one before that of the organization level', () => {
    expect(customFieldValue({ defaults, own: { account: { discount: '0.8' } } }, name)).toBe('0.8');
    expect(customFieldValue({ defaults, own: { account: {} } }, name)).toEqual(decimal(1));
    expect(customFieldValue({ defaults, own: {} }, name)).toEqual(decimal(1));
  });

  test('does not exist when the organization level lacks the name', () => {
    const own = { account: { discount: '0.8' } };
    expect(customFieldValue({ defaults: { account: {} }, own }, name)).toBeUndefined();
    expect(customFieldValue({ defaults: {}, own }, name)).toBeUndefined();
    expect(customFieldRefusal({}, name)).toMatch(/"discount" of account/);
    expect(customFieldRefusal(defaults, name)).toBeNull();
  });

  test('is never something that every object has', () => {
    const inherited = { entity: 'account', name: 'constructor' } as const;
    expect(customFieldValue({ defaults, own: {} }, inherited)).toBeUndefined();
    expect(customFieldRefusal(defaults, inherited)).toMatch(/not defined/);
  });
});
