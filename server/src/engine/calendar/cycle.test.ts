import { describe, expect, test } from 'vitest';
import { Temporal } from '../../kernel/time.ts';
import {
  type Cycle,
  type Frequency,
  gridDate,
  gridIndexAtOrAfter,
  gridIndexAtOrBefore,
  isCyclic,
  isGridDate,
} from './cycle.ts';

/** Written as `MONTHLY 3 2024-02-29`. */
function cycle(text: string): Cycle {
  const [frequency, interval, epoch] = text.split(' ') as [Frequency, string, string];
  return {
    frequency,
    interval: Number.parseInt(interval, 10),
    epoch: Temporal.PlainDate.from(epoch),
  };
}

describe('gridDate', () => {
  test.each([
    ['MONTHLY 1 2024-01-31', 0, '2024-01-31 2024-02-29 2024-03-31 2024-04-30 2024-05-31'],
    ['MONTHLY 1 2024-01-31', 12, '2025-01-31 2025-02-28 2025-03-31'],
    ['MONTHLY 1 2024-01-31', -3, '2023-10-31 2023-11-30 2023-12-31 2024-01-31'],
    ['MONTHLY 1 2024-01-30', 0, '2024-01-30 2024-02-29 2024-03-30'],
    ['MONTHLY 3 2024-02-29', 0, '2024-02-29 2024-05-29 2024-08-29 2024-11-29 2025-02-28 2025-05-29'],
    ['MONTHLY 12 2024-02-29', -1, '2023-02-28 2024-02-29 2025-02-28'],
    ['ANNUALLY 1 2024-02-29', 0, '2024-02-29 2025-02-28 2026-02-28 2027-02-28 2028-02-29'],
    ['ANNUALLY 2 2024-02-29', -1, '2022-02-28 2024-02-29 2026-02-28 2028-02-29'],
    ['ANNUALLY 1 2022-01-01', 1, '2023-01-01 2024-01-01 2025-01-01'],
    ['WEEKLY 2 2024-01-03', 1, '2024-01-17 2024-01-31 2024-02-14'],
    ['WEEKLY 1 2022-01-04', -1, '2021-12-28 2022-01-04 2022-01-11'],
    ['DAILY 1 2024-02-28', 0, '2024-02-28 2024-02-29 2024-03-01'],
    ['DAILY 10 2024-02-25', 0, '2024-02-25 2024-03-06 2024-03-16'],
  ])('%s from number %i', (text, from, expected) => {
    const dates = expected.split(' ');
    expect(dates.map((_, index) => gridDate(cycle(text), from + index).toString())).toEqual(dates);
  });

  test.each(['MONTHLY 0 2024-01-01', 'DAILY -1 2024-01-01'])('%s is a bug', (text) => {
    expect(() => gridDate(cycle(text), 1)).toThrow('interval');
  });
});

describe('the place of a date on the grid', () => {
  test.each([
    ['MONTHLY 1 2024-01-31', '2024-01-31', 0, 0],
    ['MONTHLY 1 2024-01-31', '2024-02-28', 0, 1],
    ['MONTHLY 1 2024-01-31', '2024-02-29', 1, 1],
    ['MONTHLY 1 2024-01-31', '2024-03-30', 1, 2],
    ['MONTHLY 1 2024-01-31', '2024-04-30', 3, 3],
    ['MONTHLY 1 2024-01-31', '2024-01-30', -1, 0],
    ['MONTHLY 1 2024-01-31', '2023-12-30', -2, -1],
    ['MONTHLY 3 2024-02-29', '2024-05-28', 0, 1],
    ['MONTHLY 3 2024-02-29', '2025-02-28', 4, 4],
    ['MONTHLY 3 2024-02-29', '2024-02-28', -1, 0],
    ['MONTHLY 3 2024-02-29', '2023-11-29', -1, -1],
    ['ANNUALLY 1 2024-02-29', '2025-02-27', 0, 1],
    ['ANNUALLY 1 2024-02-29', '2025-02-28', 1, 1],
    ['ANNUALLY 1 2024-02-29', '2028-02-28', 3, 4],
    ['ANNUALLY 1 2024-02-29', '1999-06-01', -25, -24],
    ['WEEKLY 2 2024-01-03', '2024-01-16', 0, 1],
    ['WEEKLY 2 2024-01-03', '2024-01-17', 1, 1],
    ['WEEKLY 2 2024-01-03', '2024-01-02', -1, 0],
    ['WEEKLY 2 2024-01-03', '2023-12-20', -1, -1],
    ['DAILY 1 2022-01-01', '2024-03-01', 790, 790],
    ['DAILY 10 2024-02-25', '2024-03-05', 0, 1],
  ])('%s: %s is at or after number %i and at or before number %i', (text, date, atOrBefore, atOrAfter) => {
    const plainDate = Temporal.PlainDate.from(date);
    expect(gridIndexAtOrBefore(cycle(text), plainDate)).toBe(atOrBefore);
    expect(gridIndexAtOrAfter(cycle(text), plainDate)).toBe(atOrAfter);
    expect(isGridDate(cycle(text), plainDate)).toBe(atOrBefore === atOrAfter);
  });
});

test.each([
  ['DAILY', true],
  ['WEEKLY', true],
  ['MONTHLY', true],
  ['ANNUALLY', true],
  ['AD_HOC', false],
  ['MIXED', false],
] as const)('%s has a grid: %s', (frequency, expected) => {
  expect(isCyclic(frequency)).toBe(expected);
});
