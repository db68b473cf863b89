import { stringify } from 'csv-stringify/sync';
import { writeJson, writeJsonWithNulls } from '../../kernel/json.ts';
import { Temporal } from '../../kernel/time.ts';
import type { Row } from '../../store/database.ts';

export type FileFormat = 'CSV' | 'JSONL';

/** Rows of one file: its columns, and the rows page by page. */
export type RowSource = {
  /** The type in the names of its files. */
  readonly name: string;
  readonly columns: readonly string[];
  /** True: JSONL has every column in every line, null included; false: as the API answers, without nulls. */
  readonly everyColumn: boolean;
  readonly pages: AsyncIterable<readonly Row[]>;
};

/** What stands before the rows of a file. */
export function headText(format: FileFormat, columns: readonly string[]): string {
  return format === 'CSV' ? stringify([[...columns]]) : '';
}

/**
 * Rows as text (spec 60 §8.4): CSV of RFC 4180 with LF, maps and lists as JSON, nothing for null; or one JSON
 * object per line with the same names.
 */
export function rowsText(
  format: FileFormat,
  { columns, everyColumn }: Pick<RowSource, 'columns' | 'everyColumn'>,
  rows: readonly Row[],
): string {
  if (format === 'CSV') {
    return rows.length === 0 ? '' : stringify(rows.map((row) => columns.map((name) => cellText(row[name]))));
  }
  const written = everyColumn
    ? (row: Row) => writeJsonWithNulls(Object.fromEntries(columns.map((name) => [name, row[name] ?? null])))
    : writeJson;
  return rows.map((row) => `${written(row)}\n`).join('');
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value;
  if (value instanceof Temporal.Instant || value instanceof Temporal.PlainDate) return String(value);
  return writeJson(value);
}
