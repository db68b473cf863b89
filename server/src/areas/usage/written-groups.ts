import { type Decimal, decimal } from '../../kernel/decimal.ts';
import { quoted, writeJson } from '../../kernel/json.ts';
import { textBytes } from '../../kernel/text-bytes.ts';
import { instantText, Temporal } from '../../kernel/time.ts';
import type { CheckedUsageQuery } from './query-request.ts';

/** A value of a group: a text, the start of a bucket in seconds since 1970, or none. */
type Value = string | number | null;

type Group = CheckedUsageQuery['groups'][number];
type Codes = ReadonlyMap<string, string>;

/**
 * The answer of an aggregating usage query as JSON, its rows in the order of the API (spec 20 §13). `cells`
 * are the values that ClickHouse answered, each as JSON text, row by row, groups before aggregations;
 * `codesOf` answers the codes of accounts by their ids. Written here and not from objects: there are up to
 * 20,000 rows, and what they repeat (accounts, buckets, names) is written once.
 */
export async function writtenGroups(
  query: CheckedUsageQuery,
  cells: readonly string[],
  codesOf: (ids: readonly string[]) => Promise<Codes>,
): Promise<Buffer> {
  const width = query.groups.length + query.aggregations.length;
  const count = cells.length / width;
  const table = { cells, width, count };
  const account = query.groups.findIndex((item) => item.groupType === 'ACCOUNT');
  const accounts = account < 0 ? null : differentValues(table, account);
  // The store answers while the other groups are read.
  const asked = codesOf(accounts?.values.map(String) ?? []);
  const groups = query.groups.map((item, i): GroupColumn => {
    return { item, ...(i === account && accounts ? accounts : differentValues(table, i)) };
  });
  const codes = await asked;
  const columns = columnsOf(query, { groups, cells, width, codes });
  const shown = rowsInOrder(groups, count, codes).subarray(0, query.limit);
  return answerBytes(columns, shown, count > query.limit);
}

type Table = { readonly cells: readonly string[]; readonly width: number; readonly count: number };

/** A column of the answer whose values many rows share. */
type GroupColumn = {
  readonly item: Group;
  readonly values: readonly Value[];
  /** For each row, the place of its value among them. */
  readonly places: Uint32Array;
};

function differentValues({ cells, width, count }: Table, column: number): Omit<GroupColumn, 'item'> {
  const known = new Map<string, number>();
  const places = new Uint32Array(count);
  let before: string | null = null;
  for (let row = 0; row < count; row += 1) {
    const cell = cells[row * width + column] ?? '';
    if (cell === before) {
      places[row] = places[row - 1] ?? 0;
      continue;
    }
    const place = known.get(cell) ?? known.size;
    if (place === known.size) known.set(cell, place);
    places[row] = place;
    before = cell;
  }
  return { values: Array.from(known.keys(), (cell) => JSON.parse(cell) as Value), places };
}

/**
 * The JSON text of some properties of a row, with their names and with what goes before them; empty where the
 * row has none of them.
 */
type Column = (row: number, isFirst: boolean) => string;

function answerBytes(columns: readonly Column[], rows: Uint32Array, hasMoreData: boolean): Buffer {
  const answer = textBytes(rows.length * rowText(columns, rows[0] ?? 0).length);
  answer.add('{"data":[');
  let before = '';
  for (const row of rows) {
    answer.add(`${before}${rowText(columns, row)}`);
    before = ',';
  }
  answer.add(`],"hasMoreData":${hasMoreData}}`);
  return answer.bytes();
}

function rowText(columns: readonly Column[], row: number): string {
  let members = '';
  for (const column of columns) members += column(row, members === '');
  return members === '' ? '{}' : `${members}}`;
}

type Parts = {
  readonly groups: readonly GroupColumn[];
  readonly cells: readonly string[];
  readonly width: number;
  readonly codes: Codes;
};

/** Of columns with one name the last one counts. */
function columnsOf(query: CheckedUsageQuery, { groups, cells, width, codes }: Parts): readonly Column[] {
  const columns = new Map<string, Column>();
  const meterCode = (id: string | null) => query.meters.get((id ?? '').toLowerCase())?.code;
  for (const { item, values, places } of groups) {
    const name = `${meterCode(item.meterId)}.${item.fieldCode}`;
    const texts = values.map((value) => groupText(item, value, { name, codes }));
    const [first, next] = [textsBehind('{', texts), textsBehind(',', texts)];
    columns.set(item.groupType === 'DIMENSION' ? name : item.groupType, (row, isFirst) => {
      return (isFirst ? first : next)[places[row] ?? 0] ?? '';
    });
  }
  query.aggregations.forEach((item, i) => {
    const name = `${meterCode(item.meterId)}.${item.fieldCode}.${item.function}`;
    const [first = '', next = ''] = ['{', ','].map((before) => [before, quoted(name), ':'].join(''));
    const column = query.groups.length + i;
    const isMean = item.function === 'MEAN';
    columns.set(name, (row, isFirst) => {
      const cell = cells[row * width + column] ?? 'null';
      if (cell === 'null') return '';
      return (isFirst ? first : next) + (isMean ? meanText(cell) : cell);
    });
  });
  return [...columns.values()];
}

