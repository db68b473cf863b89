import { parse } from 'lossless-json';
import { Decimal, isDecimal } from './decimal.ts';
import { dateText, instantText, Temporal } from './time.ts';

export type JsonValue =
  | null
  | boolean
  | string
  | Decimal
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** JSON text to values; every number becomes a Decimal of exactly its written digits. Throws SyntaxError. */
export function parseJson(text: string): JsonValue {
  return parse(text, undefined, { parseNumber: decimalFromDigits, onDuplicateKey: lastOne }) as JsonValue;
}

/** As `JSON.parse` does: of equal keys the last one counts. */
function lastOne({ newValue }: { newValue: unknown }): unknown {
  return newValue;
}

/** More than a double holds. Written plainly, `1e-999999999` would fill the memory with zeros. */
const MAX_EXPONENT = 400;
const MAX_NUMBER_LENGTH = 1000;

function decimalFromDigits(text: string): Decimal {
  const value = text.length > MAX_NUMBER_LENGTH ? null : new Decimal(text);
  if (value?.isFinite() && Math.abs(value.e) <= MAX_EXPONENT) return value;
  throw new SyntaxError(`number out of range: ${text.slice(0, 40)}`);
}

const WRITTEN = Symbol('JSON text');

/** A value that is JSON text already. */
export type WrittenJson = { readonly [WRITTEN]: string };

/** Stands for a value whose text `writeJson` takes as it is: for answers of many rows. */
export function writtenJson(text: string): WrittenJson {
  return { [WRITTEN]: text };
}

/**
 * Values to JSON text: Decimals as plain digits without exponent or trailing zeros (spec 20 §1 N2), instants
 * and dates as ISO text, properties that are null or undefined left out (spec 10 §2). A Buffer holds JSON.
 */
export function writeJson(value: unknown): string {
  return jsonText(value, false) ?? 'null';
}

/** As `writeJson`, but with properties that are null kept as null (for stored payloads). */
export function writeJsonWithNulls(value: unknown): string {
  return jsonText(value, true) ?? 'null';
}

/** As `writeJson`, but without these properties of the record itself: cheaper than a copy that lacks them. */
export function writeJsonWithout(hidden: ReadonlySet<string>, record: JsonRecord): string {
  return recordText(record, false, { hidden });
}

/** As `writeJson` of the record with these properties in place of its own or behind them, without a copy. */
export function writeJsonWith(changed: JsonRecord, record: JsonRecord): string {
  return recordText(record, false, { changed });
}

type JsonRecord = Readonly<Record<string, unknown>>;

/**
 * Undefined for what JSON has no text for. Written by hand because every stored bill goes through it; the
 * platform writes what is rare.
 */
function jsonText(value: unknown, keepNulls: boolean): string | undefined {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return structureText(value, keepNulls);
}

/** Something else than the characters that stand for themselves. */
const ESCAPED = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;

/** A text as JSON text: few have anything to escape, and looking costs half of what the platform takes. */
export function quoted(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function structureText(value: object, keepNulls: boolean): string | undefined {
  if (Array.isArray(value)) return listText(value, keepNulls);
  // Most are plain records, and to ask each for all that it is not costs as much as to write a small one.
  if (value.constructor !== Object) {
    if (isDecimal(value)) return value.isZero() ? '0' : value.toFixed();
    if (value instanceof Temporal.Instant) return `"${instantText(value)}"`;
    if (value instanceof Temporal.PlainDate) return `"${dateText(value)}"`;
    if (Buffer.isBuffer(value)) return value.toString();
  }
  const record = value as JsonRecord & Partial<WrittenJson>;
  const { [WRITTEN]: written, toJSON } = record;
  if (written !== undefined) return written;
  return typeof toJSON === 'function'
    ? jsonText(toJSON.call(value), keepNulls)
    : recordText(record, keepNulls, {});
}

/** Joined, because V8 keeps a sum of texts as a tree, and a large one is slow to send. */
function listText(items: readonly unknown[], keepNulls: boolean): string {
  return `[${items.map((item) => jsonText(item, keepNulls) ?? 'null').join()}]`;
}

type Variation = { readonly hidden?: ReadonlySet<string>; readonly changed?: JsonRecord };

function recordText(record: JsonRecord, keepNulls: boolean, { hidden, changed }: Variation): string {
  let members = '';
  const add = (name: string, member: unknown) => {
    if (member === undefined || (member === null && !keepNulls)) return;
    const text = jsonText(member, keepNulls);
    if (text !== undefined) members += memberStart(name, members === '') + text;
  };
  for (const name of Object.keys(record)) {
    if (hidden?.has(name)) continue;
    add(name, changed !== undefined && Object.hasOwn(changed, name) ? changed[name] : record[name]);
  }
  if (changed === undefined) return `{${members}}`;
  for (const name of Object.keys(changed)) if (!Object.hasOwn(record, name)) add(name, changed[name]);
  return `{${members}}`;
}

/** Most names are those of a few record types; names of custom fields and segments are many. */
const MAX_NAMES = 2000;
const starts = new Map<string, MemberStart>();
type MemberStart = { readonly first: string; readonly next: string };

/** A property's name as JSON text with the colon behind it, and a comma before it unless it is the first. */
export function memberStart(name: string, isFirst: boolean): string {
  let start = starts.get(name);
  if (start === undefined) {
    const first = `${JSON.stringify(name)}:`;
    start = { first, next: `,${first}` };
    if (starts.size < MAX_NAMES) starts.set(name, start);
  }
  return isFirst ? start.first : start.next;
}
