import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aggregateUsage } from '../../src/areas/usage/index.ts';
import { batchText, MEASUREMENT_COLUMNS, measurementLine } from '../../src/areas/usage/measurement-row.ts';
import type { Context } from '../../src/context.ts';
import type {
  AggregationMethod,
  Segment,
  UsageFilter,
  UsageQuery,
} from '../../src/engine/metering/usage-query.ts';
import { type Decimal, decimal, maxOf, minOf, sumOf } from '../../src/kernel/decimal.ts';
import { newId } from '../../src/kernel/ids.ts';
import { Temporal } from '../../src/kernel/time.ts';
import { openTestContext } from '../support/stores.ts';

let ctx: Context;
beforeAll(async () => {
  ctx = await openTestContext();
});
afterAll(() => ctx.close());

const ORG = newId();
const ACCOUNTS = [newId(), newId(), newId()] as const;
const FIELDS = ['region', 'tier'] as const;
/** Odd values in particular must be told apart. */
const VALUES = ['eu', 'EU', '', "it's", 'a\\\t'] as const;
/** Both sides of a window's bounds, across the end of a year. */
const TIMES = [-1, 0, 1, 999, 1000, 1001, 1999, 2000].map((ms) => Date.UTC(2024, 0, 1) + ms);
const [START, MIDDLE, END] = [TIMES[1], TIMES[4], TIMES[7]] as [number, number, number];

type Measured = {
  readonly account: string;
  readonly tsMs: number;
  readonly batch: number;
  /** Null when it could not be calculated. */
  readonly v: Decimal | null;
  readonly texts: { readonly [field: string]: string | null };
};

const number = fc
  .tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.integer({ min: 0, max: 6 }))
  .map(([digits, scale]) => decimal(digits).div(decimal(10).pow(scale)));

const measured: fc.Arbitrary<Measured> = fc.record({
  account: fc.constantFrom(...ACCOUNTS),
  tsMs: fc.constantFrom(...TIMES),
  batch: fc.integer({ min: 0, max: 2 }),
  v: fc.option(number, { freq: 6 }),
  texts: fc.record({
    region: fc.option(fc.constantFrom(...VALUES), { freq: 4 }),
    tier: fc.option(fc.constantFrom(...VALUES), { freq: 4 }),
  }),
});

const segment: fc.Arbitrary<Segment> = fc.record({
  region: fc.constantFrom('*', ...VALUES),
  tier: fc.constantFrom('*', ...VALUES),
});
const segments = fc.uniqueArray(segment, { minLength: 1, maxLength: 12, selector: nameOf });
const filters: fc.Arbitrary<UsageFilter[]> = fc.array(
  fc.record({
    dimensionCode: fc.constantFrom(...FIELDS, 'planet'),
    value: fc.constantFrom(...VALUES),
    mode: fc.constantFrom('INCLUDE', 'EXCLUDE'),
  }),
  { maxLength: 3 },
);

function nameOf(value: Segment | null): string {
  return JSON.stringify(value && FIELDS.map((field) => value[field]));
}

/** Stores the measurements for a meter of their own. Batches are received one after the other. */
async function store(rows: readonly Measured[]): Promise<string> {
  const meterId = newId();
  const batches = [newId(), newId(), newId()];
  const lines = rows.map(({ account, tsMs, batch, v, texts }, position) =>
    measurementLine({
      batch: batchText({
        ...{ orgId: ORG, insertId: meterId, batchId: batches[batch] ?? '', source: 'API' },
        receivedAt: Temporal.Instant.fromEpochMilliseconds(1_700_000_000_000 + batch),
      }),
      ...{ meterId, accountId: account, tsMs, etsMs: null, uid: newId(), position },
      ...{ failedFields: [], undeclared: '' },
      measures: v === null ? [] : [['v', v]],
      dimensions: Object.entries(texts).flatMap(([field, text]) => (text === null ? [] : [[field, text]])),
    }),
  );
  await ctx.clickhouse.insert({
    table: 'measurement',
    columns: MEASUREMENT_COLUMNS,
    values: Readable.from([lines.join('')], { objectMode: false }),
    format: 'TabSeparated',
  });
  return meterId;
}

type Asked = {
  readonly method: AggregationMethod;
  readonly segments: readonly Segment[];
  readonly filters: readonly UsageFilter[];
  readonly accounts: readonly string[];
  readonly window: readonly [startMs: number, endMs: number];
};

const METHODS = ['SUM', 'MIN', 'MAX', 'COUNT', 'LATEST', 'MEAN', 'UNIQUE'] as const;
/** All together and each alone, which cannot be one query. */
const POOLS = [ACCOUNTS, ...ACCOUNTS.map((id) => [id])] as const;

function queryOf(meterId: string, asked: Asked): UsageQuery {
  const { method } = asked;
  const instant = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms);
  return {
    key: JSON.stringify(asked),
    aggregation: {
      ...{ id: newId(), meterId, method, customSql: null, segments: asked.segments },
      targetField: method === 'UNIQUE' ? 'region' : 'v',
      numericTarget: method !== 'UNIQUE',
      segmentedFields: asked.segments.length > 0 ? FIELDS : [],
    },
    accountIds: asked.accounts,
    start: instant(asked.window[0]),
    end: instant(asked.window[1]),
    filters: asked.filters,
  };
}

