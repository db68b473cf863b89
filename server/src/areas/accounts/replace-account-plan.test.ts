import { expect, test } from 'vitest';
import { Temporal } from '../../kernel/time.ts';
import { replacementMustFit } from './replace-account-plan.ts';

function attached(startDate: string, endDate: string | null = null, accountId = 'a') {
  return {
    accountId,
    startDate: Temporal.Instant.from(startDate),
    endDate: endDate === null ? null : Temporal.Instant.from(endDate),
  };
}

const openEnded = attached('2024-01-01T00:00:00Z');
const ended = attached('2024-01-01T00:00:00Z', '2024-07-01T00:00:00Z');

test.each([
  ['another account', openEnded, attached('2024-02-01T00:00:00Z', null, 'b'), 'accountId'],
  ['the same start', openEnded, attached('2024-01-01T00:00:00Z'), 'later than the start'],
  ['an earlier start', openEnded, attached('2023-12-31T23:59:59Z'), 'later than the start'],
  ['a start at the end', ended, attached('2024-07-01T00:00:00Z'), 'earlier than the end'],
])('a replacement with %s is refused', (_, original, replacement, message) => {
  expect(() => replacementMustFit(original, replacement)).toThrow(message);
});

test.each([
  ['an open original', openEnded, attached('2030-01-01T00:00:00Z')],
  ['the last moment of an ended one', ended, attached('2024-06-30T23:59:59.999999Z')],
])('a replacement of %s is accepted', (_, original, replacement) => {
  expect(() => replacementMustFit(original, replacement)).not.toThrow();
});
