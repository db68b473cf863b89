import { expect, test } from 'vitest';
import { eventFields, eventNames } from './event-names.ts';

test('there are 33 entities with three events each and 7 single events', () => {
  expect(eventNames()).toHaveLength(33 * 3 + 7);
  expect(new Set(eventNames()).size).toBe(106);
});

test.each([
  ['configuration.counter.updated', true],
  ['billing.bill.deleted', true],
  ['ingest.validation.failure', true],
  ['integration.disabled.error', true],
  ['configuration.counter', false],
  ['configuration.counter.changed', false],
  ['configuration.constructor.updated', false],
  ['toString', false],
  ['no.such.event', false],
])('%s is the name of an event: %s', (name, known) => {
  expect(eventFields(name) !== null).toBe(known);
});

test.each([
  ['configuration.counter.created', ['new.customFields', 'new.id', 'new.name', 'new.unit'], ['old.name']],
  ['configuration.counter.updated', ['new.name', 'old.name', 'old.customFields'], ['name']],
  ['configuration.counter.deleted', ['old.name', 'old.unit'], ['new.name']],
  ['ingest.validation.failure', ['uid', 'new.uid', 'fields'], ['old.uid']],
])('events %s have their fields', (name, some, none) => {
  const fields = eventFields(name) ?? new Map();
  expect(some.filter((field) => !fields.has(field))).toEqual([]);
  expect(none.filter((field) => fields.has(field))).toEqual([]);
});

test('fields have the types of the public list', () => {
  const fields = eventFields('configuration.commitment.updated') ?? new Map();
  expect(fields.get('new.amountSpent')).toBe('double');
  expect(fields.get('old.feeDates')).toBe('array');
  expect(fields.get('new.billingInterval')).toBe('int');
});
