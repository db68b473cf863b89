import { expect, test } from 'vitest';
import { Temporal } from '../../kernel/time.ts';
import { occurrenceAfter, occurrencesFrom, type Schedule, subPeriodOf } from './schedule-occurrences.ts';

function schedule(fields: Partial<Record<'start' | 'end' | 'zone' | 'frequency', string>>): Schedule {
  const { start = '2025-01-10T00:00:00Z', end = '2025-07-10T00:00:00Z', zone = 'UTC' } = fields;
  return {
    start: Temporal.Instant.from(start),
    end: Temporal.Instant.from(end),
    frequency: (fields.frequency ?? 'MONTHLY') as Schedule['frequency'],
    interval: 1,
    zone,
  };
}

function texts(given: Schedule): readonly string[] {
  return occurrencesFrom(given, 0, 100).map(({ at }) => String(at));
}

test('six months from 10 January have six starts, the first being the start itself', () => {
  const starts = texts(schedule({}));
  expect(starts).toHaveLength(6);
  expect([starts[0], starts.at(-1)]).toEqual(['2025-01-10T00:00:00Z', '2025-06-10T00:00:00Z']);
});

test('the day is cut to the length of the month and comes back', () => {
  const given = schedule({ start: '2025-01-31T00:00:00Z', end: '2025-05-01T00:00:00Z' });
  expect(texts(given).map((text) => text.slice(5, 10))).toEqual(['01-31', '02-28', '03-31', '04-30']);
});

test('the clock on the wall stays when the offset changes', () => {
  // 09:00 in London is 09:00Z in winter and 08:00Z from 30 March on.
  const given = schedule({
    start: '2025-03-29T09:00:00Z',
    end: '2025-03-31T23:00:00Z',
    zone: 'Europe/London',
    frequency: 'DAILY',
  });
  expect(texts(given)).toEqual(['2025-03-29T09:00:00Z', '2025-03-30T08:00:00Z', '2025-03-31T08:00:00Z']);
});

test.each([
  [null, 0],
  ['2025-01-09T00:00:00Z', 0],
  ['2025-01-10T00:00:00Z', 1],
  ['2025-05-09T23:59:59Z', 4],
  ['2025-05-10T00:00:00Z', 5],
  ['2025-06-10T00:00:00Z', null],
  ['2031-06-10T00:00:00Z', null],
])('after %s comes occurrence %s', (after, index) => {
  const found = occurrenceAfter(schedule({}), after === null ? null : Temporal.Instant.from(after));
  expect(found?.index ?? null).toBe(index);
});

test('the last part ends with the schedule', () => {
  const given = schedule({ end: '2025-02-20T00:00:00Z' });
  const parts = occurrencesFrom(given, 0, 10).map((one) => subPeriodOf(given, one));
  expect(parts.map(({ start, end }) => `${start} ${end}`)).toEqual([
    '2025-01-10T00:00:00Z 2025-02-10T00:00:00Z',
    '2025-02-10T00:00:00Z 2025-02-20T00:00:00Z',
  ]);
});
