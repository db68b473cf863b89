import { describe, expect, test } from 'vitest';
import { type PlainDate, Temporal } from '../../kernel/time.ts';
import {
  adHocPeriod,
  type BillingAttachment,
  billDates,
  firstBillDate,
  isBillDate,
  lastBillDate,
  nextBillDate,
  periodClosedBy,
  periodOpenedBy,
} from './billing-periods.ts';
import type { Frequency } from './cycle.ts';

function date(text: string): PlainDate {
  return Temporal.PlainDate.from(text);
}

/** Written as `MONTHLY 1 2022-01-01 from 2024-03-11 to 2024-06-01`, the last two words if it ends. */
function attachment(text: string): BillingAttachment {
  const [frequency, interval, epoch, , start, , end] = text.split(' ') as [Frequency, ...string[]];
  return {
    cycle: { frequency, interval: Number.parseInt(interval ?? '', 10), epoch: date(epoch ?? '') },
    start: date(start ?? ''),
    end: end === undefined ? null : date(end),
  };
}

function closed(text: string, billDate: string, earlierEnd: string | null = null): string {
  const period = periodClosedBy(
    attachment(text),
    date(billDate),
    earlierEnd === null ? null : date(earlierEnd),
  );
  return period === null ? 'none' : `${period.index}: ${period.start} ${period.end}`;
}

function opened(text: string, billDate: string): string {
  const period = periodOpenedBy(attachment(text), date(billDate));
  return period === null ? 'none' : `${period.index}: ${period.start} ${period.end}`;
}

describe('the period that a bill closes', () => {
  test.each([
    [
      'starting between grid dates',
      'MONTHLY 1 2022-01-01 from 2024-03-11',
      '2024-04-01',
      '0: 2024-03-01 2024-04-01',
    ],
    ['the second bill', 'MONTHLY 1 2022-01-01 from 2024-03-11', '2024-05-01', '1: 2024-04-01 2024-05-01'],
    [
      'starting on a grid date',
      'MONTHLY 1 2022-01-01 from 2024-04-01',
      '2024-05-01',
      '0: 2024-04-01 2024-05-01',
    ],
    ['not on its own start', 'MONTHLY 1 2022-01-01 from 2024-04-01', '2024-04-01', 'none'],
    ['not before its start', 'MONTHLY 1 2022-01-01 from 2024-04-01', '2024-03-01', 'none'],
    ['not off the grid', 'MONTHLY 1 2022-01-01 from 2024-04-01', '2024-05-02', 'none'],
    ['a long first period', 'MONTHLY 1 2024-05-20 from 2024-04-01', '2024-05-20', '0: 2024-04-01 2024-05-20'],
    ['the one after it', 'MONTHLY 1 2024-05-20 from 2024-04-01', '2024-06-20', '1: 2024-05-20 2024-06-20'],
    ['nothing before the epoch', 'MONTHLY 1 2024-05-20 from 2024-04-01', '2024-04-20', 'none'],
    [
      'a first period of one cell',
      'MONTHLY 1 2024-05-20 from 2024-05-02',
      '2024-05-20',
      '0: 2024-04-20 2024-05-20',
    ],
    // The weekly epoch is two whole weeks after the start of the plan.
    ['three weeks at once', 'WEEKLY 1 2024-01-24 from 2024-01-05', '2024-01-24', '0: 2024-01-05 2024-01-24'],
    ['month ends', 'MONTHLY 1 2024-01-31 from 2024-02-10', '2024-03-31', '1: 2024-02-29 2024-03-31'],
    [
      'quarters over February',
      'MONTHLY 3 2024-02-29 from 2024-12-01',
      '2025-02-28',
      '0: 2024-11-29 2025-02-28',
    ],
    ['leap years', 'ANNUALLY 1 2024-02-29 from 2024-02-29', '2025-02-28', '0: 2024-02-29 2025-02-28'],
    ['two weeks', 'WEEKLY 2 2024-01-03 from 2024-01-10', '2024-01-17', '0: 2024-01-03 2024-01-17'],
    ['days', 'DAILY 1 2022-01-01 from 2024-02-28', '2024-03-01', '1: 2024-02-29 2024-03-01'],
    ['ten days', 'DAILY 10 2024-02-25 from 2024-02-28', '2024-03-06', '0: 2024-02-25 2024-03-06'],
  ])('%s', (_name, given, billDate, expected) => {
    expect(closed(given, billDate)).toBe(expected);
  });

  test.each([
    // Monthly bills up to 1 June, then the epoch is moved to the 15th: 14 of 31 days.
    [
      'an epoch moved',
      'MONTHLY 1 2024-01-15 from 2024-01-01',
      '2024-06-15',
      '2024-06-01',
      '2024-06-01 2024-06-15',
    ],
    [
      'into the future',
      'MONTHLY 1 2024-09-20 from 2024-01-01',
      '2024-09-20',
      '2024-06-01',
      '2024-06-01 2024-09-20',
    ],
    [
      'monthly to annual',
      'ANNUALLY 1 2022-01-01 from 2024-01-01',
      '2025-01-01',
      '2024-06-01',
      '2024-06-01 2025-01-01',
    ],
    [
      'annual to monthly',
      'MONTHLY 1 2022-01-15 from 2023-01-01',
      '2024-01-15',
      '2024-01-01',
      '2024-01-01 2024-01-15',
    ],
    [
      'no change',
      'MONTHLY 1 2022-01-01 from 2024-01-01',
      '2024-06-01',
      '2024-05-01',
      '2024-05-01 2024-06-01',
    ],
    [
      'a gap in the bills',
      'MONTHLY 1 2022-01-01 from 2024-01-01',
      '2024-06-01',
      '2024-03-01',
      '2024-05-01 2024-06-01',
    ],
  ])('after %s', (_name, given, billDate, earlierEnd, expected) => {
    expect(closed(given, billDate, earlierEnd).split(': ')[1]).toBe(expected);
  });

  test('an earlier bill that ends on the date itself is a bug', () => {
    expect(() => closed('MONTHLY 1 2022-01-01 from 2024-01-01', '2024-06-01', '2024-06-01')).toThrow(
      'earlier bill',
    );
  });
});

