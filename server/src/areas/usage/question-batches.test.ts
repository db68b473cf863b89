import { describe, expect, test } from 'vitest';
import type { AggregationDefinition, UsageQuery } from '../../engine/metering/usage-query.ts';
import { Temporal } from '../../kernel/time.ts';
import { questionBatches, spanningBatches } from './question-batches.ts';

const SUM: AggregationDefinition = {
  id: 'a',
  meterId: 'm',
  targetField: 'n',
  numericTarget: true,
  method: 'SUM',
  segmentedFields: [],
  segments: [],
  customSql: null,
};

const MONTH = {
  start: Temporal.Instant.from('2024-01-01T00:00Z'),
  end: Temporal.Instant.from('2024-02-01T00:00Z'),
};

function question(key: string, accountIds: readonly string[], rest: Partial<UsageQuery> = {}): UsageQuery {
  return { key, aggregation: SUM, accountIds, ...MONTH, filters: [], ...rest };
}

function keysOf(queries: readonly UsageQuery[]): string[] {
  return questionBatches(queries).map((batch) => batch.map(({ key }) => key).join(' '));
}

function many(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `x${index}`);
}

const later = Temporal.Instant.from('2024-01-02T00:00Z');
const filter = { dimensionCode: 'd', value: 'v', mode: 'INCLUDE' } as const;

describe('questions that go together', () => {
  test.each<[name: string, queries: UsageQuery[], batches: string[]]>([
    ['none', [], []],
    ['of several accounts', [question('1', ['a']), question('2', ['b', 'c'])], ['1 2']],
    [
      'of equal definitions',
      [question('1', ['a']), question('2', ['b'], { aggregation: { ...SUM } })],
      ['1 2'],
    ],
    [
      'but not of others',
      [question('1', ['a']), question('2', ['b'], { aggregation: { ...SUM, method: 'MAX' } })],
      ['1', '2'],
    ],
    ['nor of another start', [question('1', ['a']), question('2', ['b'], { start: later })], ['1', '2']],
    ['nor of another end', [question('1', ['a']), question('2', ['b'], { end: later })], ['1', '2']],
    ['nor with filters', [question('1', ['a']), question('2', ['b'], { filters: [filter] })], ['1', '2']],
    [
      'nor where an account is absent for a time; those are asked together too',
      [
        question('1', ['a']),
        question('2', ['b'], { absences: [{ ...MONTH, accountId: 'b' }] }),
        question('3', ['c'], { absences: [{ ...MONTH, accountId: 'c' }] }),
      ],
      ['1', '2 3'],
    ],
    [
      'nor of one account: a pool and the shares in it are asked apart',
      [question('pool', ['a', 'b']), question('a', ['a']), question('b', ['b']), question('c', ['c'])],
      ['pool c', 'a b'],
    ],
    [
      'nor once more of the same account',
      [question('1', ['a']), question('2', ['a']), question('3', ['a', 'b']), question('4', ['b'])],
      ['1', '2', '3', '4'],
    ],
    [
      'up to ten thousand accounts',
      [question('1', many(9_999)), question('2', ['a', 'b']), question('3', ['c']), question('4', ['d'])],
      ['1 3', '2 4'],
    ],
    ['but one pool may be larger', [question('1', many(20_000)), question('2', ['a'])], ['1', '2']],
  ])('are those %s', (_name, queries, batches) => {
    expect(keysOf(queries)).toEqual(batches);
  });

  test('are found in a time that grows with their number only', () => {
    const segments = Array.from({ length: 1000 }, (_, index) => ({ field: `value ${index}` }));
    const aggregation = { ...SUM, segmentedFields: ['field'], segments };
    const queries = many(50_000).map((id) => question(id, [id], { aggregation }));
    const begin = performance.now();
    const batches = questionBatches(queries);
    expect(performance.now() - begin).toBeLessThan(5_000);
    expect(batches.map((batch) => batch.length)).toEqual([10_000, 10_000, 10_000, 10_000, 10_000]);
  });
});

function monthly(account: string, months: readonly number[]): UsageQuery[] {
  return months.map((month) =>
    question(`${account}${month}`, [account], {
      start: Temporal.Instant.from(`2024-0${month}-01T00:00Z`),
      end: Temporal.Instant.from(`2024-0${month + 1}-01T00:00Z`),
    }),
  );
}

describe('questions about many windows of the same accounts', () => {
  test.each<[name: string, queries: UsageQuery[], batches: string[], others: string]>([
    [
      'are one batch for all accounts, whatever their months',
      [...monthly('a', [1, 2, 3]), ...monthly('b', [2, 3, 4, 5])],
      ['a1 a2 a3 b2 b3 b4 b5'],
      '',
    ],
    ['are left to others when there are two', monthly('a', [1, 2]), [], 'a1 a2'],
    [
      'are left to others when they overlap',
      [...monthly('a', [1, 2, 3]), question('half', ['a'], { end: later })],
      [],
      'a1 a2 a3 half',
    ],
    [
      'are another batch for an account that is in a pool too',
      [...monthly('a', [1, 2, 3]), ...monthly('a', [1, 2, 3]).map((row) => pooled(row, 'b'))],
      ['a1 a2 a3', 'a1+b a2+b a3+b'],
      '',
    ],
  ])('%s', (_, queries, expected, rest) => {
    const { batches, others } = spanningBatches(queries);
    expect(batches.map(keysIn)).toEqual(expected);
    expect(keysIn(others)).toBe(rest);
  });
});

function pooled(query: UsageQuery, account: string): UsageQuery {
  return { ...query, key: `${query.key}+${account}`, accountIds: [...query.accountIds, account] };
}

function keysIn(queries: readonly UsageQuery[]): string {
  return queries.map(({ key }) => key).join(' ');
}
