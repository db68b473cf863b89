import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  dateFromText,
  dateText,
  daysAfter,
  instantFromStored,
  instantFromText,
  instantText,
  startOfDate,
  Temporal,
} from './time.ts';

test.each([
  ['2024-02-29T10:20:30Z', '2024-02-29T10:20:30Z'],
  ['2024-02-29T10:20:30.5Z', '2024-02-29T10:20:30.5Z'],
  ['2024-02-29T10:20:30.123456789Z', '2024-02-29T10:20:30.123456Z'],
  ['2024-02-29t10:20:30z', '2024-02-29T10:20:30Z'],
  ['2024-02-29 10:20:30+02:00', '2024-02-29T08:20:30Z'],
  ['2024-02-29T10:20', '2024-02-29T10:20:00Z'],
  ['2016-12-31T23:59:60Z', '2016-12-31T23:59:59Z'],
  ['1969-12-31T23:59:59.999Z', '1969-12-31T23:59:59.999Z'],
  ['2023-02-29T10:20:30Z', null],
  ['2024-02-30T00:00:00Z', null],
  ['2024-04-31T00:00:00.000Z', null],
  ['2024-02-29T24:00:00Z', null],
  ['2024-02-29T10:60:00Z', null],
  ['2024-13-01T00:00:00Z', null],
  ['2024-02-29', null],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
  ['0000-12-31T23:59:59Z', null],
  ['0000-12-31T23:00:00-02:00', null],
  ['0001-01-01T00:00:00+01:00', null],
  ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
  ['9999-12-31T23:00:00-01:00', null],
])('%s is the instant %s', (text, expected) => {
  const instant = instantFromText(text);
  expect(instant?.toString() ?? null).toBe(expected);
});

const SPAN = 400_000_000_000n * 1_000_000_000n;
const instants = fc
  .tuple(fc.bigInt({ min: -SPAN, max: SPAN }), fc.constantFrom(1n, 1_000n, 1_000_000n, 1_000_000_000n))
  .map(([ns, unit]) => Temporal.Instant.fromEpochNanoseconds((ns / unit) * unit));

test('every instant is written as Temporal writes it', () => {
  fc.assert(
    fc.property(instants, (instant) => {
      expect(instantText(instant)).toBe(instant.toString());
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['2024-02-29 10:20:30+00', '2024-02-29T10:20:30Z'],
  ['2024-02-29 10:20:30.5+00', '2024-02-29T10:20:30.5Z'],
  ['2024-02-29 10:20:30.000001+00', '2024-02-29T10:20:30.000001Z'],
  ['1969-12-31 23:59:59.999999+00', '1969-12-31T23:59:59.999999Z'],
  ['0001-01-01 00:00:00+00', '0001-01-01T00:00:00Z'],
])('PostgreSQL writes %s for %s', (stored, expected) => {
  expect(instantFromStored(stored).toString()).toBe(expected);
});

test('every instant is read from PostgreSQL as Temporal reads it', () => {
  const inYears = instants.filter(
    ({ epochMilliseconds }) => Math.abs(epochMilliseconds) < 60_000_000_000_000,
  );
  fc.assert(
    fc.property(inYears, (instant) => {
      const text = instant.toString({ smallestUnit: 'microsecond' }).replace('T', ' ').replace('Z', '+00');
      expect(instantFromStored(text).equals(Temporal.Instant.from(text))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['2024-02-29', '2024-02-29'],
  ['2024-02-29T23:59:59.999Z', '2024-02-29'],
  ['2024-02-29t00:30:00,5-05:30', '2024-02-29'],
  ['2024-02-29 00:30+0200', '2024-02-29'],
  ['0001-01-01', '0001-01-01'],
  ['9999-12-31T23:59:59-12:00', '9999-12-31'],
  ['0000-12-31', null],
  ['0000-02-29T12:00:00Z', null],
  ['2023-02-29', null],
  ['2023-02-29T00:00:00Z', null],
  ['2024-01-01T99:99:99Z', null],
  ['2024-01-01T24:00:00Z', null],
  ['2024-01-01T12:00:00+99:00', null],
  ['2024-01-01T12', null],
])('%s is of the day %s', (text, day) => {
  expect(dateFromText(text)?.toString() ?? null).toBe(day);
});

test.each([
  ['0001-01-01', 'UTC', '0001-01-01T00:00:00Z'],
  ['0001-01-01', '+01:00', '0001-01-01T00:00:00Z'],
  ['0001-01-02', '+14:00', '0001-01-01T10:00:00Z'],
  ['9999-12-31', '-12:00', '9999-12-31T12:00:00Z'],
])('%s begins in %s at %s', (date, zone, expected) => {
  expect(startOfDate(Temporal.PlainDate.from(date), zone).toString()).toBe(expected);
});

test('every date is written as Temporal writes it, also when it is asked for again', () => {
  const day = fc.integer({ min: -4_000_000, max: 4_000_000 });
  const check = (days: number) => {
    const date = Temporal.PlainDate.from('1970-01-01').add({ days });
    expect([dateText(date), dateText(date)]).toEqual([date.toString(), date.toString()]);
  };
  fc.assert(fc.property(day, check));
});

test.each([
  ['2024-02-28', 1, '2024-02-29'],
  ['2024-02-28', 2, '2024-03-01'],
  ['2024-02-28', 0, '2024-02-28'],
  ['2024-01-01', -1, '2023-12-31'],
  ['2024-01-01', 366, '2025-01-01'],
])('%s and %i days are %s', (date, days, expected) => {
  const from = Temporal.PlainDate.from(date);
  expect([daysAfter(from, days), daysAfter(from, days)].map(String)).toEqual([expected, expected]);
});
