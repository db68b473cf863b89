import { describe, expect, test } from 'vitest';
import { type PlainDate, Temporal } from '../../kernel/time.ts';
import { type EpochTable, effectiveEpoch } from './epoch.ts';

function date(text: string): PlainDate {
  return Temporal.PlainDate.from(text);
}

const ORGANIZATION: EpochTable = {
  dayEpoch: date('2022-01-01'),
  weekEpoch: date('2022-01-04'),
  monthEpoch: date('2022-01-02'),
  yearEpoch: date('2022-01-03'),
};
const JOB: EpochTable = { dayEpoch: null, weekEpoch: null, monthEpoch: date('2022-06-15'), yearEpoch: null };
const TABLES = [JOB, ORGANIZATION];

describe('a plan charge', () => {
  test.each([
    ['its account plan', date('2024-01-31'), date('2024-01-20'), '2024-01-31'],
    ['else its account', null, date('2024-01-20'), '2024-01-20'],
    ['else the job', null, null, '2022-06-15'],
  ])('takes the epoch of %s', (_name, accountPlan, account, expected) => {
    expect(effectiveEpoch('MONTHLY', { own: [accountPlan, account], tables: TABLES }).toString()).toBe(
      expected,
    );
  });

  test.each([
    ['DAILY', '2022-01-01'],
    ['WEEKLY', '2022-01-04'],
    ['MONTHLY', '2022-01-02'],
    ['ANNUALLY', '2022-01-03'],
  ] as const)('%s takes the epoch of the organization for its frequency: %s', (frequency, expected) => {
    expect(effectiveEpoch(frequency, { own: [null, null], tables: [ORGANIZATION] }).toString()).toBe(
      expected,
    );
  });

  test('a job that names another epoch leaves the frequency to the organization', () => {
    expect(effectiveEpoch('WEEKLY', { own: [], tables: TABLES }).toString()).toBe('2022-01-04');
  });
});

test('an organization without an epoch is a bug', () => {
  expect(() => effectiveEpoch('DAILY', { own: [null], tables: [JOB] })).toThrow('organization dayEpoch');
});
