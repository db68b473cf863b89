import { expect, test } from 'vitest';
import { isChargedInPeriod } from './standing-charge-turn.ts';

test.each([
  // Interval 3, offset 1: the 2nd, 5th and 8th bill of a monthly plan.
  [3, 1, [1, 4, 7]],
  [1, 0, [0, 1, 2, 3, 4, 5, 6, 7, 8]],
  [1, 6, [6, 7, 8]],
  [4, 0, [0, 4, 8]],
  [2, 5, [5, 7]],
  [365, 0, [0]],
  [1, 364, []],
])('interval %i and offset %i charge the periods %j of the first nine', (interval, offset, expected) => {
  const periods = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  expect(periods.filter((index) => isChargedInPeriod(index, { interval, offset }))).toEqual(expected);
});
