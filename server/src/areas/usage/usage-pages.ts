import type { Context } from '../../context.ts';
import type { Decimal } from '../../kernel/decimal.ts';
import { decimal } from '../../kernel/decimal.ts';
import { earlier, type Instant, isBefore, Temporal } from '../../kernel/time.ts';
import { quoted } from './clickhouse-text.ts';
import type { CheckedUsageQuery } from './query-request.ts';
import { groupedRowsSql, rowConditions } from './query-sql.ts';
import { accountCodes } from './query-usage.ts';
import { aggregateValue } from './written-groups.ts';

/** A stored measurement under the names of the API. */
export type RawUsage = {
  readonly uid: string;
  readonly meterId: string;
  readonly accountId: string;
  readonly accountCode: string | null;
  readonly ts: Instant;
  readonly ets: Instant | null;
  readonly receivedAt: Instant;
  /** Values of numeric fields, exact. */
  readonly measures: Readonly<Record<string, Decimal>>;
  readonly dimensions: Readonly<Record<string, string>>;
};

type RawRow = {
  readonly uid: string;
  readonly meter: string;
  readonly account: string;
  readonly ts_ms: string;
  readonly ets_ms: string | null;
  readonly received_micros: string;
  readonly batch: string;
  readonly place: number;
  readonly measures: Readonly<Record<string, string>>;
  readonly dimensions: Readonly<Record<string, string>>;
};

const PAGE_ROWS = 5_000;

/**
 * All measurements that a usage query selects (its limit does not count), page by page in the order of the
 * table: by meter, account and time. Only one page is in memory at a time.
 */
export async function* rawUsagePages(
  ctx: Context,
  orgId: string,
  query: CheckedUsageQuery,
): AsyncGenerator<readonly RawUsage[]> {
  let last: RawRow | null = null;
  do {
    const rows: readonly RawRow[] = await rowsOf<RawRow>(ctx, rawPageSql(orgId, query, last));
    const codes = await accountCodes(
      ctx,
      orgId,
      rows.map((row) => row.account),
    );
    yield rows.map((row) => rawUsage(row, codes));
    last = rows.length < PAGE_ROWS ? null : (rows.at(-1) ?? null);
  } while (last !== null);
}

function rawPageSql(orgId: string, query: CheckedUsageQuery, last: RawRow | null): string {
  const conditions = rowConditions(orgId, query);
  if (last !== null) conditions.push(behind(last));
  return `select uid, toString(meter_id) as meter, toString(account_id) as account,
      toUnixTimestamp64Milli(ts) as ts_ms, toUnixTimestamp64Milli(ets) as ets_ms,
      toUnixTimestamp64Micro(received_at) as received_micros, toString(batch_id) as batch,
      position as place, measures, dimensions
    from measurement where ${conditions.join(' and ')}
    order by meter_id, account_id, measurement.ts, batch_id, position limit ${PAGE_ROWS}`;
}

/** Written out step by step: the index is not used for the comparison of tuples. */
function behind({ meter, account, ts_ms, batch, place }: RawRow): string {
  const ts = `fromUnixTimestamp64Milli(toInt64(${ts_ms}), 'UTC')`;
  const sameTime = `ts = ${ts} and (batch_id, position) > (${uuid(batch)}, ${place})`;
  const sameAccount = `account_id = ${uuid(account)} and (ts > ${ts} or ${sameTime})`;
  const sameMeter = `meter_id = ${uuid(meter)} and (account_id > ${uuid(account)} or ${sameAccount})`;
  return `(meter_id > ${uuid(meter)} or ${sameMeter})`;
}

function uuid(id: string): string {
  return `toUUID(${quoted(id)})`;
}

function rawUsage(row: RawRow, codes: ReadonlyMap<string, string>): RawUsage {
  return {
    uid: row.uid,
    meterId: row.meter,
    accountId: row.account,
    accountCode: codes.get(row.account) ?? null,
    ts: instantFromMs(row.ts_ms),
    ets: row.ets_ms === null ? null : instantFromMs(row.ets_ms),
    receivedAt: Temporal.Instant.fromEpochNanoseconds(BigInt(row.received_micros) * 1000n),
    measures: Object.fromEntries(Object.entries(row.measures).map(([code, value]) => [code, decimal(value)])),
    dimensions: row.dimensions,
  };
}

