import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { jsonElements } from '../../ports/files/json-elements.ts';
import { type Bytes, FileFault, type Piece, textLines } from '../../ports/files/text-lines.ts';

/** A larger row is refused by itself, so that memory stays bounded. */
const MAX_ROW_BYTES = 512_000;
/** Enough to see what kind of file it is. */
const HEAD_BYTES = 4096;

const ARRAY = /^\s*\[/;
const WRAPPED = /^\s*\{\s*"measurements"\s*:\s*\[/;
const OBJECT = /^\s*\{/;
const LINES_NAME = /\.(?:jsonl|ndjson)$/i;
const CATEGORY_COLUMN = /^(who|what|where|other|metadata|measure|cost|income)\.(.+)$/;
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const NUMERIC = new Set(['measure', 'cost', 'income']);

/**
 * The rows of a file of measurements as JSON texts with their numbers: elements of an array (also under
 * `measurements`), lines of JSON Lines, or records of CSV (numbered by line, the header being the first).
 * What it is shows in its first characters; one single object is a row only when the name of the file says so
 * (spec 20 §9). Throws FileFault for a file that is none of these.
 */
export async function* uploadRows(bytes: Bytes, fileName: string): AsyncGenerator<Piece> {
  const { head, all } = await withHead(bytes);
  const start = head.toString('latin1');
  const opening = ARRAY.exec(start) ?? WRAPPED.exec(start);
  if (opening) {
    const trailer = OBJECT.test(start) ? /^\s*\}\s*$/ : /^\s*$/;
    yield* jsonElements(without(all, opening[0].length), { maxBytes: MAX_ROW_BYTES, trailer });
  } else if (OBJECT.test(start)) yield* objectLines(all, fileName);
  else if (looksLikeCsv(start)) yield* csvRows(all);
  else throw new FileFault('the file is neither a JSON array nor JSON Lines nor CSV');
}

/** The first bytes, without a byte order mark, and the bytes from there on. */
async function withHead(bytes: Bytes): Promise<{ readonly head: Buffer; readonly all: Bytes }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < HEAD_BYTES) {
    const next = await iterator.next();
    if (next.done) break;
    chunks.push(Uint8Array.from(next.value));
    size += next.value.length;
  }
  const joined = Buffer.concat(chunks);
  const head = joined.subarray(0, 3).toString('hex') === 'efbbbf' ? joined.subarray(3) : joined;
  return { head: head.subarray(0, HEAD_BYTES), all: resumed(head, iterator) };
}

async function* resumed(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* without(bytes: Bytes, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of bytes) {
    yield chunk.subarray(Math.min(left, chunk.length));
    left -= Math.min(left, chunk.length);
  }
}

/** Objects on lines of their own. The first line decides: a JSON document over several lines has none. */
async function* objectLines(bytes: Bytes, fileName: string): AsyncGenerator<Piece> {
  let first: Piece | null = null;
  let count = 0;
  for await (const line of textLines(bytes, MAX_ROW_BYTES)) {
    count += 1;
    if (count === 1) {
      first = line;
      mustBeDocument(line.text);
      continue;
    }
    if (first) yield first;
    first = null;
    yield line;
  }
  if (first && !LINES_NAME.test(fileName)) throw new FileFault('the file holds one object and no array');
  if (first) yield first;
}

function mustBeDocument(line: string | null): void {
  try {
    JSON.parse(line ?? '');
  } catch (error) {
    throw new FileFault('the file is neither a JSON array nor JSON Lines', { cause: error });
  }
}

function looksLikeCsv(start: string): boolean {
  const [header = ''] = start.split(/\r?\n/);
  const names = header.split(',').map((name) => name.trim().replaceAll('"', ''));
  return ['meter', 'account', 'ts'].every((name) => names.includes(name));
}

type CsvRecord = { readonly record: readonly string[]; readonly info: { readonly lines: number } };

async function* csvRows(bytes: Bytes): AsyncGenerator<Piece> {
  const source = Readable.from(bytes, { objectMode: false });
  const options = { info: true, skip_empty_lines: true, max_record_size: MAX_ROW_BYTES };
  const parser = source.pipe(parse(options));
  source.once('error', (error) => parser.destroy(error));
  let columns: readonly Column[] | null = null;
  try {
    for await (const { record, info } of parser as AsyncIterable<CsvRecord>) {
      if (columns) yield { number: info.lines, text: rowText(columns, record) };
      else columns = record.map(columnOf);
    }
  } catch (error) {
    if (error instanceof CsvError) throw new FileFault(`the CSV cannot be read: ${error.message}`);
    throw error;
  } finally {
    source.destroy();
  }
}

/** Where a column's cells go: an attribute, or a field of a category. */
type Column = { readonly group: string | null; readonly name: string };

function columnOf(header: string): Column {
  const name = header.trim();
  if (['uid', 'meter', 'account', 'ts', 'ets'].includes(name)) return { group: null, name };
  const [, group, code] = CATEGORY_COLUMN.exec(name) ?? [];
  if (group === undefined || code === undefined) {
    throw new FileFault(`the column ${name.slice(0, 100)} is neither an attribute nor <category>.<code>`);
  }
  return { group, name: code };
}

/** The measurement as JSON: numbers keep their digits, an empty cell is no value. */
function rowText(columns: readonly Column[], record: readonly string[]): string {
  const groups = new Map<string, string[]>();
  const attributes: string[] = [];
  columns.forEach(({ group, name }, index) => {
    const cell = record[index] ?? '';
    if (cell === '') return;
    const isNumber = group !== null && NUMERIC.has(group) && JSON_NUMBER.test(cell.trim());
    const member = `${JSON.stringify(name)}:${isNumber ? cell.trim() : JSON.stringify(cell)}`;
    if (group === null) attributes.push(member);
    else groups.set(group, [...(groups.get(group) ?? []), member]);
  });
  for (const [group, members] of groups) attributes.push(`"${group}":{${members.join(',')}}`);
  return `{${attributes.join(',')}}`;
}