/** Joined, because V8 keeps a sum as a tree, and many rows go through these. */
function textsBehind(before: string, texts: readonly string[]): string[] {
  return texts.map((text) => (text === '' ? '' : [before, text].join('')));
}

type Named = { readonly name: string; readonly codes: Codes };

/** The properties of a row for its value of a group. */
function groupText({ groupType, frequency }: Group, value: Value, { name, codes }: Named): string {
  if (groupType === 'DIMENSION') return value === null ? '' : `${quoted(name)}:${quoted(String(value))}`;
  if (groupType === 'ACCOUNT') {
    const code = codes.get(String(value));
    const codeText = code === undefined ? '' : `,"accountCode":${quoted(code)}`;
    return `"accountId":${quoted(String(value))}${codeText}`;
  }
  const start = value as number;
  return `"startDate":${bucketText(start)},"endDate":${bucketText(bucketEnd(start, frequency ?? 'DAY'))}`;
}

/** The moment so many seconds after the beginning of 1970. */
function bucketText(seconds: number): string {
  return `"${instantText(Temporal.Instant.fromEpochMilliseconds(seconds * 1000))}"`;
}

/** Buckets are in UTC, so hours, days and weeks have one length. */
const BUCKET_SECONDS = { HOUR: 3600, DAY: 24 * 3600, WEEK: 7 * 24 * 3600 } as const;
const BUCKET_MONTHS = { MONTH: 1, QUARTER: 3 } as const;

type Frequency = NonNullable<Group['frequency']>;

/** Where the bucket that starts there ends, in seconds too. */
function bucketEnd(start: number, frequency: Frequency): number {
  if (frequency !== 'MONTH' && frequency !== 'QUARTER') return start + BUCKET_SECONDS[frequency];
  const first = Temporal.Instant.fromEpochMilliseconds(start * 1000).toZonedDateTimeISO('UTC');
  return first.add({ months: BUCKET_MONTHS[frequency] }).epochMilliseconds / 1000;
}

/** A mean as JSON text. */
function meanText(cell: string): string {
  return writeJson(aggregateValue(JSON.parse(cell) as string));
}

/** A value as ClickHouse gives it. A mean comes as sum and count and is divided here, at 34 digits. */
export function aggregateValue(value: Value): Decimal | null {
  if (value === null) return null;
  const text = String(value);
  const slash = text.indexOf('/');
  return slash < 0 ? decimal(text) : decimal(text.slice(0, slash)).div(text.slice(slash + 1));
}

/**
 * The rows by newest bucket first, then account code, then dimension values ascending (spec 20 §13). Sorted
 * by the last of these first, each time without changing the order of equals.
 */
function rowsInOrder(groups: readonly GroupColumn[], count: number, codes: Codes): Uint32Array {
  const ordered = ['TIME', 'ACCOUNT', 'DIMENSION'].flatMap((type) =>
    groups.filter(({ item }) => item.groupType === type),
  );
  let rows: Uint32Array = new Uint32Array(count).map((_, row) => row);
  for (const { item, values, places } of ordered.toReversed()) {
    const ranks = ranksOf(values.map((value) => keyPart(item.groupType, value, codes)));
    rows = rowsByRank(
      rows,
      places.map((place) => ranks[place] ?? 0),
    );
  }
  return rows;
}

/** Each row goes behind those of lower ranks and those of its own that came before it. */
function rowsByRank(rows: Uint32Array, ranks: Uint32Array): Uint32Array {
  const next: number[] = [];
  for (const rank of ranks) next[rank] = (next[rank] ?? 0) + 1;
  let start = 0;
  next.forEach((size, rank) => {
    next[rank] = start;
    start += size;
  });
  const sorted = new Uint32Array(rows.length);
  for (const row of rows) {
    const rank = ranks[row] ?? 0;
    const place = next[rank] ?? 0;
    sorted[place] = row;
    next[rank] = place + 1;
  }
  return sorted;
}

/** For each key, how many different ones are smaller. */
function ranksOf<T extends string | number>(keys: readonly T[]): number[] {
  const sorted = [...new Set(keys)].sort((a, b) => (a < b ? -1 : 1));
  const ranks = new Map(sorted.map((key, rank) => [key, rank]));
  return keys.map((key) => ranks.get(key) ?? 0);
}

function keyPart(type: string, value: Value, codes: Codes): string | number {
  if (type === 'TIME') return -(value as number);
  if (type === 'ACCOUNT') return codes.get(String(value)) ?? '';
  return value === null ? '' : `=${value}`;
}
