import { type RawBuilder, sql } from 'kysely';
import { newId } from '../kernel/ids.ts';
import { writeJsonWithNulls } from '../kernel/json.ts';
import type { Row, Tx } from './database.ts';
import { parameterFromValue, withNext } from './value-client.ts';

/**
 * Rows in API spelling as a source of rows of `table`, however many they are. Fields that a row leaves out
 * are null, those that are no columns are passed over; column defaults do not apply. Each column goes out as
 * one text with a line per row, or as its only value: one JSON document takes PostgreSQL twice as long
 * (decision 0029).
 */
export async function rowSet(tx: Tx, table: string, rows: readonly Row[]): Promise<RawBuilder<unknown>> {
  const columns = await columnsOf(tx, table);
  const lists = columns.map((column) => listOf(column, rows));
  const names = columns.map(({ name }) => sql.ref(name));
  return sql`(select * from unnest(${sql.join(lists)}) as given (${sql.join(names)}))`;
}

/**
 * Inserts whole rows of one table in one statement, which goes out with the next one; none for no rows.
 */
export async function insertRows(tx: Tx, table: string, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`${withNext}insert into ${sql.table(table)}
    select r.* from ${await rowSet(tx, table, rows)} r`.execute(tx);
}

/** `field` is the API's spelling of the name. */
type Column = { readonly name: string; readonly field: string; readonly type: string };

/** Columns of tables in their order: they stay as the migrations left them when the process started. */
const knownColumns = new Map<string, readonly Column[]>();

async function columnsOf(tx: Tx, table: string): Promise<readonly Column[]> {
  const known = knownColumns.get(table);
  if (known !== undefined) return known;
  const { rows } = await sql<Omit<Column, 'field'>>`
    select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
    where attrelid = ${table}::regclass and attnum > 0 and not attisdropped order by attnum`.execute(tx);
  const columns = rows.map(({ name, type }) => ({ field: fieldName(name), name, type }));
  knownColumns.set(table, columns);
  return columns;
}

/** Not within what we write, unless a text brings it along. */
const MARKS = { separator: '\n', none: '\u0001' };
const MARKED = new RegExp(`[${MARKS.separator}${MARKS.none}]`);

function listOf({ field, type }: Column, rows: readonly Row[]): RawBuilder<unknown> {
  const array = sql.raw(`${type}[]`);
  const first = rows[0]?.[field] ?? null;
  // Every third column has one value only: who writes, when, for whom.
  if (haveAll(rows, field, first)) {
    if (first === null) return sql`null::${array}`;
    return sql`array_fill(${textOf(first, type)}::text::${sql.raw(type)}, array[${rows.length}::int])`;
  }
  const texts: (string | null)[] = [];
  for (const row of rows) texts.push(textOf(row[field], type));
  const isClear = type !== 'text' || texts.every(isWithoutMarks);
  const { separator, none } = isClear ? MARKS : { separator: `\n${newId()}\n`, none: newId() };
  for (const [i, text] of texts.entries()) if (text === null) texts[i] = none;
  return sql`string_to_array(${texts.join(separator)}, ${separator}::text, ${none}::text)::${array}`;
}

function haveAll(rows: readonly Row[], field: string, value: unknown): boolean {
  for (const row of rows) if ((row[field] ?? null) !== value) return false;
  return true;
}

function isWithoutMarks(text: string | null): boolean {
  return text === null || !MARKED.test(text);
}

function textOf(value: unknown, type: string): string | null {
  if (value === null || value === undefined) return null;
  if (type === 'jsonb') return writeJsonWithNulls(value);
  return typeof value === 'string' ? value : String(parameterFromValue(value));
}

function fieldName(column: string): string {
  return column.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
