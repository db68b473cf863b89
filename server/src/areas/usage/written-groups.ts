import { type Decimal, decimal } from '../../kernel/decimal.ts';
import { type WrittenJson, writeJson, writtenJson } from '../../kernel/json.ts';
import { type Instant, instantText, Temporal } from '../../kernel/time.ts';
import type { CheckedUsageQuery } from './query-request.ts';

type Value = string | number | null;

/** Values in the order of the query's groups and then of its aggregations. */
export type GroupedRow = readonly Value[];

type Group = CheckedUsageQuery['groups'][number];
type Codes = ReadonlyMap<string, string>;

/**
 * The rows of an aggregating usage query as JSON, in the order of the API, one more than its limit when there
 * are more (spec 20 §13). Written here and not from objects: there are up to 20,000, and what they repeat
 * (accounts, buckets, names) is written once.
 */
export function writtenGroups(
  query: CheckedUsageQuery,
  rows: readonly GroupedRow[],
  codes: Codes,
): readonly WrittenJson[] {
  const columns = columnsOf(query, codes);
  const shown = sortedRows(query, rows, codes).slice(0, query.limit + 1);
  return shown.map((row) => writtenJson(rowText(columns, row)));
}

/** The JSON text of a row's value; null where the row has none. */
type Column = (row: GroupedRow) => string | null;

function rowText(columns: readonly (readonly [name: string, column: Column])[], row: GroupedRow): string {
  let members = '';
  for (const [name, column] of columns) {
    const text = column(row);
    if (text !== null) members += `${members && ','}${name}${text}`;
  }
  return `{${members}}`;
}

/** Of columns with one name the last one counts. */
function columnsOf(query: CheckedUsageQuery, codes: Codes): [name: string, column: Column][] {
  const columns = new Map<string, Column>();
  const meterCode = (id: string | null) => query.meters.get((id ?? '').toLowerCase())?.code;
  query.groups.forEach((item, i) => {
    const name = `${meterCode(item.meterId)}.${item.fieldCode}`;
    for (const [key, column] of groupColumns(item, { i, name, codes })) columns.set(key, column);
  });
  query.aggregations.forEach((item, i) => {
    const place = query.groups.length + i;
    const name = `${meterCode(item.meterId)}.${item.fieldCode}.${item.function}`;
    columns.set(name, (row) => numberText(row[place] ?? null));
  });
  return [...columns].map(([name, column]) => [`${JSON.stringify(name)}:`, column]);
}

type GroupPlace = { readonly i: number; readonly name: string; readonly codes: Codes };

function groupColumns(item: Group, { i, name, codes }: GroupPlace): [string, Column][] {
  const column = (text: (value: Value) => string | null): Column => {
    const written = writtenOnce(text);
    return (row) => written(row[i] ?? null);
  };
  if (item.groupType === 'ACCOUNT') {
    return [
      ['accountId', column(textOf)],
      ['accountCode', column((value) => textOf(codes.get(String(value)) ?? null))],
    ];
  }
  if (item.groupType === 'DIMENSION') return [[name, column(textOf)]];
  const frequency = item.frequency ?? 'DAY';
  return [
    ['startDate', column((value) => `"${instantText(bucketStart(value))}"`)],
    ['endDate', column((value) => `"${instantText(bucketEnd(bucketStart(value), frequency))}"`)],
  ];
}

function textOf(value: Value): string | null {
  return value === null ? null : JSON.stringify(value);
}

function writtenOnce(text: (value: Value) => string | null): (value: Value) => string | null {
  const known = new Map<Value, string | null>();
  return (value) => {
    let written = known.get(value);
    if (written === undefined) {
      written = text(value);
      known.set(value, written);
    }
    return written;
  };
}

/** Buckets are in UTC, so hours, days and weeks have one length. */
const BUCKET_HOURS = { HOUR: 1, DAY: 24, WEEK: 7 * 24 } as const;
const BUCKET_MONTHS = { MONTH: 1, QUARTER: 3 } as const;

type Frequency = NonNullable<Group['frequency']>;

/** Where a bucket starts. */
function bucketStart(value: Value): Instant {
  return Temporal.Instant.fromEpochMilliseconds(bucketSeconds(value) * 1000);
}

/** Seconds since 1970, which come as text. */
function bucketSeconds(value: Value): number {
  return Number.parseInt(String(value), 10);
}

/** Where the bucket that starts there ends. */
function bucketEnd(start: Instant, frequency: Frequency): Instant {
  if (frequency === 'MONTH' || frequency === 'QUARTER') {
    return start.toZonedDateTimeISO('UTC').add({ months: BUCKET_MONTHS[frequency] }).toInstant();
  }
  return start.add({ hours: BUCKET_HOURS[frequency] });
}

/** As `writeJson` writes numbers. */
const PLAIN_NUMBER = /^(?:0|-?(?:[1-9]\d*|0(?=\.))(?:\.\d*[1-9])?)$/;

function numberText(value: Value): string | null {
  if (value === null) return null;
  const text = String(value);
  return PLAIN_NUMBER.test(text) ? text : writeJson(aggregateValue(text));
}

/** A value as ClickHouse gives it. A mean comes as sum and count and is divided here, at 34 digits. */
export function aggregateValue(value: Value): Decimal | null {
  if (value === null) return null;
  const text = String(value);
  const slash = text.indexOf('/');
  return slash < 0 ? decimal(text) : decimal(text.slice(0, slash)).div(text.slice(slash + 1));
}

/** Newest bucket first, then account code, then dimension values ascending (spec 20 §13). */
function sortedRows(query: CheckedUsageQuery, rows: readonly GroupedRow[], codes: Codes): GroupedRow[] {
  const places = query.groups.map((item, i) => ({ type: item.groupType, i }));
  const ordered = ['TIME', 'ACCOUNT', 'DIMENSION'].flatMap((type) => places.filter((at) => at.type === type));
  const columns = ordered.map(({ type, i }) => ranksOf(rows, i, (value) => keyPart(type, value, codes)));
  const order = rows.map((_, at) => at);
  order.sort((a, b) => {
    for (const ranks of columns) {
      const difference = (ranks[a] ?? 0) - (ranks[b] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  });
  return order.map((at) => rows[at] as GroupedRow);
}

/** For each row, the place of its value among the different ones, so that rows are compared by numbers. */
function ranksOf(
  rows: readonly GroupedRow[],
  column: number,
  keyOf: (value: Value) => string | number,
): number[] {
  const keys = new Map<Value, string | number>();
  for (const row of rows) {
    const value = row[column] ?? null;
    if (!keys.has(value)) keys.set(value, keyOf(value));
  }
  const sorted = [...new Set(keys.values())].sort((a, b) => (a < b ? -1 : 1));
  const places = new Map(sorted.map((key, rank) => [key, rank]));
  const ranks = new Map([...keys].map(([value, key]) => [value, places.get(key) ?? 0]));
  return rows.map((row) => ranks.get(row[column] ?? null) ?? 0);
}

function keyPart(type: string, value: Value, codes: Codes): string | number {
  if (type === 'TIME') return -bucketSeconds(value);
  if (type === 'ACCOUNT') return codes.get(String(value)) ?? '';
  return value === null ? '' : `=${value}`;
}
