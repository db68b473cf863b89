import { expect, test } from 'vitest';
import { Temporal } from '../../kernel/time.ts';
import { type StatementFrequency, statementBuckets } from './statement-buckets.ts';

const WEEK_EPOCH = Temporal.PlainDate.from('2022-01-04');

function bucketsOf(frequency: StatementFrequency, [start, end]: readonly [string, string], zone = 'UTC') {
  const span = { start: Temporal.Instant.from(start), end: Temporal.Instant.from(end) };
  return statementBuckets(frequency, span, { zone, weekEpoch: WEEK_EPOCH }).map(
    (bucket) => `${bucket.start} ${bucket.end}`,
  );
}

test.each<[StatementFrequency, string, string, string[]]>([
  [
    'WHOLE_PERIOD',
    '2024-05-30T06:00:00Z',
    '2024-06-02T00:00:00Z',
    ['2024-05-30T06:00:00Z 2024-06-02T00:00:00Z'],
  ],
  [
    'DAY',
    '2024-05-30T06:00:00Z',
    '2024-05-31T01:00:00Z',
    ['2024-05-30T06:00:00Z 2024-05-31T00:00:00Z', '2024-05-31T00:00:00Z 2024-05-31T01:00:00Z'],
  ],
  // Weeks begin on Tuesdays, as the epoch is one: 2024-06-04.
  [
    'WEEK',
    '2024-06-01T00:00:00Z',
    '2024-06-05T00:00:00Z',
    ['2024-06-01T00:00:00Z 2024-06-04T00:00:00Z', '2024-06-04T00:00:00Z 2024-06-05T00:00:00Z'],
  ],
  [
    'MONTH',
    '2024-05-30T00:00:00Z',
    '2024-06-02T00:00:00Z',
    ['2024-05-30T00:00:00Z 2024-06-01T00:00:00Z', '2024-06-01T00:00:00Z 2024-06-02T00:00:00Z'],
  ],
  [
    'QUARTER',
    '2024-05-30T00:00:00Z',
    '2024-07-02T00:00:00Z',
    ['2024-05-30T00:00:00Z 2024-07-01T00:00:00Z', '2024-07-01T00:00:00Z 2024-07-02T00:00:00Z'],
  ],
  [
    'YEAR',
    '2023-12-30T00:00:00Z',
    '2024-01-02T00:00:00Z',
    ['2023-12-30T00:00:00Z 2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z 2024-01-02T00:00:00Z'],
  ],
])('%s from %s to %s', (frequency, start, end, expected) => {
  expect(bucketsOf(frequency, [start, end])).toEqual(expected);
});

test('days are those of the zone, the one of the clock change has 23 hours', () => {
  expect(bucketsOf('DAY', ['2024-03-31T00:00:00Z', '2024-04-01T00:00:00Z'], 'Europe/London')).toEqual([
    '2024-03-31T00:00:00Z 2024-03-31T23:00:00Z',
    '2024-03-31T23:00:00Z 2024-04-01T00:00:00Z',
  ]);
});
