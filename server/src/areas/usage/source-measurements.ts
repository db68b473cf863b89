import type { Context } from '../../context.ts';
import { type Decimal, decimal } from '../../kernel/decimal.ts';
import { earlier, type Instant, later, Temporal } from '../../kernel/time.ts';
import { accountsAmong, momentSql, quoted } from './clickhouse-text.ts';
import { rowConditions } from './measurement-conditions.ts';
import { sourceSql, type UsageInput } from './usage-breakdown.ts';

/** A measurement behind a line, with the value of each field that was aggregated. */
export type SourceMeasurement = {
  readonly uid: string;
  readonly meterId: string;
  readonly accountId: string;
  readonly ts: Instant;
  readonly receivedAt: Instant;
  readonly values: Readonly<Record<string, Decimal | string>>;
};

export type SourceSearch = {
  /** At least one. */
  readonly inputs: readonly UsageInput[];
  /** Only what came before the moment, or only what came at it or after. */
  readonly received: { readonly before: Instant } | { readonly since: Instant };
  /** Where the page before ended. */
  readonly after: SourcePosition | null;
  readonly limit: number;
};

/** Milliseconds, batch id and position of a measurement, as text. */
export type SourcePosition = readonly [ms: string, batch: string, place: string];

type StoredRow = {
  readonly uid: string;
  readonly meter: string;
  readonly account: string;
  readonly ms: string;
  readonly micros: string;
  readonly batch: string;
  readonly place: string;
  readonly numbers: Readonly<Record<string, string>>;
  readonly texts: Readonly<Record<string, string>>;
};

/** Measurements that the inputs count, by time; `next` is null on the last page. */
export async function sourceMeasurements(
  { clickhouse }: Context,
  orgId: string,
  search: SourceSearch,
): Promise<{ readonly rows: readonly SourceMeasurement[]; readonly next: SourcePosition | null }> {
  const result = await clickhouse.query({
    query: pageSql(orgId, search),
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_decimals: 1, max_query_size: '16777216' },
  });
  const rows = await result.json<StoredRow>();
  const last = rows.length > search.limit ? rows[search.limit - 1] : undefined;
  return {
    rows: rows.slice(0, search.limit).map(measurementOf),
    next: last === undefined ? null : [last.ms, last.batch, last.place],
  };
}

function measurementOf({ uid, meter, account, ms, micros, numbers, texts }: StoredRow): SourceMeasurement {
  const decimals = Object.entries(numbers).map(([code, value]) => [code, decimal(value)] as const);
  return {
    uid,
    meterId: meter,
    accountId: account,
    ts: Temporal.Instant.fromEpochMilliseconds(Number.parseInt(ms, 10)),
    receivedAt: Temporal.Instant.fromEpochNanoseconds(BigInt(micros) * 1000n),
    values: { ...texts, ...Object.fromEntries(decimals) },
  };
}

function pageSql(orgId: string, { inputs, received, after, limit }: SourceSearch): string {
  const conditions = [sourcesSql(orgId, inputs), receivedSql(received)];
  if (after !== null) conditions.push(behindSql(after));
  const [numeric, textual] = [true, false].map((isNumeric) =>
    inputs
      .filter(({ aggregation }) => aggregation.method !== 'CUSTOM_SQL')
      .filter(({ aggregation }) => aggregation.numericTarget === isNumeric)
      .map(targetOf),
  );
  return `select uid, toString(meter_id) as meter, toString(account_id) as account,
      toString(toUnixTimestamp64Milli(ts)) as ms, toString(toUnixTimestamp64Micro(received_at)) as micros,
      toString(batch_id) as batch, toString(position) as place,
      mapApply((k, v) -> (k, toString(v)),
        mapFilter((k, v) -> has([${(numeric ?? []).join(', ')}], k), measures)) as numbers,
      mapFilter((k, v) -> has([${(textual ?? []).join(', ')}], k), dimensions) as texts
    from measurement where ${conditions.join(' and ')}
    order by measurement.ts, measurement.batch_id, measurement.position limit ${limit + 1}`;
}

function targetOf({ aggregation }: UsageInput): string {
  return quoted(aggregation.targetField);
}

/** Which rows the inputs count, as a condition of a query on measurements. */
export function sourcesSql(orgId: string, inputs: readonly UsageInput[]): string {
  const sources = inputs.flatMap((input) => input.sources);
  const start = sources.map((source) => source.start).reduce(earlier);
  const end = sources.map((source) => source.end).reduce(later);
  const meters = [...new Set(inputs.map(({ aggregation }) => quoted(aggregation.meterId)))];
  const accountIds = [...new Set(sources.flatMap((source) => source.accountIds))];
  const counted = inputs.flatMap(({ aggregation, sources: own }) =>
    own.map((source) => `(${countedSql(orgId, aggregation, source)})`),
  );
  return [
    `org_id = ${quoted(orgId)}`,
    `meter_id in (${meters.join(', ')})`,
    accountsAmong(accountIds),
    `ts >= ${momentSql(start)}`,
    `ts < ${momentSql(end)}`,
    `(${counted.join(' or ')})`,
  ].join(' and ');
}

/** A custom query sees all measurements of its meter, whether or not they have a certain field. */
function countedSql(
  orgId: string,
  aggregation: UsageInput['aggregation'],
  source: UsageInput['sources'][number],
): string {
  if (aggregation.method !== 'CUSTOM_SQL') return sourceSql(aggregation, source);
  return rowConditions(orgId, { ...source, aggregation, key: '' }).join(' and ');
}

function receivedSql(received: SourceSearch['received']): string {
  const [moment, comparator] = 'before' in received ? [received.before, '<'] : [received.since, '>='];
  const micros = moment.epochNanoseconds / 1000n;
  return `received_at ${comparator} fromUnixTimestamp64Micro(toInt64(${micros}), 'UTC')`;
}

function behindSql([ms, batch, place]: SourcePosition): string {
  const ts = `fromUnixTimestamp64Milli(toInt64(${ms}), 'UTC')`;
  return `(ts > ${ts} or ts = ${ts} and (batch_id, position) > (toUUID(${quoted(batch)}), ${place}))`;
}
