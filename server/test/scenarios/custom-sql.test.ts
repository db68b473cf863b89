import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { customSqlFault } from '../../src/areas/catalog/custom-sql-run.ts';
import { aggregateUsage } from '../../src/areas/usage/index.ts';
import { batchText, MEASUREMENT_COLUMNS, measurementLine } from '../../src/areas/usage/measurement-row.ts';
import type { Context } from '../../src/context.ts';
import type { Segment, UsageQuery } from '../../src/engine/metering/usage-query.ts';
import { decimal } from '../../src/kernel/decimal.ts';
import { newId } from '../../src/kernel/ids.ts';
import { Temporal } from '../../src/kernel/time.ts';
import { account, created } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import { meter } from '../support/usage.ts';

let server: TestServer;
let ctx: Context;
let meterId: string;
let accounts: readonly { readonly id: string; readonly code: string }[];

beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
  ctx = server.context;
  const fields = [
    { category: 'MEASURE', code: 'qty' },
    { category: 'WHO', code: 'region' },
  ];
  meterId = (await meter(server, { dataFields: fields })).id;
  const made = [await account(server), await account(server)];
  accounts = made.map(({ id, code }) => ({ id, code: String(code) }));
  await store(server.orgId, accounts[0]?.id ?? '', ROWS);
  await store(server.orgId, accounts[1]?.id ?? '', [['2024-01-05T00:00:00Z', '1000', 'eu']]);
  await store(newId(), accounts[0]?.id ?? '', [['2024-01-05T00:00:00Z', '999999', 'eu']]);
});
afterAll(() => server.close());

type Stored = readonly [ts: string, qty: string | null, region: string];
const ROWS: readonly Stored[] = [
  ['2023-12-31T23:59:59.999Z', '7', 'eu'],
  ['2024-01-01T00:00:00Z', '0.1', 'eu'],
  ['2024-01-02T00:00:00Z', '0.2', 'us'],
  ['2024-01-31T23:59:59.999Z', '3.00000000000000000000000000000001', "o'x"],
  ['2024-01-10T00:00:00Z', null, 'us'],
  ['2024-02-01T00:00:00Z', '50', 'eu'],
];

async function store(orgId: string, accountId: string, rows: readonly Stored[]): Promise<void> {
  const lines = rows.map(([ts, qty, region], position) =>
    measurementLine({
      batch: batchText({
        ...{ orgId, insertId: newId(), batchId: newId(), source: 'API' },
        receivedAt: Temporal.Instant.from('2023-11-14T22:13:20Z'),
      }),
      ...{ meterId, accountId, etsMs: null, uid: newId(), position, failedFields: [], undeclared: '' },
      tsMs: Temporal.Instant.from(ts).epochMilliseconds,
      measures: qty === null ? [] : [['qty', decimal(qty)]],
      dimensions: [['region', region]],
    }),
  );
  await ctx.clickhouse.insert({
    table: 'measurement',
    columns: MEASUREMENT_COLUMNS,
    values: Readable.from([lines.join('')], { objectMode: false }),
    format: 'TabSeparated',
  });
}

type Asking = Partial<Pick<UsageQuery, 'filters' | 'accountIds' | 'absences'>> & {
  readonly segments?: readonly Segment[];
};

async function answer(customSql: string, { segments = [], ...asking }: Asking = {}) {
  const query: UsageQuery = {
    key: 'q',
    aggregation: {
      ...{ id: newId(), meterId, targetField: 'qty', numericTarget: true, method: 'CUSTOM_SQL', customSql },
      ...{ segments, segmentedFields: segments.length > 0 ? ['region'] : [] },
    },
    accountIds: [accounts[0]?.id ?? ''],
    start: Temporal.Instant.from('2024-01-01T00:00:00Z'),
    end: Temporal.Instant.from('2024-02-01T00:00:00Z'),
    filters: [],
    ...asking,
  };
  return (await aggregateUsage(ctx, server.orgId, [query])).get('q') ?? [];
}

async function value(customSql: string, asking: Asking = {}): Promise<string | null> {
  const [first] = await answer(customSql, asking);
  return first?.failure ?? (first?.value ? String(first.value) : null);
}

