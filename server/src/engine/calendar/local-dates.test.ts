import { describe, expect, test } from 'vitest';
import { type Instant, Temporal } from '../../kernel/time.ts';
import { clippedSpan, dateOfEnd, dateOfStart, instantsOf } from './local-dates.ts';

function instant(text: string): Instant {
  return Temporal.Instant.from(text);
}

describe('the local dates of a start and an end', () => {
  test.each([
    ['midnight', '2024-06-01T00:00:00Z', 'UTC', '2024-06-01', '2024-06-01'],
    ['noon', '2024-06-01T12:00:00Z', 'UTC', '2024-06-01', '2024-06-02'],
    ['the first moment after midnight', '2024-06-01T00:00:00.000001Z', 'UTC', '2024-06-01', '2024-06-02'],
    ['the last moment before midnight', '2024-05-31T23:59:59.999999Z', 'UTC', '2024-05-31', '2024-06-01'],
    ['midnight in London', '2024-05-31T23:00:00Z', 'Europe/London', '2024-06-01', '2024-06-01'],
    ['midnight UTC, 1 h in London', '2024-06-01T00:00:00Z', 'Europe/London', '2024-06-01', '2024-06-02'],
    ['midnight in New York', '2024-12-01T05:00:00Z', 'America/New_York', '2024-12-01', '2024-12-01'],
    [
      'midnight UTC, the evening before',
      '2024-12-01T00:00:00Z',
      'America/New_York',
      '2024-11-30',
      '2024-12-01',
    ],
    // On 2018-11-04 the clocks of São Paulo went from 00:00 to 01:00.
    ['a day that starts at 1', '2018-11-04T03:00:00Z', 'America/Sao_Paulo', '2018-11-04', '2018-11-04'],
  ])('%s', (_name, at, zone, start, end) => {
    expect(dateOfStart(instant(at), zone).toString()).toBe(start);
    expect(dateOfEnd(instant(at), zone).toString()).toBe(end);
  });
});

describe('the instants of a month', () => {
  test.each([
    ['2024-03-01', '2024-04-01', 'Europe/London', '2024-03-01T00:00:00Z', '2024-03-31T23:00:00Z'],
    ['2024-10-01', '2024-11-01', 'Europe/London', '2024-09-30T23:00:00Z', '2024-11-01T00:00:00Z'],
    ['2024-11-01', '2024-12-01', 'America/New_York', '2024-11-01T04:00:00Z', '2024-12-01T05:00:00Z'],
    ['2018-11-04', '2018-11-05', 'America/Sao_Paulo', '2018-11-04T03:00:00Z', '2018-11-05T02:00:00Z'],
    ['2024-05-01', '2024-06-01', '+01:00', '2024-04-30T23:00:00Z', '2024-05-31T23:00:00Z'],
  ])('%s to %s in %s', (start, end, zone, first, last) => {
    const dates = { start: Temporal.PlainDate.from(start), end: Temporal.PlainDate.from(end) };
    const span = instantsOf(dates, zone);
    expect([span.start.toString(), span.end.toString()]).toEqual([first, last]);
  });
});

describe('clippedSpan', () => {
  const may = { start: instant('2024-05-01T00:00:00Z'), end: instant('2024-06-01T00:00:00Z') };

  function clipped(...others: [string, string | null][]): string | null {
    const spans = others.map(([start, end]) => ({
      start: instant(start),
      end: end === null ? null : instant(end),
    }));
    const span = clippedSpan(may, spans);
    return span && `${span.start} ${span.end}`;
  }

  test.each<[string, [string, string | null][], string | null]>([
    ['nothing cuts it', [], '2024-05-01T00:00:00Z 2024-06-01T00:00:00Z'],
    ['a start inside', [['2024-05-11T12:00:00Z', null]], '2024-05-11T12:00:00Z 2024-06-01T00:00:00Z'],
    [
      'an account plan and a contract',
      [
        ['2024-05-11T00:00:00Z', '2024-05-25T00:00:00Z'],
        ['2024-01-01T00:00:00Z', '2024-05-20T00:00:00Z'],
      ],
      '2024-05-11T00:00:00Z 2024-05-20T00:00:00Z',
    ],
    ['an end at its beginning', [['2024-01-01T00:00:00Z', '2024-05-01T00:00:00Z']], null],
    ['a start at its end', [['2024-06-01T00:00:00Z', null]], null],
  ])('%s', (_name, others, expected) => {
    expect(clipped(...others)).toBe(expected);
  });
});
