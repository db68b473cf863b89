import { sql } from 'kysely';
import { writeJsonWithNulls } from '../kernel/json.ts';
import type { Row, Tx } from './database.ts';
import { parameterFromValue } from './value-client.ts';

/** `field` is the API's spelling of the name. */
export type Column = { readonly name: string; readonly field: string; readonly type: string };

const knownColumns = new Map<string, readonly Column[]>();

/** Columns of tables in their order: they stay as the migrations left them when the process started. */
export async function columnsOf(tx: Tx, table: string): Promise<readonly Column[]> {
  const known = knownColumns.get(table);
  if (known !== undefined) return known;
  const { rows } = await sql<Omit<Column, 'field'>>`
    select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
    where attrelid = ${table}::regclass and attnum > 0 and not attisdropped order by attnum`.execute(tx);
  const columns = rows.map(({ name, type }) => ({ field: fieldName(name), name, type }));
  knownColumns.set(table, columns);
  return columns;
}

function fieldName(column: string): string {
  return column.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Whether all rows have this very value, which is null for a field that they leave out. */
export function haveAll(rows: readonly Row[], field: string, value: unknown): boolean {
  for (const row of rows) if ((row[field] ?? null) !== value) return false;
  return true;
}

/** What PostgreSQL reads as a value of the column's type; null for null and for a field that is left out. */
export function textOf(value: unknown, type: string): string | null {
  if (value === null || value === undefined) return null;
  if (type === 'jsonb') return writeJsonWithNulls(value);
  return typeof value === 'string' ? value : String(parameterFromValue(value));
}
