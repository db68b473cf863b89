import { expect, test } from 'vitest';
import { Temporal } from '../../kernel/time.ts';
import { cronRefusal, type Rhythm, runsAround } from './schedule-times.ts';

function at(text: string) {
  return Temporal.Instant.from(text.length === 16 ? `${text}Z` : text);
}

function every(
  period: number,
  scheduleType: 'MINUTE' | 'HOUR' | 'DAY',
  offset: number | null = null,
): Rhythm {
  return { scheduleType, period, offset };
}

/** A rhythm, its anchor, a moment, the latest run up to it and the next one. */
test.each<[Rhythm, string, string, string | null, string]>([
  // The public example: created on 1 June at 10:00, every 2 days.
  [every(2, 'DAY'), '2024-06-01T10:00', '2024-06-01T10:00', null, '2024-06-03T10:00'],
  [every(2, 'DAY'), '2024-06-01T10:00', '2024-06-03T09:59', null, '2024-06-03T10:00'],
  [every(2, 'DAY'), '2024-06-01T10:00', '2024-06-03T10:00', '2024-06-03T10:00', '2024-06-05T10:00'],
  // Missed runs: only the latest counts.
  [every(2, 'DAY'), '2024-06-01T10:00', '2024-06-08T00:00', '2024-06-07T10:00', '2024-06-09T10:00'],
  [every(15, 'MINUTE'), '2024-06-01T10:07', '2024-06-01T11:00', '2024-06-01T10:52', '2024-06-01T11:07'],
  [every(6, 'HOUR'), '2024-06-01T10:07', '2024-06-01T23:00', '2024-06-01T22:07', '2024-06-02T04:07'],
  // Offsets: hours of the day, minutes of the hour, from the first period on.
  [every(1, 'DAY', 6), '2024-06-01T02:00', '2024-06-01T06:00', null, '2024-06-02T06:00'],
  [every(1, 'DAY', 6), '2024-06-01T10:00', '2024-06-02T06:00', '2024-06-02T06:00', '2024-06-03T06:00'],
  [every(2, 'HOUR', 5), '2024-06-01T10:20', '2024-06-01T10:20', null, '2024-06-01T12:05'],
  [every(2, 'HOUR', 5), '2024-06-01T10:20', '2024-06-01T14:04', '2024-06-01T12:05', '2024-06-01T14:05'],
  // Cron: no run before the anchor counts.
  [{ cronExpression: '0 3 * * *' }, '2024-06-01T10:00', '2024-06-01T12:00', null, '2024-06-02T03:00'],
  [
    { cronExpression: '0 3 * * *' },
    '2024-06-01T10:00',
    '2024-06-05T03:00',
    '2024-06-05T03:00',
    '2024-06-06T03:00',
  ],
  [{ cronExpression: '30 1 29 2 *' }, '2024-03-01T00:00', '2024-03-01T00:00', null, '2028-02-29T01:30'],
])('%j from %s on: around %s are %s and %s', (rhythm, anchor, moment, latest, next) => {
  const runs = runsAround(rhythm, { anchor: at(anchor), at: at(moment) });
  expect([runs.latest && String(runs.latest), String(runs.next)]).toEqual([
    latest && String(at(latest)),
    String(at(next)),
  ]);
});

test('a moment between two microseconds of a run is on the right side of it', () => {
  const anchor = at('2024-06-01T10:00:00.000001Z');
  const rhythm = every(15, 'MINUTE');
  const before = runsAround(rhythm, { anchor, at: at('2024-06-01T10:15:00Z') });
  const after = runsAround(rhythm, { anchor, at: at('2024-06-01T10:15:00.000001Z') });
  expect([before.latest, String(after.latest)]).toEqual([null, '2024-06-01T10:15:00.000001Z']);
});

const NOW = at('2026-01-15T00:00');

test.each([
  '0 3 1 1 *',
  '*/15 * * * *',
  '0,45 0,23 1 * *',
  '0 0 L * *',
  '5 4 * * THU',
  '0 0 29 2 *',
  '0 8-18 * * 1-5',
  // 00:05 and 23:55 of days that never follow each other.
  '5,55 0,23 * * MON,THU',
])('the cron expression %s is fine', (expression) => {
  expect(cronRefusal(expression, NOW)).toBeNull();
});

test.each([
  ['often', 'five fields'],
  ['0 3 * *', 'five fields'],
  ['0 0 3 * * *', 'five fields'],
  ['@daily', 'five fields'],
  ['H 3 * * *', 'five fields'],
  ['60 * * * *', 'five fields'],
  ['0 0 30 2 *', 'five fields'],
  ['*/10 * * * *', '15 minutes'],
  ['0,14 3 1 1 *', '15 minutes'],
  ['59 * * * *,', 'five fields'],
  // 23:55 and 00:05 of the next day.
  ['5,55 0,23 * * *', '15 minutes'],
  ['5,55 0,23 1,2 6 *', '15 minutes'],
])('the cron expression %s is refused', (expression, reason) => {
  expect(cronRefusal(expression, NOW)).toContain(reason);
});
