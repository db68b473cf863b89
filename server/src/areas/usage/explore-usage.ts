import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import { type Decimal, decimal } from '../../kernel/decimal.ts';
import { type Instant, Temporal } from '../../kernel/time.ts';
import type { Row } from '../../store/database.ts';
import { BUCKET_START_SQL } from './bucket-sql.ts';
import { accountsAmong, momentSql, quoted } from './clickhouse-text.ts';
import { ACCOUNT_DIMENSION, type ExplorerQuery, type Measure } from './explorer-request.ts';

/** One bucket and one combination of dimension values of a meter, with its measures. */
export type ExplorerRow = {
  readonly startDate: Instant;
  readonly endDate: Instant;
  readonly meterCode: string;
  readonly dimensions: { readonly [name: string]: string | null };
  readonly measures: { readonly [name: string]: { readonly [method: string]: Decimal | null } };
};

const BUCKET_LENGTHS = {
  DAY: { days: 1 },
  WEEK: { weeks: 1 },
  MONTH: { months: 1 },
  QUARTER: { months: 3 },
  YEAR: { years: 1 },
} as const;

type StoredRow = { readonly [column: string]: string | number | null };

/** The rows of a question of the earlier usage explorer, newest bucket first; one more than its limit. */
export async function exploredUsage(
  ctx: Context,
  orgId: string,
  query: ExplorerQuery,
): Promise<readonly ExplorerRow[]> {
  if (query.meters.length === 0 || query.measures.length === 0) return [];
  const accounts = await namedAccounts(ctx, orgId, query);
  const result = await ctx.clickhouse.query({
    query: explorerSql(orgId, query, accounts),
    format: 'JSONEachRow',
    clickhouse_settings: { max_query_size: '16777216' },
  });
  const rows = await result.json<StoredRow>();
  const codes = await accountCodes(ctx, orgId, accountColumns(query, rows));
  return rows
    .map((row) => explorerRow(query, row, codes))
    .sort(byBucketAndNames)
    .slice(0, query.limit + 1);
}

function explorerSql(orgId: string, query: ExplorerQuery, accounts: readonly string[]): string {
  const { dimensions, measures, meters, start, end, aggregationFrequency: frequency } = query;
  const bucket = frequency === 'WHOLE_PERIOD' ? '0' : BUCKET_START_SQL[frequency];
  const keys = dimensions.map(({ name }, i) => `${dimensionSql(name)} as d${i}`);
  const columns = measures.map((one, i) => `${measureSql(one)} as m${i}`);
  const inputs = [...new Set(measures.map(({ name }) => `mapContains(measures, ${quoted(name)})`))];
  const conditions = [
    `org_id = ${quoted(orgId)}`,
    `meter_id in (${meters.map(({ id }) => quoted(id)).join(', ')})`,
    `ts >= ${momentSql(start)}`,
    `ts < ${momentSql(end)}`,
    `(${inputs.join(' or ')})`,
    ...dimensions.flatMap((dimension) => filterSql(dimension, accounts)),
  ];
  const groups = ['bucket', 'meter', ...dimensions.map((_, i) => `d${i}`)].join(', ');
  return `select ${[`${bucket} as bucket`, 'toString(meter_id) as meter', ...keys, ...columns].join(', ')}
    from measurement where ${conditions.join(' and ')} group by ${groups}
    order by bucket desc limit ${query.limit + 1} with ties`;
}

export function dimensionSql(name: string): string {
  if (name === ACCOUNT_DIMENSION) return 'toString(account_id)';
  const field = quoted(name);
  return `if(mapContains(dimensions, ${field}), toNullable(dimensions[${field}]), null)`;
}

type Dimension = ExplorerQuery['dimensions'][number];

function filterSql({ name, filter }: Dimension, accounts: readonly string[]): string[] {
  if (filter.includes('*')) return [];
  if (name !== ACCOUNT_DIMENSION) return [`${dimensionSql(name)} in (${filter.map(quoted).join(', ')})`];
  return [accountsAmong(accounts)];
}

/** Ids of the accounts that filters name by their codes. */
async function namedAccounts({ db }: Context, orgId: string, query: ExplorerQuery): Promise<string[]> {
  const codes = query.dimensions.flatMap(({ name, filter }) => (name === ACCOUNT_DIMENSION ? filter : []));
  if (codes.length === 0) return [];
  const { rows } = await sql<{ id: string }>`
    select id from account where org_id = ${orgId} and code = any(${codes}::text[])`.execute(db);
  return rows.map(({ id }) => id);
}

