import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aggregateUsage } from '../../src/areas/usage/index.ts';
import { finishUnfinishedGroups, storeNextGroup } from '../../src/areas/usage/store-group.ts';
import type { AggregationMethod, UsageQuery } from '../../src/engine/metering/usage-query.ts';
import { decimal, sumOf } from '../../src/kernel/decimal.ts';
import { newId } from '../../src/kernel/ids.ts';
import { Temporal } from '../../src/kernel/time.ts';
import { account, type Made } from '../support/configured.ts';
import { withInserts } from '../support/ingest-steps.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import { meter, submit } from '../support/usage.ts';

let server: TestServer;
let acme: Made;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
  acme = await account(server);
});
afterAll(() => server.close());

/** Around the bounds of two months; the calendar's months share no instant. */
const BOUNDS = ['2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z', '2024-04-01T00:00:00Z'];
const TIMES = BOUNDS.flatMap((bound) =>
  [-1, 0, 1].map((ms) => Temporal.Instant.from(bound).add({ milliseconds: ms })),
);

type Given = {
  readonly uid: number;
  readonly ts: number;
  readonly qty: number | null;
  readonly region: 'eu' | 'us' | 'mars';
};

const given: fc.Arbitrary<Given> = fc.record({
  uid: fc.integer({ min: 0, max: 25 }),
  ts: fc.integer({ min: 0, max: TIMES.length - 1 }),
  qty: fc.option(
    fc.integer({ min: -500, max: 500 }).map((n) => n / 4),
    { freq: 8 },
  ),
  region: fc.constantFrom('eu', 'us', 'mars'),
});
const requests = fc.array(fc.array(given, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 5 });

const METHODS = ['SUM', 'MIN', 'MAX', 'COUNT', 'MEAN', 'LATEST', 'UNIQUE'] as const;
const SEGMENTS = [{ region: 'eu' }, { region: '*' }];

/** Groups of waiting requests are stored; now and then a worker dies behind its insert. */
async function stored(deaths: readonly boolean[]): Promise<void> {
  for (const dies of deaths) {
    const ctx = withInserts(server.context, async (lines, send) => {
      await send(lines);
      if (dies) throw new Error('killed');
    });
    await storeNextGroup(ctx).catch(() => {});
  }
  while (await storeNextGroup(server.context));
  await finishUnfinishedGroups(server.context);
}

/** What is stored, by the rules: whole measurements only, of each uid the first. */
function kept(all: readonly (readonly Given[])[]): readonly (Given & { readonly qty: number })[] {
  const uids = new Set<number>();
  return all.flat().flatMap((one) => {
    if (one.qty === null || uids.has(one.uid)) return [];
    uids.add(one.uid);
    return [{ ...one, qty: one.qty }];
  });
}

function counted(rows: readonly (Given & { readonly qty: number })[], method: AggregationMethod): string {
  const values = rows.map(({ qty }) => decimal(String(qty)));
  const latest = rows.reduce((best, row) => (row.ts >= best.ts ? row : best));
  if (method === 'SUM') return String(sumOf(values));
  if (method === 'MEAN') return String(sumOf(values).div(values.length));
  if (method === 'COUNT') return String(rows.length);
  if (method === 'LATEST') return String(latest.qty);
  if (method === 'UNIQUE') return String(new Set(rows.map(({ region }) => region)).size);
  const sorted = rows.map(({ qty }) => qty).sort((a, b) => a - b);
  return String(method === 'MIN' ? sorted[0] : sorted.at(-1));
}

function expected(rows: readonly (Given & { readonly qty: number })[], query: UsageQuery): unknown {
  const within = rows.filter(({ ts }) => {
    const ms = TIMES[ts]?.epochMilliseconds ?? 0;
    return ms >= query.start.epochMilliseconds && ms < query.end.epochMilliseconds;
  });
  const names = query.aggregation.segments.length > 0 ? ['eu', '*'] : [null];
  return Object.fromEntries(
    names.flatMap((name) => {
      const own = within.filter(({ region }) => name === null || (name === 'eu') === (region === 'eu'));
      return own.length === 0 ? [] : [[String(name), counted(own, query.aggregation.method)]];
    }),
  );
}

function questions(meterId: string): readonly UsageQuery[] {
  return METHODS.flatMap((method) =>
    [[], SEGMENTS].flatMap((segments) =>
      [0, 1].map((month) => ({
        key: `${method} ${segments.length} ${month}`,
        aggregation: {
          ...{ id: newId(), meterId, method, customSql: null, segments },
          targetField: method === 'UNIQUE' ? 'region' : 'qty',
          numericTarget: method !== 'UNIQUE',
          segmentedFields: segments.length > 0 ? ['region'] : [],
        },
        accountIds: [acme.id],
        start: Temporal.Instant.from(BOUNDS[month] ?? ''),
        end: Temporal.Instant.from(BOUNDS[month + 1] ?? ''),
        filters: [],
      })),
    ),
  );
}

test('what was submitted, with repeats, late data and dying workers, is counted as by hand', async () => {
  await fc.assert(
    fc.asyncProperty(requests, fc.array(fc.boolean(), { maxLength: 3 }), async (all, deaths) => {
      const made = await meter(server, {
        dataFields: [
          { category: 'MEASURE', code: 'qty' },
          { category: 'WHERE', code: 'region' },
        ],
      });
      for (const request of all) {
        const sent = request.map(({ uid, ts, qty, region }) => ({
          ...{ uid: `${made.id} ${uid}`.slice(-50), account: acme['code'], meter: made['code'] },
          ...{ ts: String(TIMES[ts]), measure: { qty }, where: { region } },
        }));
        expect(await submit(server, sent)).toMatchObject({ status: 200 });
        if (deaths.length > 2) await stored(deaths);
      }
      await stored(deaths);
      const queries = questions(made.id);
      const answers = await aggregateUsage(server.context, server.orgId, queries);
      for (const query of queries) {
        const found = (answers.get(query.key) ?? []).map(({ segment, value }) => [
          String(segment?.['region'] ?? null),
          String(value),
        ]);
        expect(Object.fromEntries(found), query.key).toEqual(expected(kept(all), query));
      }
    }),
    { numRuns: 8 },
  );
}, 120_000);
