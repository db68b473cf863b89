import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { stringify } from 'csv-stringify/sync';
import { sql } from 'kysely';
import { jsonFromBody } from '../../api/body.ts';
import { textOf } from '../../engine/expression/values.ts';
import { decimal } from '../../kernel/decimal.ts';
import { ApiError } from '../../kernel/errors.ts';
import { writeJson } from '../../kernel/json.ts';
import { type Bytes, FileFault, textLines } from '../../ports/files/text-lines.ts';
import type { Db, Row } from '../../store/database.ts';
import type { KeyedItem, LookupItem } from './lookup-table-item.ts';
import type { LookupFileType } from './lookup-table-job.ts';
import type { StoredRevision } from './lookup-table-revision.ts';

const PORTION = 2000;
/** More than a row of ten fields with the longest texts takes. */
const MAX_ROW_BYTES = 256_000;

/** A row of a file and where it stands. */
export type PlacedItem = { readonly number: number; readonly item: Row };

/**
 * The rows of a file: objects on lines of their own, or CSV under a header with the names of the fields (spec
 * 20 §15.5). Numbers keep all their digits. Throws FileFault for a file that cannot be read.
 */
export function lookupFileRows(
  bytes: Bytes,
  revision: StoredRevision,
  contentType: LookupFileType,
): AsyncGenerator<PlacedItem> {
  return contentType === 'text/csv' ? csvItems(bytes, revision) : lineItems(bytes);
}

async function* lineItems(bytes: Bytes): AsyncGenerator<PlacedItem> {
  for await (const { number, text } of textLines(bytes, MAX_ROW_BYTES)) {
    if (text === null) throw new FileFault(`line ${number} is too long`);
    const item = lineValue(text, number);
    if (!isRow(item)) throw new FileFault(`line ${number} is not a JSON object`);
    yield { number, item };
  }
}

function lineValue(text: string, number: number): unknown {
  try {
    return jsonFromBody(text);
  } catch (error) {
    if (error instanceof ApiError) throw new FileFault(`line ${number}: ${error.message}`);
    throw error;
  }
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('toFixed' in value);
}

type CsvRecord = { readonly record: readonly string[]; readonly info: { readonly lines: number } };

async function* csvItems(bytes: Bytes, { fields }: StoredRevision): AsyncGenerator<PlacedItem> {
  const source = Readable.from(bytes, { objectMode: false });
  const parser = source.pipe(
    parse({ info: true, bom: true, skip_empty_lines: true, max_record_size: MAX_ROW_BYTES }),
  );
  source.once('error', (error) => parser.destroy(error));
  const numeric = new Set(fields.filter(({ type }) => type === 'NUMBER').map(({ name }) => name));
  let names: readonly string[] | null = null;
  try {
    for await (const { record, info } of parser as AsyncIterable<CsvRecord>) {
      if (names) yield { number: info.lines, item: csvItem(names, record, numeric) };
      else names = record.map((name) => name.trim());
    }
  } catch (error) {
    if (error instanceof CsvError) throw new FileFault(`the CSV cannot be read: ${error.message}`);
    throw error;
  } finally {
    source.destroy();
  }
  if (names === null) throw new FileFault('the header with the names of the fields is missing');
}

const PLAIN_NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?$/;

function csvItem(names: readonly string[], record: readonly string[], numeric: ReadonlySet<string>): Row {
  const entries = names.map((name, index): [string, unknown] => {
    const cell = record[index] ?? '';
    const isNumber = numeric.has(name) && PLAIN_NUMBER.test(cell.trim());
    return [name, isNumber ? decimal(cell.trim()) : cell];
  });
  return Object.fromEntries(entries);
}

/** The rows of a revision as a file, in the order of their keys. */
export async function* lookupFileContent(
  db: Db,
  revision: StoredRevision,
  contentType: LookupFileType,
): AsyncGenerator<Uint8Array> {
  const names = revision.fields.map(({ name }) => name);
  if (contentType === 'text/csv') yield Buffer.from(stringify([names]));
  for await (const items of itemPortions(db, revision)) {
    const text =
      contentType === 'text/csv'
        ? stringify(items.map((item) => names.map((name) => csvCell(item, name))))
        : items.map((item) => `${writeJson(inOrder(item, names))}\n`).join('');
    yield Buffer.from(text);
  }
}

function csvCell(item: LookupItem, name: string): string {
  const value = item[name];
  return value === undefined ? '' : textOf(value);
}

function inOrder(item: LookupItem, names: readonly string[]): Row {
  return Object.fromEntries(names.map((name) => [name, item[name]]));
}

async function* itemPortions(db: Db, { orgId, id }: StoredRevision): AsyncGenerator<readonly LookupItem[]> {
  let after: Pick<KeyedItem, 'lookupKey' | 'keyHash'> = { lookupKey: '', keyHash: '' };
  for (;;) {
    const { rows } = await sql<KeyedItem>`
      select key_hash, lookup_key, item from lookup_table_item
      where org_id = ${orgId} and revision_id = ${id}
        and (lookup_key collate "C", key_hash collate "C") > (${after.lookupKey}, ${after.keyHash})
      order by lookup_key collate "C", key_hash collate "C" limit ${PORTION}`.execute(db);
    const last = rows.at(-1);
    if (!last) return;
    yield rows.map(({ item }) => item);
    after = last;
  }
}
