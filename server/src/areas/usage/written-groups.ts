import { type Decimal, decimal } from '../../kernel/decimal.ts';
import { type WrittenJson, writeJson, writtenJson } from '../../kernel/json.ts';
import { type Instant, instantText, Temporal } from '../../kernel/time.ts';
import type { CheckedUsageQuery } from './query-request.ts';

type Value = string | number | null;

/** For each group of the query and then for each of its aggregations, the values of all rows. */
export type GroupedColumns = readonly (readonly Value[])[];

type Group = CheckedUsageQuery['groups'][number];
type Codes = ReadonlyMap<string, string>;

/**
 * The rows of an aggregating usage query as JSON, in the order of the API, one more than its limit when there
 * are more (spec 20 §13). Written here and not from objects: there are up to 20,000, and what they repeat
 * (accounts, buckets, names) is written once.
 */
export function writtenGroups(
  query: CheckedUsageQuery,
  columns: GroupedColumns,
  codes: Codes,
): readonly WrittenJson[] {
  const count = columns[0]?.length ?? 0;
  const groups = query.groups.map((item, i): GroupColumn => ({ item, ...differentValues(columns[i] ?? []) }));
  const members = membersOf(query, { groups, columns, codes });
  const shown = rowsInOrder(groups, count, codes).slice(0, query.limit + 1);
  return Array.from(shown, (row) => writtenJson(rowText(members, row)));
}

/** A column of the answer whose values many rows share. */
type GroupColumn = {
  readonly item: Group;
  readonly values: readonly Value[];
  /** For each row, the place of its value among them. */
  readonly places: readonly number[];
};

function differentValues(column: readonly Value[]): Omit<GroupColumn, 'item'> {
  const known = new Map<Value, number>();
  const places = column.map((value) => {
    const place = known.get(value) ?? known.size;
    if (place === known.size) known.set(value, place);
    return place;
  });
  return { values: [...known.keys()], places };
}

/** The JSON text of one property of a row, with its name; null where the row has none. */
type Member = (row: number) => string | null;

function rowText(members: readonly Member[], row: number): string {
  let text = '';
  for (const member of members) {
    const own = member(row);
    if (own !== null) text += text === '' ? own : `,${own}`;
  }
  return `{${text}}`;
}

type Parts = {
  readonly groups: readonly GroupColumn[];
  readonly columns: GroupedColumns;
  readonly codes: Codes;
};

/** Of properties with one name the last one counts. */
function membersOf(query: CheckedUsageQuery, { groups, columns, codes }: Parts): readonly Member[] {
  const members = new Map<string, Member>();
  const meterCode = (id: string | null) => query.meters.get((id ?? '').toLowerCase())?.code;
  for (const group of groups) {
    const name = `${meterCode(group.item.meterId)}.${group.item.fieldCode}`;
    for (const [key, text] of groupTexts(group.item, name, codes)) {
      const texts = group.values.map((value) => memberText(key, text(value)));
      members.set(key, (row) => texts[group.places[row] ?? 0] ?? null);
    }
  }
  query.aggregations.forEach((item, i) => {
    const values = columns[query.groups.length + i] ?? [];
    const name = `${meterCode(item.meterId)}.${item.fieldCode}.${item.function}`;
    const start = `${JSON.stringify(name)}:`;
    members.set(name, (row) => {
      const text = numberText(values[row] ?? null);
      return text === null ? null : start + text;
    });
  });
  return [...members.values()];
}

function memberText(name: string, text: string | null): string | null {
  return text === null ? null : `${JSON.stringify(name)}:${text}`;
}

type ValueText = (value: Value) => string | null;

function groupTexts({ groupType, frequency }: Group, name: string, codes: Codes): [string, ValueText][] {
  if (groupType === 'ACCOUNT') {
    return [
      ['accountId', textOf],
      ['accountCode', (value) => textOf(codes.get(String(value)) ?? null)],
    ];
  }
  if (groupType === 'DIMENSION') return [[name, textOf]];
  return [
    ['startDate', (value) => `"${instantText(bucketStart(value))}"`],
    ['endDate', (value) => `"${instantText(bucketEnd(bucketStart(value), frequency ?? 'DAY'))}"`],
  ];
}

function textOf(value: Value): string | null {
  return value === null ? null : JSON.stringify(value);
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

/** The rows by newest bucket first, then account code, then dimension values ascending (spec 20 §13). */
function rowsInOrder(groups: readonly GroupColumn[], count: number, codes: Codes): Float64Array {
  const ordered = ['TIME', 'ACCOUNT', 'DIMENSION'].flatMap((type) =>
    groups.filter(({ item }) => item.groupType === type),
  );
  let keys = new Float64Array(count);
  let size = 1;
  for (const { item, values, places } of ordered) {
    const ranks = ranksOf(values.map((value) => keyPart(item.groupType, value, codes)));
    size *= values.length;
    keys = keys.map((key, row) => key * values.length + (ranks[places[row] ?? 0] ?? 0));
    if (size * count <= Number.MAX_SAFE_INTEGER) continue;
    keys = Float64Array.from(ranksOf([...keys]));
    size = count;
  }
  // With its row in it each key is another one, and numbers are sorted without calling back.
  return keys
    .map((key, row) => key * count + row)
    .sort()
    .map((key) => key % count);
}

/** For each key, how many different ones are smaller. */
function ranksOf<T extends string | number>(keys: readonly T[]): number[] {
  const sorted = [...new Set(keys)].sort((a, b) => (a < b ? -1 : 1));
  const ranks = new Map(sorted.map((key, rank) => [key, rank]));
  return keys.map((key) => ranks.get(key) ?? 0);
}

function keyPart(type: string, value: Value, codes: Codes): string | number {
  if (type === 'TIME') return -bucketSeconds(value);
  if (type === 'ACCOUNT') return codes.get(String(value)) ?? '';
  return value === null ? '' : `=${value}`;
}
