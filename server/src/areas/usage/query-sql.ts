import { uuidFromText } from '../../kernel/ids.ts';
import type { Instant } from '../../kernel/time.ts';
import { BUCKET_START_SQL } from './bucket-sql.ts';
import { accountsAmong, momentSql, quoted } from './clickhouse-text.ts';
import type { UsageQueryBody } from './query-request.ts';

type Aggregation = UsageQueryBody['aggregations'][number];
type Group = UsageQueryBody['groups'][number];

/** Conditions on rows that both kinds of query share. Ids that are no UUIDs match nothing. */
export function rowConditions(orgId: string, query: UsageQueryBody): string[] {
  const conditions = [
    `org_id = ${quoted(orgId)}`,
    `ts >= ${momentSql(query.startDate as Instant)}`,
    `ts < ${momentSql(query.endDate as Instant)}`,
  ];
  const [meterIds, accountIds] = [uuidsAmong(query.meterIds), uuidsAmong(query.accountIds)];
  if (query.meterIds.length > 0)
    conditions.push(`meter_id in (${meterIds.map(quoted).join(', ') || 'null'})`);
  if (query.accountIds.length > 0) conditions.push(accountsAmong(accountIds));
  for (const { meterId, fieldCode, values } of query.dimensionFilters) {
    const field = quoted(fieldCode);
    const list = values.map(quoted).join(', ');
    const among = `mapContains(dimensions, ${field}) and dimensions[${field}] in (${list})`;
    conditions.push(`(meter_id != ${quoted(meterId.toLowerCase())} or (${among}))`);
  }
  return conditions;
}

function uuidsAmong(ids: readonly string[]): string[] {
  return ids.map(uuidFromText).filter((id) => id !== null);
}

/** Single measurements, most recently received first, one more than the limit. */
export function rawRowsSql(orgId: string, query: UsageQueryBody): string {
  return `select uid, toString(meter_id) as meter_id, toString(account_id) as account_id,
      toUnixTimestamp64Milli(ts) as ts_ms, toUnixTimestamp64Milli(ets) as ets_ms,
      toUnixTimestamp64Micro(received_at) as received_micros, measures, dimensions
    from measurement where ${rowConditions(orgId, query).join(' and ')}
    order by received_at desc, batch_id desc, position desc limit ${query.limit + 1}`;
}

/**
 * One row per group with input. With a TIME group the newest buckets come first and the last one is complete
 * beyond the limit, so that the caller can sort within it by account code.
 */
export function aggregatedRowsSql(orgId: string, query: UsageQueryBody): string {
  const time = query.groups.findIndex((item) => item.groupType === 'TIME');
  const newest = time >= 0 ? `order by g${time} desc limit ${query.limit + 1} with ties` : '';
  return `${groupedRowsSql(orgId, query)} ${newest}`;
}

/** One row per group with input, in any order: the groups are `g0`, `g1` …, the aggregations `a0`, `a1` …. */
export function groupedRowsSql(orgId: string, query: UsageQueryBody): string {
  const keys = query.groups.map((item, i) => `${groupSql(item)} as g${i}`);
  const columns = query.aggregations.map((item, i) => `${aggregationSql(item)} as a${i}`);
  const inputs = query.aggregations.map((item) => `(${inputSql(item)})`).join(' or ');
  const where = [...rowConditions(orgId, query), `(${inputs})`].join(' and ');
  const grouping = keys.length > 0 ? `group by ${keys.map((_, i) => `g${i}`).join(', ')}` : '';
  return `select ${[...keys, ...columns].join(', ')} from measurement where ${where} ${grouping}`;
}

function groupSql(item: Group): string {
  if (item.groupType === 'ACCOUNT') return 'account_id';
  if (item.groupType === 'TIME') return BUCKET_START_SQL[item.frequency ?? 'DAY'];
  const field = quoted(item.fieldCode ?? '');
  const meterId = quoted((item.meterId ?? '').toLowerCase());
  const has = `meter_id = ${meterId} and mapContains(dimensions, ${field})`;
  return `if(${has}, toNullable(dimensions[${field}]), null)`;
}

/** Whether a row is input of an aggregation. */
function inputSql({ meterId, fieldCode, fieldType }: Aggregation): string {
  const column = fieldType === 'MEASURE' ? 'measures' : 'dimensions';
  return `meter_id = ${quoted(meterId.toLowerCase())} and mapContains(${column}, ${quoted(fieldCode)})`;
}

/** The mean comes as sum and count: it is divided at 34 digits outside of ClickHouse. */
function aggregationSql(item: Aggregation): string {
  const input = inputSql(item);
  const measure = `measures[${quoted(item.fieldCode)}]`;
  const orNull = (value: string) => `if(countIf(${input}) = 0, null, ${value})`;
  switch (item.function) {
    case 'SUM':
      return orNull(`sumIf(${measure}, ${input})`);
    case 'MIN':
      return orNull(`minIf(${measure}, ${input})`);
    case 'MAX':
      return orNull(`maxIf(${measure}, ${input})`);
    case 'LATEST':
      return orNull(`argMaxIf(${measure}, (ts, received_at, batch_id, position), ${input})`);
    case 'MEAN':
      return orNull(`concat(toString(sumIf(${measure}, ${input})), '/', toString(countIf(${input})))`);
    case 'COUNT':
      return `countIf(${input})`;
    case 'UNIQUE':
      return `uniqExactIf(dimensions[${quoted(item.fieldCode)}], ${input})`;
  }
}
