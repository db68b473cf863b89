import { expect, test } from 'vitest';
import { Temporal } from '../../kernel/time.ts';
import { weekText } from './bill-explorer.ts';

test.each([
  ['2024-06-03', '2024-W23'],
  ['2024-01-01', '2024-W01'],
  // The week of the new year's Thursday belongs to the new year.
  ['2024-12-30', '2025-W01'],
  ['2023-01-01', '2022-W52'],
])('%s is in %s', (date, week) => {
  expect(weekText(Temporal.PlainDate.from(date))).toBe(week);
});
