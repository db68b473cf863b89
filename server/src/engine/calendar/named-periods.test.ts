import { expect, test } from 'vitest';
import { Temporal } from '../../kernel/time.ts';
import { NAMED_PERIODS, type NamedPeriod, namedPeriod } from './named-periods.ts';

/** 2024-06-12 is a Wednesday, 2024-02-29 a Thursday, 2025-01-01 a Wednesday, 2024-06-10 a Monday. */
test.each<[NamedPeriod, string, string, string]>([
  ['TODAY', '2024-06-12T10:20:30Z', '2024-06-12', '2024-06-12T10:20:30Z'],
  ['TODAY', '2024-06-12T00:00:00Z', '2024-06-12', '2024-06-12'],
  ['YESTERDAY', '2024-03-01T00:00:00Z', '2024-02-29', '2024-03-01'],
  ['WEEK_TO_DATE', '2024-06-12T10:20:30Z', '2024-06-10', '2024-06-12T10:20:30Z'],
  ['WEEK_TO_DATE', '2024-06-10T01:00:00Z', '2024-06-10', '2024-06-10T01:00:00Z'],
  ['MONTH_TO_DATE', '2024-06-12T10:20:30Z', '2024-06-01', '2024-06-12T10:20:30Z'],
  ['YEAR_TO_DATE', '2024-06-12T10:20:30Z', '2024-01-01', '2024-06-12T10:20:30Z'],
  ['PREVIOUS_WEEK', '2024-06-12T10:20:30Z', '2024-06-03', '2024-06-10'],
  ['PREVIOUS_WEEK', '2024-06-16T23:59:59Z', '2024-06-03', '2024-06-10'],
  ['PREVIOUS_WEEK', '2024-06-10T00:00:00Z', '2024-06-03', '2024-06-10'],
  ['PREVIOUS_MONTH', '2024-03-31T12:00:00Z', '2024-02-01', '2024-03-01'],
  ['PREVIOUS_MONTH', '2025-01-01T00:00:00Z', '2024-12-01', '2025-01-01'],
  ['PREVIOUS_QUARTER', '2024-06-12T10:20:30Z', '2024-01-01', '2024-04-01'],
  ['PREVIOUS_QUARTER', '2024-03-31T10:20:30Z', '2023-10-01', '2024-01-01'],
  ['PREVIOUS_QUARTER', '2024-12-31T10:20:30Z', '2024-07-01', '2024-10-01'],
  ['PREVIOUS_YEAR', '2024-06-12T10:20:30Z', '2023-01-01', '2024-01-01'],
  ['LAST_12_HOURS', '2024-06-12T10:20:30Z', '2024-06-11T22:00:00Z', '2024-06-12T10:00:00Z'],
  ['LAST_7_DAYS', '2024-06-12T10:20:30Z', '2024-06-05', '2024-06-12'],
  ['LAST_30_DAYS', '2024-06-15T23:00:00Z', '2024-05-16', '2024-06-15'],
  ['LAST_35_DAYS', '2024-06-15T00:00:00Z', '2024-05-11', '2024-06-15'],
  ['LAST_90_DAYS', '2024-06-15T00:00:00Z', '2024-03-17', '2024-06-15'],
  ['LAST_120_DAYS', '2024-06-15T00:00:00Z', '2024-02-16', '2024-06-15'],
  ['LAST_YEAR', '2024-06-15T08:00:00Z', '2023-06-16', '2024-06-15'],
])('%s at %s is [%s, %s)', (name, at, start, end) => {
  const { start: from, end: to } = namedPeriod(name, Temporal.Instant.from(at));
  expect([from.toString(), to.toString()]).toEqual([instant(start), instant(end)]);
});

test('no period reaches beyond the instant it is asked at', () => {
  const at = Temporal.Instant.from('2026-03-15T13:14:15.000016Z');
  for (const name of NAMED_PERIODS) {
    const { start, end } = namedPeriod(name, at);
    expect(Temporal.Instant.compare(end, at), name).toBeLessThanOrEqual(0);
    expect(Temporal.Instant.compare(start, end), name).toBeLessThan(0);
  }
});

function instant(text: string): string {
  return Temporal.Instant.from(text.length === 10 ? `${text}T00:00Z` : text).toString();
}