describe('the period that a bill opens', () => {
  test.each([
    ['on the own start', 'MONTHLY 1 2022-01-01 from 2024-05-01', '2024-05-01', '0: 2024-05-01 2024-06-01'],
    ['on the bill after', 'MONTHLY 1 2022-01-01 from 2024-05-01', '2024-06-01', '1: 2024-06-01 2024-07-01'],
    ['beside the catch-up', 'MONTHLY 1 2022-01-01 from 2024-05-22', '2024-06-01', '1: 2024-06-01 2024-07-01'],
    [
      'on the epoch, after a long first one',
      'MONTHLY 1 2024-05-20 from 2024-04-01',
      '2024-05-20',
      '1: 2024-05-20 2024-06-20',
    ],
    [
      'starting on the epoch',
      'MONTHLY 1 2024-05-20 from 2024-05-20',
      '2024-05-20',
      '0: 2024-05-20 2024-06-20',
    ],
    ['nothing before the start', 'MONTHLY 1 2022-01-01 from 2024-05-22', '2024-05-01', 'none'],
    ['nothing before the epoch', 'MONTHLY 1 2024-05-20 from 2024-04-01', '2024-04-20', 'none'],
    ['nothing off the grid', 'MONTHLY 1 2022-01-01 from 2024-05-01', '2024-05-02', 'none'],
    [
      'the last one',
      'MONTHLY 1 2022-01-01 from 2024-05-01 to 2024-07-02',
      '2024-07-01',
      '2: 2024-07-01 2024-08-01',
    ],
    ['nothing at the end', 'MONTHLY 1 2022-01-01 from 2024-05-01 to 2024-07-01', '2024-07-01', 'none'],
    ['nothing after the end', 'MONTHLY 1 2022-01-01 from 2024-05-01 to 2024-07-02', '2024-08-01', 'none'],
  ])('%s', (_name, given, billDate, expected) => {
    expect(opened(given, billDate)).toBe(expected);
  });
});

