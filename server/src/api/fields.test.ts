import { expect, test } from 'vitest';
import { customFieldsRefusal } from './fields.ts';

test.each([
  ['tier', 'gold'],
  ['Org Example 1', 'x'],
  ['n'.repeat(80), 'v'.repeat(2000)],
  // A character outside of the basic plane is one of 80, and one of 2000.
  ['😀'.repeat(80), '😀'.repeat(2000)],
])('the custom field %s is taken', (name, value) => {
  expect(customFieldsRefusal({ [name]: value })).toBeNull();
});

test.each([
  ['', 'x'],
  [' tier', 'x'],
  ['tier ', 'x'],
  [' ', 'x'],
  ['a\tb', 'x'],
  ['n'.repeat(81), 'x'],
  ['😀'.repeat(81), 'x'],
  ['tier', 'v'.repeat(2001)],
  ['tier', '😀'.repeat(2001)],
  ['tier', true],
])('the custom field %j is refused', (name, value) => {
  expect(customFieldsRefusal({ [name]: value })).not.toBeNull();
});