describe('the value of a query over the account and the period', () => {
  test.each([
    ['select sum(qty) from measurements', '3.30000000000000000000000000000001'],
    ['select count(*) from measurements', '4'],
    ['select count(qty) from measurements', '3'],
    ['select count(distinct region) from measurements', '3'],
    // 3.3 and a bit, times 1.1: no digit is lost.
    ['select sum(qty) * 1.1 from measurements', '3.630000000000000000000000000000011'],
    ['select avg(qty) from measurements', '1.1000000000000000000000000000000033'],
    ["select sum(qty) from measurements where region = 'o''x'", '3.00000000000000000000000000000001'],
    ["select sum(qty) from measurements where region = 'nowhere'", null],
    ['select qty from measurements where 1 = 2', null],
    ['select qty from measurements order by ts desc', '3.00000000000000000000000000000001'],
    [
      `with d as (select date_trunc('day', ts) as at, sum(qty) as total from measurements group by at)
        select max(total) from d`,
      '3.00000000000000000000000000000001',
    ],
    ['select sum(qty) as qty from measurements', '3.30000000000000000000000000000001'],
    [
      'select qty - lagInFrame(qty) over (order by ts) as d from measurements where qty < 1 order by ts desc',
      '0.1',
    ],
    [
      'select sum(qty) from measurements group by region having sum(qty) > 1',
      '3.00000000000000000000000000000001',
    ],
    [
      'select sum(a.qty) from measurements a join measurements b on a.uid = b.uid',
      '3.30000000000000000000000000000001',
    ],
    [
      'select multiplyDecimal(max(qty), max(qty), 34) from measurements',
      '9.0000000000000000000000000000000600',
    ],
    ['select case when count(*) > 3 then 1 else 0 end from measurements', '1'],
    [
      'select sum(qty) from measurements union all select 5 from measurements where 1 = 2',
      '3.30000000000000000000000000000001',
    ],
    ["select '1.25'::numeric * 4 from measurements", '5'],
    ['select sum(cast(qty as decimal)) from measurements', '3.30000000000000000000000000000001'],
    // Running means 0.1, (0.1 + 0.2) / 2, and so on; the row without a value does not count.
    [
      `with m as (select ts, avg(qty) over (order by ts) as mean from measurements)
        select max(mean) from m where ts < timestamp '2024-01-20'`,
      '0.15',
    ],
    [
      `with d as (select ts, lag(ts) over (order by ts) as before, lead(qty, 1, 9) over (order by ts) as later
        from measurements) select count(before) * 10 + max(d.later) from d`,
      '39',
    ],
    ['select max(n) from (select nth_value(qty, 2) over (order by ts) as n from measurements) as t', '0.2'],
    ['select sqrt(count(*) * 0.01) from measurements', '0.2'],
    // 0.3 has no exact float: its square as one is 0.09 and a bit.
    ['select power(sum(qty), 2) from measurements where qty < 1', '0.09'],
    ['select power(count(*), 3) from measurements', '64'],
    // Half a day less a millisecond, and a moment after 2024-01-01T00:00:00Z = 1704067200.
    [
      `select extract(epoch from max(ts)) - extract(epoch from timestamp '2024-01-31 12:00:00')
        from measurements`,
      '43199.999',
    ],
    ['select extract(epoch from (max(ts) - min(ts))) from measurements', '2678399.999'],
    ['select extract(epoch from ts) from measurements order by ts fetch first row only', '1704067200'],
    [
      `select count(*) from (select region from measurements except
        select region from measurements where region = 'us') as r`,
      '2',
    ],
    [
      'select count(*) from (select region from measurements union select region from measurements) as r',
      '3',
    ],
    ["select count(*) from measurements where ts >= date '2024-01-02'", '3'],
    ['select qty from measurements order by ts offset 1 row fetch next 2 rows only', '0.2'],
  ])('%s', async (text, expected) => {
    const found = await value(text);
    expect(found === null ? null : String(found).replace(/^(\d+\.\d*?)0+$/, '$1')).toBe(
      expected === null ? null : expected.replace(/^(\d+\.\d*?)0+$/, '$1'),
    );
  });

  test('knows the code of an account', async () => {
    const text = `select sum(qty) from measurements where account_code = '${accounts[1]?.code}'`;
    expect(await value(text, { accountIds: accounts.map(({ id }) => id) })).toBe('1000');
  });

  test('sees only what the filters let through', async () => {
    const filters = [{ dimensionCode: 'region', value: 'us', mode: 'EXCLUDE' as const }];
    expect(await value('select count(*) from measurements', { filters })).toBe('2');
  });

  test('sees nothing of an account while it is absent', async () => {
    const [start, end] = [
      Temporal.Instant.from('2024-01-02T00:00:00Z'),
      Temporal.Instant.from('2024-01-31T00:00:00Z'),
    ];
    const absences = accounts.map(({ id }) => ({ accountId: id, start, end }));
    const accountIds = accounts.map(({ id }) => id);
    // Of the first account those of 1 and 31 January, of the second nothing.
    expect(await value('select count(*) from measurements', { absences, accountIds })).toBe('2');
    expect(
      await value('select count(*) from measurements', { absences: absences.slice(1), accountIds }),
    ).toBe('4');
  });

  test('is one per segment', async () => {
    const segments = [{ region: 'us' }, { region: '*' }, { region: 'mars' }];
    const found = await answer('select count(*) from measurements', { segments });
    expect(found.map(({ segment, value }) => [segment?.['region'], String(value)])).toEqual([
      ['us', '2'],
      ['*', '2'],
    ]);
  });
});

