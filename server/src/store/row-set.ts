import { type RawBuilder, sql } from 'kysely';
import { newId } from '../kernel/ids.ts';
import type { Row, Tx } from './database.ts';
import { type Column, columnsOf, haveAll, textOf } from './table-columns.ts';

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

function isWithoutMarks(text: string | null): boolean {
  return text === null || !MARKED.test(text);
}