/** The mean comes as sum and count: it is divided at 34 digits outside of ClickHouse. */
function measureSql({ name, function: method }: Measure): string {
  const input = `mapContains(measures, ${quoted(name)})`;
  const value = `measures[${quoted(name)}]`;
  const orNull = (text: string) => `if(countIf(${input}) = 0, null, toString(${text}))`;
  switch (method) {
    case 'SUM':
      return orNull(`sumIf(${value}, ${input})`);
    case 'MIN':
      return orNull(`minIf(${value}, ${input})`);
    case 'MAX':
      return orNull(`maxIf(${value}, ${input})`);
    case 'LATEST':
      return orNull(`argMaxIf(${value}, (ts, received_at, batch_id, position), ${input})`);
    case 'MEAN':
      return orNull(`concat(toString(sumIf(${value}, ${input})), '/', toString(countIf(${input})))`);
    case 'COUNT':
      return `toString(countIf(${input}))`;
    case 'UNIQUE':
      return `toString(uniqExactIf(${value}, ${input}))`;
  }
}

function accountColumns({ dimensions }: ExplorerQuery, rows: readonly StoredRow[]): string[] {
  const at = dimensions.findIndex(({ name }) => name === ACCOUNT_DIMENSION);
  return at < 0 ? [] : [...new Set(rows.map((row) => String(row[`d${at}`])))];
}

export async function accountCodes(
  { db }: Context,
  orgId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{ id: string; code: string }>`
    select id, code from account where org_id = ${orgId} and id = any(${[...ids]}::uuid[])`.execute(db);
  return new Map(rows.map(({ id, code }) => [id, code]));
}

function explorerRow(query: ExplorerQuery, row: StoredRow, codes: ReadonlyMap<string, string>): ExplorerRow {
  const dimensions: Record<string, string | null> = {};
  query.dimensions.forEach(({ name }, i) => {
    const value = row[`d${i}`] ?? null;
    const shown = name === ACCOUNT_DIMENSION ? (codes.get(String(value)) ?? null) : value;
    dimensions[name] = shown === null ? null : String(shown);
  });
  const measures: Record<string, Record<string, Decimal | null>> = {};
  query.measures.forEach(({ name, function: method }, i) => {
    measures[name] = { ...measures[name], [method]: measureValue(row[`m${i}`] ?? null) };
  });
  const meterCode = query.meters.find(({ id }) => id === row['meter'])?.code ?? '';
  return { ...bucketOf(query, row['bucket'] ?? 0), meterCode, dimensions, measures };
}

function bucketOf({ aggregationFrequency, start, end }: ExplorerQuery, seconds: string | number) {
  if (aggregationFrequency === 'WHOLE_PERIOD') return { startDate: start, endDate: end };
  const startDate = Temporal.Instant.fromEpochMilliseconds(Number.parseInt(String(seconds), 10) * 1000);
  const length = BUCKET_LENGTHS[aggregationFrequency];
  return { startDate, endDate: startDate.toZonedDateTimeISO('UTC').add(length).toInstant() };
}

function measureValue(value: string | number | null): Decimal | null {
  if (value === null) return null;
  const [total = '0', count] = String(value).split('/');
  return count === undefined ? decimal(total) : decimal(total).div(count);
}

/** Newest bucket first, then account code, then values ascending, an absent one before all (spec 20 §13). */
function byBucketAndNames(a: ExplorerRow, b: ExplorerRow): number {
  const newer = b.startDate.epochMilliseconds - a.startDate.epochMilliseconds;
  if (newer !== 0) return newer;
  const keysOf = ({ dimensions, meterCode }: ExplorerRow) => [
    dimensions[ACCOUNT_DIMENSION] ?? null,
    ...Object.values(dimensions),
    meterCode,
  ];
  const others = keysOf(b);
  for (const [i, value] of keysOf(a).entries()) {
    const other = others[i] ?? null;
    if (value !== other) return value === null || (other !== null && value < other) ? -1 : 1;
  }
  return 0;
}

/** A row as a flat record for a CSV file. */
export function flatExplorerRow(row: ExplorerRow, query: ExplorerQuery): Row {
  const flat: Row = { startDate: row.startDate, endDate: row.endDate, meterCode: row.meterCode };
  for (const { name } of query.dimensions) flat[name] = row.dimensions[name] ?? null;
  for (const { name, function: method } of query.measures) {
    flat[`${name}.${method}`] = row.measures[name]?.[method] ?? null;
  }
  return flat;
}