describe('the query fails', () => {
  test.each([
    ['with a text', 'select region from measurements', /String\) and not a number/],
    ['with a field that is gone', 'select sum(gone) from measurements', /names gone/],
    ['with a division by zero', 'select sum(qty) / 0.0 from measurements', /zero/i],
  ])('%s, and says so', async (_, text, reason) => {
    expect((await answer(text))[0]?.failure).toMatch(reason);
  });

  test('when it takes longer than ten seconds', { timeout: 40_000 }, async () => {
    const rows = Array.from({ length: 3000 }, (): Stored => ['2024-01-20T00:00:00Z', '1', 'eu']);
    const accountId = newId();
    await store(server.orgId, accountId, rows);
    const text = `select count(*) from measurements a cross join measurements b cross join measurements c
      where a.qty * 3 + b.qty > c.qty and length(a.uid || b.uid || c.uid) > 5`;
    expect(await value(text, { accountIds: [accountId] })).toBe('the query takes longer than 10 seconds');
    expect(await value('select count(*) from measurements')).toBe('4');
  });
});

describe('an aggregation with a custom query', () => {
  const fields = {
    name: 'Own',
    targetField: 'qty',
    aggregation: 'CUSTOM_SQL',
    unit: 'u',
    quantityPerUnit: 1,
  };

  test('is saved', async () => {
    const customSql = 'select sum(qty) from measurements';
    const made = await created(server, '/aggregations', { ...fields, meterId, customSql });
    expect(made).toMatchObject({ aggregation: 'CUSTOM_SQL', customSql });
  });

  test.each([
    ['select sum(qty from measurements'],
    ['select sum(qty) from from measurements'],
    ['select count(*) from system.tables'],
    ['select sum(region) from measurements'],
    ["select sum(qty) from measurements into outfile '/tmp/stolen'"],
  ])('is refused with %s', async (customSql) => {
    const answered = await server.request('POST', '/aggregations', { ...fields, meterId, customSql });
    expect(answered).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  });

  test('whose result is no number is saved, and fails when it is run', async () => {
    const customSql = 'select region from measurements';
    expect(await created(server, '/aggregations', { ...fields, meterId, customSql })).toMatchObject({
      customSql,
    });
    expect((await answer(customSql))[0]?.failure).toMatch(/not a number/);
  });

  test('is checked against the store without a single row', async () => {
    const none = await customSqlFault(ctx, 'select max(qty) from measurements', [
      { code: 'qty', category: 'MEASURE' },
    ]);
    expect(none).toBeNull();
  });
});
