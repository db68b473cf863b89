import { describe, expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { type Instant, Temporal } from '../../kernel/time.ts';
import { timesFraction } from '../money/fraction.ts';
import type { Cycle, Frequency } from './cycle.ts';
import { factorOfAdHoc, prorationFactor } from './proration.ts';

/** Written as `MONTHLY 3 2024-02-29`. */
function cycle(text: string): Cycle {
  const [frequency, interval, epoch] = text.split(' ') as [Frequency, string, string];
  return { frequency, interval: Number.parseInt(interval, 10), epoch: Temporal.PlainDate.from(epoch) };
}

/** A local date, a local date and time, or an exact instant (with Z). */
function at(text: string, zone: string): Instant {
  if (text.endsWith('Z')) return Temporal.Instant.from(text);
  return Temporal.PlainDateTime.from(text).toZonedDateTime(zone).toInstant();
}

function factor(cycleText: string, dates: string, zone = 'UTC'): string {
  const [start, end] = dates.split(' ').map((text) => at(text, zone)) as [Instant, Instant];
  const { numerator, denominator } = prorationFactor(cycle(cycleText), { start, end }, zone);
  return `${numerator}/${denominator}`;
}

const FIRSTS = 'MONTHLY 1 2022-01-01';

describe('the share of a period', () => {
  test.each([
    ['from 11 March', FIRSTS, '2024-03-11 2024-04-01', '21/31'],
    ['up to 12 March', FIRSTS, '2024-03-01 2024-03-12', '11/31'],
    ['from 11 April: 20/30', FIRSTS, '2024-04-11 2024-05-01', '2/3'],
    ['15 to 29 February of a leap year', FIRSTS, '2024-02-15 2024-03-01', '15/29'],
    ['the same of another year', FIRSTS, '2023-02-15 2023-03-01', '1/2'],
    ['a whole month', FIRSTS, '2024-02-01 2024-03-01', '1/1'],
    ['a quarter in months', FIRSTS, '2024-02-01 2024-05-01', '3/1'],
    ['19/31 of a cell and one cell', 'MONTHLY 1 2024-05-20', '2024-04-01 2024-05-20', '50/31'],
    ['after a moved epoch: 14 of 31 days', 'MONTHLY 1 2024-01-15', '2024-06-01 2024-06-15', '14/31'],
    ['month ends: 1 March to 31 March of 31 days', 'MONTHLY 1 2024-01-31', '2024-03-01 2024-03-31', '30/31'],
    ['a quarter of 91 days', 'MONTHLY 3 2024-01-01', '2024-02-01 2024-04-01', '60/91'],
    ['a common year', 'ANNUALLY 1 2023-01-01', '2023-03-01 2024-01-01', '306/365'],
    ['a leap year', 'ANNUALLY 1 2023-01-01', '2024-03-01 2025-01-01', '51/61'],
    ['two weeks', 'WEEKLY 2 2024-01-03', '2024-01-10 2024-01-15', '5/14'],
    ['a day', 'DAILY 1 2022-01-01', '2024-02-29 2024-03-01', '1/1'],
    ['before the epoch', FIRSTS, '2021-11-16 2021-12-01', '1/2'],
    ['a start at noon: 20.5/31', FIRSTS, '2024-03-11T12:00 2024-04-01', '41/62'],
    ['a microsecond', FIRSTS, '2024-04-01 2024-04-01T00:00:00.000001', '1/2592000000000'],
    ['nothing', FIRSTS, '2024-03-11 2024-03-11', '0/1'],
    ['an end before the start', FIRSTS, '2024-03-11 2024-03-10', '0/1'],
  ])('%s', (_name, cycleText, dates, expected) => {
    expect(factor(cycleText, dates)).toBe(expected);
  });
});

describe('changes of the clocks give no day another weight', () => {
  test.each([
    ['the day of 23 hours', 'Europe/London', FIRSTS, '2024-03-31 2024-04-01', '1/31'],
    ['the day of 25 hours', 'Europe/London', FIRSTS, '2024-10-27 2024-10-28', '1/31'],
    ['days on both sides', 'Europe/London', FIRSTS, '2024-03-11 2024-04-01', '21/31'],
    ['noon after the change', 'Europe/London', 'DAILY 1 2022-01-01', '2024-03-31 2024-03-31T12:00', '1/2'],
    ['the day of 23 hours', 'America/New_York', FIRSTS, '2024-03-10 2024-03-11', '1/31'],
    ['the day of 25 hours', 'America/New_York', FIRSTS, '2024-11-03 2024-11-04', '1/30'],
    ['noon of the day of 25 hours', 'America/New_York', FIRSTS, '2024-11-03 2024-11-03T12:00', '1/60'],
    ['a week over the change', 'America/New_York', 'WEEKLY 1 2024-11-01', '2024-11-01 2024-11-08', '1/1'],
    // Midnight does not exist: the day begins at 01:00 and is a whole one nevertheless.
    [
      'a day without midnight',
      'America/Sao_Paulo',
      'DAILY 1 2018-01-01',
      '2018-11-04T01:00 2018-11-05',
      '1/1',
    ],
    ['the day before', 'America/Sao_Paulo', 'DAILY 1 2018-01-01', '2018-11-03 2018-11-04T01:00', '1/1'],
    ['its afternoon', 'America/Sao_Paulo', 'DAILY 1 2018-01-01', '2018-11-04T12:00 2018-11-05', '1/2'],
    // Midnight happens twice: 00:00 on 5 November 2023 in Havana is at 04:00Z and at 05:00Z.
    [
      'a day with two midnights',
      'America/Havana',
      'DAILY 1 2023-01-01',
      '2023-11-05T04:00:00Z 2023-11-06',
      '1/1',
    ],
  ])('%s in %s', (_name, zone, cycleText, dates, expected) => {
    expect(factor(cycleText, dates, zone)).toBe(expected);
  });
});

describe('an hour that happens twice', () => {
  const daily = 'DAILY 1 2022-01-01';

  // In London 01:00 to 02:00 on 27 October 2024 is at 00:00Z and again at 01:00Z.
  test.each([
    ['the first time it counts', '2024-10-27T00:00:00Z 2024-10-27T01:00:00Z', '1/24'],
    ['the second time it does not', '2024-10-27T01:00:00Z 2024-10-27T02:00:00Z', '0/1'],
    [
      'from 01:45 to the second 01:15 a quarter of an hour',
      '2024-10-27T00:45:00Z 2024-10-27T01:15:00Z',
      '1/96',
    ],
    ['after it the clock goes on', '2024-10-27T01:30:00Z 2024-10-27T03:00:00Z', '1/24'],
  ])('%s', (_name, dates, expected) => {
    expect(factor(daily, dates, 'Europe/London')).toBe(expected);
  });

  // In São Paulo midnight of 18 February 2018 was put back to 23:00 of the 17th.
  test('before midnight the day is over after the first time', () => {
    const zone = 'America/Sao_Paulo';
    expect(factor(daily, '2018-02-18T02:00:00Z 2018-02-18T03:00:00Z', zone)).toBe('0/1');
    expect(factor(daily, '2018-02-17 2018-02-18T02:00:00Z', zone)).toBe('1/1');
    expect(factor(daily, '2018-02-18T02:30:00Z 2018-02-19', zone)).toBe('1/1');
  });
});

describe('amounts', () => {
  test.each([
    // 100 × (19/31 + 1)
    ['100', 'MONTHLY 1 2024-05-20', '2024-04-01 2024-05-20', '161.29'],
    ['310', FIRSTS, '2024-03-11 2024-04-01', '210.00'],
    ['31', 'MONTHLY 1 2024-01-15', '2024-06-01 2024-06-15', '14.00'],
    ['90', FIRSTS, '2024-04-11 2024-05-01', '60.00'],
    ['100', FIRSTS, '2024-02-15 2024-03-01', '51.72'],
    ['310', FIRSTS, '2024-03-01 2024-03-12', '110.00'],
    ['620', FIRSTS, '2024-03-12 2024-04-01', '400.00'],
    ['31', FIRSTS, '2024-05-22 2024-06-01', '10.00'],
  ])('%s by %s over %s is %s', (amount, cycleText, dates, expected) => {
    const [start, end] = dates.split(' ').map((text) => at(text, 'UTC')) as [Instant, Instant];
    const share = prorationFactor(cycle(cycleText), { start, end }, 'UTC');
    expect(timesFraction(decimal(amount), share).toFixed(2)).toBe(expected);
  });

  test('without a cycle an amount is charged in full', () => {
    expect(timesFraction(decimal('19.99'), factorOfAdHoc).toFixed()).toBe('19.99');
  });
});
