import { expect, test } from 'vitest';
import { Temporal } from '../../kernel/time.ts';
import { lateLimit, runAtOrAfter, runAtOrBefore } from './billing-schedule.ts';

function schedule(hours: number, offsetHours = 0, zone = 'UTC') {
  return { intervalMinutes: hours * 60, offsetHours, zone };
}

function at(text: string) {
  return Temporal.Instant.from(text);
}

test.each([
  // every quarter hour
  [schedule(0.25), '2024-06-01T10:07:00Z', '2024-06-01T10:00:00Z', '2024-06-01T10:15:00Z'],
  [schedule(0.25), '2024-06-01T10:15:00Z', '2024-06-01T10:15:00Z', '2024-06-01T10:15:00Z'],
  [schedule(0.25), '2024-06-01T10:15:00.001Z', '2024-06-01T10:15:00Z', '2024-06-01T10:30:00Z'],
  // 23:50 lies between 16:00 and the next midnight
  [schedule(8), '2024-06-01T23:50:00Z', '2024-06-01T16:00:00Z', '2024-06-02T00:00:00Z'],
  // once a day at six
  [schedule(24, 6), '2024-06-01T05:59:00Z', '2024-05-31T06:00:00Z', '2024-06-01T06:00:00Z'],
  [schedule(24, 6), '2024-06-01T06:00:00Z', '2024-06-01T06:00:00Z', '2024-06-01T06:00:00Z'],
  // midnight in New York is four hours after that of UTC in summer
  [
    schedule(24, 0, 'America/New_York'),
    '2024-06-01T02:00:00Z',
    '2024-05-31T04:00:00Z',
    '2024-06-01T04:00:00Z',
  ],
  // the clock goes from 01:00 to 02:00 in London, so the run of 01:00 is at 02:00 summer time
  [schedule(1, 0, 'Europe/London'), '2024-03-31T00:30:00Z', '2024-03-31T00:00:00Z', '2024-03-31T01:00:00Z'],
] as const)('%o at %s', (given, moment, before, after) => {
  expect(`${runAtOrBefore(given, at(moment))}`).toBe(before);
  expect(`${runAtOrAfter(given, at(moment))}`).toBe(after);
});

test('May is open until a day after the run that closes it', () => {
  expect(`${lateLimit(schedule(24), at('2024-06-01T00:00:00Z'))}`).toBe('2024-06-02T00:00:00Z');
  expect(`${lateLimit(schedule(24, 6), at('2024-06-01T00:00:00Z'))}`).toBe('2024-06-02T06:00:00Z');
});
