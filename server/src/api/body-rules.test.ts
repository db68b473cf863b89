import { expect, test } from 'vitest';
import { Temporal } from '../kernel/time.ts';
import { eitherMustBeSet, endMustFollowStart } from './body-rules.ts';

const instant = Temporal.Instant.from;
const date = Temporal.PlainDate.from;

test.each([
  ['an instant before the start', instant('2024-01-02T00:00:00Z'), instant('2024-01-01T23:59:59.9Z')],
  ['the start itself', instant('2024-01-02T00:00:00Z'), instant('2024-01-02T00:00:00Z')],
  ['the same date', date('2024-01-02'), date('2024-01-02')],
])('an end at %s is refused', (_, startDate, endDate) => {
  expect(() => endMustFollowStart({ startDate, endDate })).toThrow('endDate must be later than startDate');
});

test.each([
  ['no end', instant('2024-01-02T00:00:00Z'), null],
  ['an end a part of a second later', instant('2024-01-02T00:00:00Z'), instant('2024-01-02T00:00:00.5Z')],
  ['an end the next day', date('2024-01-31'), date('2024-02-01')],
])('%s is accepted', (_, startDate, endDate) => {
  expect(() => endMustFollowStart({ startDate, endDate })).not.toThrow();
});

test.each([
  ['neither', { planId: null, groupId: null }, null, 'VALIDATION_FAILED'],
  ['both', { planId: 'a', groupId: 'b' }, null, 'VALIDATION_FAILED'],
  ['neither on update', { planId: null, groupId: null }, { planId: 'a', groupId: null }, 'VALIDATION_FAILED'],
  ['another value', { planId: 'b', groupId: null }, { planId: 'a', groupId: null }, 'IMMUTABLE_FIELD'],
  ['the other property', { planId: null, groupId: 'a' }, { planId: 'a', groupId: null }, 'IMMUTABLE_FIELD'],
])('%s is refused', (_, values, before, code) => {
  expect(() => eitherMustBeSet(values, ['planId', 'groupId'], before)).toThrow(
    expect.objectContaining({ code }),
  );
});

test('the stored value may be repeated', () => {
  const stored = { planId: 'a', groupId: null };
  expect(() => eitherMustBeSet({ ...stored }, ['planId', 'groupId'], stored)).not.toThrow();
});