describe('bill dates', () => {
  const bounded = 'MONTHLY 1 2022-01-01 from 2024-04-01 to 2024-06-11';

  test.each([
    ['arrears: not the own start', bounded, '2024-04-01', false],
    ['arrears: a cycle later', bounded, '2024-05-01', true],
    ['arrears: the first grid date after the end', bounded, '2024-07-01', true],
    ['arrears: none after that', bounded, '2024-08-01', false],
    ['arrears: off the grid', bounded, '2024-05-15', false],
    [
      'arrears: the epoch of one that ended before it',
      'MONTHLY 1 2024-05-20 from 2024-03-01 to 2024-04-02',
      '2024-05-20',
      true,
    ],
    ['arrears: none after it', 'MONTHLY 1 2024-05-20 from 2024-03-01 to 2024-04-02', '2024-06-20', false],
  ])('%s', (_name, given, day, expected) => {
    expect(isBillDate(attachment(given), date(day), { advance: false })).toBe(expected);
  });

  test.each([
    ['the own start', bounded, '2024-04-01', true],
    ['the last bill, though nothing begins with it', bounded, '2024-07-01', true],
    ['none after it', bounded, '2024-08-01', false],
    ['none off the grid', bounded, '2024-04-15', false],
    ['an own start before the epoch', 'MONTHLY 1 2024-05-01 from 2024-04-01', '2024-04-01', false],
  ])('in advance: %s', (_name, given, day, expected) => {
    expect(isBillDate(attachment(given), date(day), { advance: true })).toBe(expected);
  });

  test.each([
    ['an end at midnight of a grid date', '2024-06-01', '2024-06-01'],
    // An end at noon of 1 June is given as 2 June: what happened that morning is on the bill of 1 July.
    ['an end during a grid date', '2024-06-02', '2024-07-01'],
    ['an end between', '2024-06-15', '2024-07-01'],
  ])('%s is billed last on %s', (_name, end, expected) => {
    const ending = attachment(`MONTHLY 1 2022-01-01 from 2024-04-11 to ${end}`);
    expect(lastBillDate(ending)?.toString()).toBe(expected);
    expect(firstBillDate(ending).toString()).toBe('2024-05-01');
  });

  test('an open attachment has no last bill', () => {
    expect(lastBillDate(attachment('MONTHLY 1 2022-01-01 from 2024-04-11'))).toBeNull();
  });

  test.each([
    [
      'a part of them',
      'MONTHLY 1 2022-01-01 from 2024-01-01',
      '2024-02-02',
      '2024-05-01',
      '2024-03-01 2024-04-01',
    ],
    ['all of them', bounded, '2020-01-01', '2030-01-01', '2024-05-01 2024-06-01 2024-07-01'],
    ['the first of the span counts', bounded, '2024-05-01', '2024-05-02', '2024-05-01'],
    ['the end of the span does not', bounded, '2024-05-02', '2024-06-01', ''],
    [
      'from the epoch on',
      'MONTHLY 1 2024-05-20 from 2024-04-01',
      '2024-01-01',
      '2024-07-01',
      '2024-05-20 2024-06-20',
    ],
  ])('of a span: %s', (_name, given, from, to, expected) => {
    expect(billDates(attachment(given), date(from), date(to)).join(' ')).toBe(expected);
  });
});

describe('the next bill', () => {
  const bounded = 'MONTHLY 1 2022-01-01 from 2024-04-11 to 2024-06-11';

  test.each([
    ['2024-01-01', '2024-05-01'],
    ['2024-05-01', '2024-05-01'],
    ['2024-05-02', '2024-06-01'],
    ['2024-07-02', undefined],
  ])('on or after %s is that of %s', (day, expected) => {
    expect(nextBillDate(attachment(bounded), date(day))?.toString()).toBe(expected);
  });
});

describe('a bill without a grid', () => {
  test.each([
    ['from the start', '2024-03-11', '2024-05-02', null, '2024-03-11 2024-05-02'],
    ['from the latest bill', '2024-03-11', '2024-05-02', '2024-04-20', '2024-04-20 2024-05-02'],
    ['nothing on the day of the start', '2024-05-02', '2024-05-02', null, 'none'],
  ])('%s', (_name, start, billDate, earlierEnd, expected) => {
    const period = adHocPeriod(date(start), date(billDate), earlierEnd === null ? null : date(earlierEnd));
    expect(period === null ? 'none' : `${period.start} ${period.end}`).toBe(expected);
  });
});
