import { expect, test } from 'vitest';
import { day } from '../../../test/support/bill-facts.ts';
import type { Cycle } from '../calendar/cycle.ts';
import { type FeeTerms, feeInstalments } from './fee-instalments.ts';

const MONTHLY: Cycle = { frequency: 'MONTHLY', interval: 1, epoch: day('2022-01-01') };
const QUARTERLY: Cycle = { ...MONTHLY, interval: 3 };

const EVERY_BILL = { cycle: MONTHLY, inAdvance: false, interval: 1, offset: 0 };

/** Date, weight and service of each fee, of the year 2025 unless told otherwise. */
function instalments(fields: Partial<FeeTerms>): readonly string[] {
  const year = { start: day('2025-01-01'), end: day('2026-01-01') };
  return feeInstalments({ ...year, ...EVERY_BILL, ...fields }).map(({ date, weight, service }) => {
    const share = `${weight.numerator.toFixed()}/${weight.denominator.toFixed()}`;
    return `${date} ${share} ${service.start}..${service.end}`;
  });
}

test('a year in arrears has twelve equal fees, each at the end of its month', () => {
  const fees = instalments({});
  expect(fees).toHaveLength(12);
  expect(fees[0]).toBe('2025-02-01 1/1 2025-01-01..2025-02-01');
  expect(fees.at(-1)).toBe('2026-01-01 1/1 2025-12-01..2026-01-01');
});

test('a year in advance has twelve equal fees, each at the start of its month', () => {
  const fees = instalments({ inAdvance: true });
  expect(fees).toHaveLength(12);
  expect(fees[0]).toBe('2025-01-01 1/1 2025-01-01..2025-02-01');
  expect(fees.at(-1)).toBe('2025-12-01 1/1 2025-12-01..2026-01-01');
});

test('a term in mid-month has parts of months at its ends', () => {
  const term = { start: day('2025-01-15'), end: day('2026-01-15') };
  const arrears = instalments(term);
  expect(arrears).toHaveLength(13);
  // 15 to 31 January are 17 days of 31, 1 to 14 January are 14.
  expect([arrears[0], arrears[12]]).toEqual([
    '2025-02-01 17/31 2025-01-15..2025-02-01',
    '2026-02-01 14/31 2026-01-01..2026-01-15',
  ]);
  const advance = instalments({ ...term, inAdvance: true });
  expect(advance).toHaveLength(12);
  // The first catches up: 17/31 + 1 = 48/31.
  expect([advance[0], advance[11]]).toEqual([
    '2025-02-01 48/31 2025-01-15..2025-03-01',
    '2026-01-01 14/31 2026-01-01..2026-01-15',
  ]);
});

test.each([
  // interval, offset, dates of quarterly bills
  [2, 0, ['2025-04-01 1/1 2025-01-01..2025-04-01', '2025-10-01 1/1 2025-04-01..2026-01-01']],
  [2, 1, ['2025-07-01 1/1 2025-01-01..2025-07-01', '2026-01-01 1/1 2025-07-01..2026-01-01']],
  [9, 3, ['2026-01-01 1/1 2025-01-01..2026-01-01']],
  [1, 9, ['2026-01-01 1/1 2025-01-01..2026-01-01']],
])('with interval %i and offset %i fees are on some bills only', (interval, offset, expected) => {
  expect(instalments({ cycle: QUARTERLY, interval, offset })).toEqual(expected);
});

test.each([
  [false, ['2025-03-01 9/28 2025-02-01..2025-02-10']],
  [true, ['2025-02-01 9/28 2025-02-01..2025-02-10']],
])('a term within a month has one fee (in advance: %s)', (inAdvance, expected) => {
  const fees = instalments({ start: day('2025-02-01'), end: day('2025-02-10'), inAdvance });
  expect(fees).toEqual(expected);
});

test('a term before the first date in advance is billed on that date', () => {
  const term = { start: day('2025-02-05'), end: day('2025-02-10'), inAdvance: true };
  expect(instalments(term)).toEqual(['2025-03-01 5/28 2025-02-05..2025-02-10']);
});

test('nothing is billed before the epoch', () => {
  const cycle = { ...MONTHLY, epoch: day('2025-03-15') };
  const fees = instalments({ cycle, end: day('2025-04-15') });
  // January 1 to 15 are 14 days of 31, then two whole months.
  expect(fees).toEqual(['2025-03-15 76/31 2025-01-01..2025-03-15', '2025-04-15 1/1 2025-03-15..2025-04-15']);
});

test.each([
  [false, '2026-01-01 1/1 2025-01-01..2026-01-01'],
  [true, '2025-01-01 1/1 2025-01-01..2026-01-01'],
])('a plan without a cycle makes one fee (in advance: %s)', (inAdvance, expected) => {
  expect(instalments({ cycle: null, inAdvance })).toEqual([expected]);
});
