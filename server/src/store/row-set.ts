import { type RawBuilder, sql } from 'kysely';
import { writeJsonWithNulls } from '../kernel/json.ts';
import type { Row, Tx } from './database.ts';

/**
 * Rows in API spelling as a source of rows of `table`: one parameter however many they are. Fields that a row
 * leaves out are null; column defaults do not apply.
 */
export function rowSet(table: string, rows: readonly Row[]): RawBuilder<unknown> {
  const json = writeJsonWithNulls(rows.map(inColumnSpelling));
  return sql`json_populate_recordset(null::${sql.table(table)}, ${json}::json)`;
}

/** Inserts whole rows of one table in one statement; none for no rows. */
export async function insertRows(tx: Tx, table: string, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`insert into ${sql.table(table)} select r.* from ${rowSet(table, rows)} r`.execute(tx);
}

function inColumnSpelling(row: Row): Row {
  const spelled: Row = {};
  for (const name of Object.keys(row)) {
    const value = row[name];
    if (value !== null && value !== undefined) spelled[columnName(name)] = value;
  }
  return spelled;
}

const columnNames = new Map<string, string>();

/** `startDateTimeUtc` is the column start_date_time_utc; values within jsonb keep their spelling. */
export function columnName(name: string): string {
  let column = columnNames.get(name);
  if (column === undefined) {
    column = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    columnNames.set(name, column);
  }
  return column;
}