/** The answers of the store as text, by question and segment. */
async function answered(meterId: string, questions: readonly Asked[]): Promise<Record<string, string>[]> {
  const queries = questions.map((asked) => queryOf(meterId, asked));
  const answers = await aggregateUsage(ctx, ORG, queries);
  return queries.map(({ key }) =>
    Object.fromEntries((answers.get(key) ?? []).map((item) => [nameOf(item.segment), String(item.value)])),
  );
}

/** The same, counted by hand. */
function expected(rows: readonly Measured[], asked: Asked): Record<string, string> {
  const inputs = new Map<string, (Measured & { position: number })[]>();
  for (const [position, row] of rows.entries()) {
    const target = asked.method === 'UNIQUE' ? row.texts['region'] : row.v;
    if (!asked.accounts.includes(row.account) || target === null || !passes(row, asked.filters)) continue;
    if (row.tsMs < asked.window[0] || row.tsMs >= asked.window[1]) continue;
    const place = asked.segments.length === 0 ? null : segmentFor(row, asked.segments);
    if (place === undefined) continue;
    inputs.set(nameOf(place), [...(inputs.get(nameOf(place)) ?? []), { ...row, position }]);
  }
  return Object.fromEntries(
    [...inputs].map(([name, chosen]) => [name, String(handValue(chosen, asked.method))]),
  );
}

function passes({ texts }: Measured, all: readonly UsageFilter[]): boolean {
  return all.every((filter) => {
    const alternatives = all.filter(
      (other) => other.mode === 'INCLUDE' && other.dimensionCode === filter.dimensionCode,
    );
    const isOne = (one: UsageFilter) => texts[one.dimensionCode] === one.value;
    return filter.mode === 'EXCLUDE' ? !isOne(filter) : alternatives.some(isOne);
  });
}

/** The fewest wildcards win; on a tie, an exact first field. */
function segmentFor({ texts }: Measured, all: readonly Segment[]): Segment | undefined {
  const fitting = all.filter((one) =>
    FIELDS.every((field) => one[field] === '*' || one[field] === texts[field]),
  );
  const wildcards = (one: Segment) => FIELDS.filter((field) => one[field] === '*').length;
  const fewest = Math.min(...fitting.map(wildcards));
  const best = fitting.filter((one) => wildcards(one) === fewest);
  return best.find((one) => one['region'] !== '*') ?? best[0];
}

function handValue(rows: readonly (Measured & { position: number })[], method: AggregationMethod): unknown {
  const values = rows.flatMap(({ v }) => v ?? []);
  const latest = [...rows]
    .sort((a, b) => a.tsMs - b.tsMs || a.batch - b.batch || a.position - b.position)
    .at(-1);
  switch (method) {
    case 'SUM':
      return sumOf(values);
    case 'MIN':
      return values.reduce(minOf);
    case 'MAX':
      return values.reduce(maxOf);
    case 'MEAN':
      return sumOf(values).div(values.length);
    case 'LATEST':
      return latest?.v;
    case 'UNIQUE':
      return new Set(rows.map(({ texts }) => texts['region'])).size;
    default:
      return rows.length;
  }
}

test.each(METHODS)('%s, segmented or not, answers what counting by hand does', async (method) => {
  const rows = fc.array(measured, { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(rows, segments, filters, async (given, chosen, limits) => {
      const meterId = await store(given);
      const asked = { method, filters: limits, window: [START, END] } as const;
      const questions = [[], chosen].flatMap((parts) =>
        POOLS.map((accounts): Asked => ({ ...asked, segments: parts, accounts })),
      );
      expect(await answered(meterId, questions)).toEqual(questions.map((one) => expected(given, one)));
    }),
    { numRuns: 10 },
  );
});

test('sums and counts of parts add up to those of the whole', async () => {
  const all: Segment[] = [
    { region: 'eu', tier: '*' },
    { region: '*', tier: 'eu' },
    { region: '*', tier: '*' },
  ];
  const rows = fc.array(measured, { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(rows, fc.constantFrom('SUM', 'COUNT'), async (given, method) => {
      const meterId = await store(given);
      const whole: Asked = { method, segments: [], filters: [], accounts: ACCOUNTS, window: [START, END] };
      const splits: Asked[][] = [
        [whole],
        [
          { ...whole, window: [START, MIDDLE] },
          { ...whole, window: [MIDDLE, END] },
        ],
        ACCOUNTS.map((id) => ({ ...whole, accounts: [id] })),
        [{ ...whole, segments: all }],
      ];
      const totals = await Promise.all(
        splits.map(async (questions) => {
          const answers = await answered(meterId, questions);
          return String(
            sumOf(answers.flatMap((answer) => Object.values(answer).map((value) => decimal(value)))),
          );
        }),
      );
      expect(new Set(totals).size, totals.join(' ')).toBe(1);
    }),
    { numRuns: 20 },
  );
});
