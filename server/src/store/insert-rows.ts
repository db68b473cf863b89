import { CompiledQuery } from 'kysely';
import type { Row, Tx } from './database.ts';
import { type Column, columnsOf, haveAll, textOf } from './table-columns.ts';
import { COPY_WITH_NEXT } from './value-client.ts';

/**
 * Inserts whole rows in API spelling into one table, which go out with the next statement; none for no rows.
 * Fields that a row leaves out are null, those that are no columns are passed over; column defaults do not
 * apply. COPY takes PostgreSQL a fifth less than `insert` from a row set (decision 0038).
 */
export async function insertRows(tx: Tx, table: string, rows: Iterable<Row>): Promise<void> {
  const columns = await columnsOf(tx, table);
  const texts = textsOfRows(columns, rows);
  if (texts.length === 0) return;
  const names = columns.map(({ name }) => `"${name}"`).join(', ');
  const text = `${COPY_WITH_NEXT}"${table}" (${names}) from stdin (${FORMAT})`;
  await tx.executeQuery(CompiledQuery.raw(text, [texts]));
}

/** CSV with a tab between fields and with quotes that no JSON has, so that only texts must be looked at. */
const FORMAT = String.raw`format csv, delimiter e'\t', quote e'\x01'`;

/**
 * Few enough that V8 finds room for their texts where it has written before, and that rows which are made on
 * the way are gone before the next collection of garbage.
 */
const ROWS_AT_A_TIME = 16;

function textsOfRows(columns: readonly Column[], rows: Iterable<Row>): readonly Buffer[] {
  const texts: Buffer[] = [];
  let some: Row[] = [];
  for (const row of rows) {
    some.push(row);
    if (some.length < ROWS_AT_A_TIME) continue;
    texts.push(textOfSome(columns, some));
    some = [];
  }
  if (some.length > 0) texts.push(textOfSome(columns, some));
  return texts;
}

function textOfSome(columns: readonly Column[], rows: readonly Row[]): Buffer {
  const { varying, end } = layoutOf(columns, rows);
  const width = 2 * varying.length + 1;
  const pieces = new Array<string>(width * rows.length);
  for (const [i, column] of varying.entries()) writeColumn({ pieces, width, at: 2 * i }, column, rows);
  for (let at = width - 1; at < pieces.length; at += width) pieces[at] = end;
  return Buffer.from(pieces.join(''));
}

type Layout = { readonly varying: readonly Varying[]; readonly end: string };

/** A column whose values differ, and what stands between it and the one before. */
type Varying = { readonly before: string; readonly field: string; readonly type: string };

/** Every third column has one value only: who writes, when, for whom. */
function layoutOf(columns: readonly Column[], rows: readonly Row[]): Layout {
  const varying: Varying[] = [];
  let before = '';
  for (const { field, type } of columns) {
    const first = rows[0]?.[field] ?? null;
    if (haveAll(rows, field, first)) before += fieldText(first, type);
    else {
      varying.push({ before, field, type });
      before = '';
    }
    before += '\t';
  }
  return { varying, end: `${before.slice(0, -1)}\n` };
}

/** Pieces of all rows, `width` for each; a column has the one `at` it and the next. */
type Place = { readonly pieces: string[]; readonly width: number; readonly at: number };

/** Column by column, because V8 finds one field of many rows sooner than many fields of one row. */
function writeColumn({ pieces, width, at }: Place, { before, field, type }: Varying, rows: readonly Row[]) {
  let place = at;
  for (const row of rows) {
    pieces[place] = before;
    pieces[place + 1] = fieldText(row[field], type);
    place += width;
  }
}

const QUOTE = '\u0001';
/** What a text is quoted for. JSON is written without control characters. */
const QUOTED = new RegExp(`[\\t\\n\\r${QUOTE}]|^$`);

/** Nothing is null. */
function fieldText(value: unknown, type: string): string {
  const text = textOf(value, type);
  if (text === null) return '';
  const isQuoted = type === 'text' && QUOTED.test(text);
  return isQuoted ? `${QUOTE}${text.replaceAll(QUOTE, QUOTE + QUOTE)}${QUOTE}` : text;
}
