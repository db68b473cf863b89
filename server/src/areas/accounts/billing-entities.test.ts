import { expect, test } from 'vitest';
import { Temporal } from '../../kernel/time.ts';
import { endingOf } from './billing-entities.ts';

const date = Temporal.PlainDate.from;
const end = date('2025-07-01');

test.each([
  // startDate, endDate, what an end on 1 July 2025 does
  ['2025-01-01', null, 'updated'],
  ['2025-01-01', '2026-01-01', 'updated'],
  ['2025-06-30', '2025-07-02', 'updated'],
  ['2025-01-01', '2025-07-01', 'ended'],
  ['2025-01-01', '2025-02-01', 'ended'],
  ['2025-07-01', null, 'failed'],
  ['2025-09-01', '2026-09-01', 'failed'],
])('from %s to %s: %s', (startDate, endDate, outcome) => {
  const entity = { startDate: date(startDate), endDate: endDate === null ? null : date(endDate) };
  expect(endingOf(entity, end)).toBe(outcome);
});