function instantFromMs(ms: string): Instant {
  return Temporal.Instant.fromEpochMilliseconds(Number.parseInt(ms, 10));
}

/** One group of a usage query with its values, in the order of the query's groups and aggregations. */
export type GroupedUsage = {
  /** Per group: account id, value of a dimension, or start of a bucket; null where there is none. */
  readonly groups: readonly (string | Instant | null)[];
  /** Per group that is ACCOUNT: the code. */
  readonly accountCode: string | null;
  readonly values: readonly (Decimal | null)[];
};

type GroupedRow = Readonly<Record<string, string | number | null>>;

/** How much time one statement groups where there are many buckets: about a thousand at the most. */
const SLICE_DAYS: Readonly<Record<string, number>> = { HOUR: 31, DAY: 366 };

/**
 * The groups that a usage query selects (its limit does not count), by bucket, then by the other groups.
 * Spans with many buckets are asked in slices of whole buckets.
 */
export async function* groupedUsagePages(
  ctx: Context,
  orgId: string,
  query: CheckedUsageQuery,
): AsyncGenerator<readonly GroupedUsage[]> {
  for (const { start: startDate, end: endDate } of slices(query)) {
    const sliced = { ...query, startDate, endDate };
    const keys = sortedGroups(query).map(
      (i) => `${isAccount(query, i) ? `toString(g${i})` : `g${i}`} nulls first`,
    );
    const order = keys.length > 0 ? ` order by ${keys.join(', ')}` : '';
    const rows = await rowsOf<GroupedRow>(ctx, `${groupedRowsSql(orgId, sliced)}${order}`);
    const place = query.groups.findIndex((item) => item.groupType === 'ACCOUNT');
    const ids = place < 0 ? [] : rows.map((row) => String(row[`g${place}`]));
    const codes = await accountCodes(ctx, orgId, ids);
    yield rows.map((row) => groupedUsage(query, row, codes.get(String(row[`g${place}`])) ?? null));
  }
}

/** ClickHouse sorts ids otherwise than their texts. */
function isAccount({ groups }: CheckedUsageQuery, i: number): boolean {
  return groups[i]?.groupType === 'ACCOUNT';
}

function sortedGroups({ groups }: CheckedUsageQuery): number[] {
  const places = groups.map((_, i) => i);
  const isTime = (i: number) => groups[i]?.groupType === 'TIME';
  return [...places.filter(isTime), ...places.filter((i) => !isTime(i))];
}

type Slice = { readonly start: Instant; readonly end: Instant };

/** Cut at midnights in UTC, where hours and days begin. */
function slices(query: CheckedUsageQuery): Slice[] {
  const [start, end] = [query.startDate as Instant, query.endDate as Instant];
  const time = query.groups.find((item) => item.groupType === 'TIME');
  const days = time && SLICE_DAYS[time.frequency ?? 'DAY'];
  if (days === undefined) return [{ start, end }];
  const found: Slice[] = [];
  for (let from = start; isBefore(from, end); ) {
    const next = from.toZonedDateTimeISO('UTC').startOfDay().add({ days }).toInstant();
    found.push({ start: from, end: earlier(next, end) });
    from = next;
  }
  return found;
}

function groupedUsage(query: CheckedUsageQuery, row: GroupedRow, accountCode: string | null): GroupedUsage {
  return {
    groups: query.groups.map((item, i) => {
      const value = row[`g${i}`] ?? null;
      if (item.groupType !== 'TIME' || value === null) return value === null ? null : String(value);
      return Temporal.Instant.fromEpochMilliseconds(Number.parseInt(String(value), 10) * 1000);
    }),
    accountCode,
    values: query.aggregations.map((_, i) => aggregateValue(row[`a${i}`] ?? null)),
  };
}

async function rowsOf<T>(ctx: Context, query: string): Promise<T[]> {
  const result = await ctx.clickhouse.query({
    query,
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_decimals: 1, max_query_size: '16777216' },
  });
  return result.json<T>();
}
