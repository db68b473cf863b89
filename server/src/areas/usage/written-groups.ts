import { type Decimal, decimal } from '../../kernel/decimal.ts';
import { type WrittenJson, writeJson, writtenJson } from '../../kernel/json.ts';
import { instantText, Temporal } from '../../kernel/time.ts';
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
  const length = BUCKET_LENGTH[item.frequency ?? 'DAY'];
  return [
    ['startDate', column((value) => bucketText(value, null))],
    ['endDate', column((value) => bucketText(value, length))],
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

const BUCKET_LENGTH = {
  HOUR: { hours: 1 },
  DAY: { days: 1 },
  WEEK: { weeks: 1 },
  MONTH: { months: 1 },
  QUARTER: { months: 3 },
} as const;

type Length = (typeof BUCKET_LENGTH)[keyof typeof BUCKET_LENGTH];

/** Where a bucket starts, or where it ends when it has this length. */
function bucketText(value: Value, length: Length | null): string {
  const start = Temporal.Instant.fromEpochMilliseconds((value as number) * 1000);
  const end = length && start.toZonedDateTimeISO('UTC').add(length).toInstant();
  return `"${instantText(end ?? start)}"`;
}

/** As `writeJson` writes numbers. */
const PLAIN_NUMBER = /^(?:0|-?(?:[1-9]\d*|0(?=\.))(?:\.\d*[1-9])?)$/;

function numberText(value: Value): string | null {
  if (value === null) return null;
  const text = String(value);
  return PLAIN_NUMBER.test(text) ? text : writeJson(aggregateValue(text));
}

/** A value as `groupedRowsSql` gives it. A mean is divided here, at 34 digits. */
export function aggregateValue(value: Value): Decimal | null {
  if (value === null) return null;
  const [total = '0', count] = String(value).split('/');
  return count === undefined ? decimal(total) : decimal(total).div(count);
}

type SortKey = readonly (string | number)[];

/** Newest bucket first, then account code, then dimension values ascending (spec 20 §13). */
function sortedRows(query: CheckedUsageQuery, rows: readonly GroupedRow[], codes: Codes): GroupedRow[] {
  const places = query.groups.map((item, i) => ({ type: item.groupType, i }));
  const ordered = ['TIME', 'ACCOUNT', 'DIMENSION'].flatMap((type) => places.filter((at) => at.type === type));
  const keyed = rows.map((row) => ({
    row,
    key: ordered.map(({ type, i }) => keyPart(type, row[i] ?? null, codes)),
  }));
  keyed.sort((a, b) => comparedKeys(a.key, b.key));
  return keyed.map(({ row }) => row);
}

function keyPart(type: string, value: Value, codes: Codes): string | number {
  if (type === 'TIME') return -(value as number);
  if (type === 'ACCOUNT') return codes.get(String(value)) ?? '';
  return value === null ? '' : `=${value}`;
}

function comparedKeys(a: SortKey, b: SortKey): number {
  for (let i = 0; i < a.length; i += 1) {
    const [left, right] = [a[i] as string | number, b[i] as string | number];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}
