import { parse } from 'lossless-json';
import { Decimal, isDecimal } from './decimal.ts';
import { instantText, Temporal } from './time.ts';

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
 * and dates as ISO text, properties that are null or undefined left out (spec 10 §2).
 */
export function writeJson(value: unknown): string {
  return jsonText(value, false) ?? 'null';
}

/** As `writeJson`, but with properties that are null kept as null (for stored payloads). */
export function writeJsonWithNulls(value: unknown): string {
  return jsonText(value, true) ?? 'null';
}

/** Undefined for what JSON has no text for. Written by hand because every stored bill goes through it. */
function jsonText(value: unknown, keepNulls: boolean): string | undefined {
  if (typeof value === 'object' && value !== null) return structureText(value, keepNulls);
  return JSON.stringify(value);
}

function structureText(value: object, keepNulls: boolean): string | undefined {
  if (Array.isArray(value)) return listText(value, keepNulls);
  if (isDecimal(value)) return value.isZero() ? '0' : value.toFixed();
  if (value instanceof Temporal.Instant) return `"${instantText(value)}"`;
  if (WRITTEN in value) return value[WRITTEN] as string;
  if (hasToJson(value)) return jsonText(value.toJSON(), keepNulls);
  return recordText(value as Readonly<Record<string, unknown>>, keepNulls);
}

function listText(items: readonly unknown[], keepNulls: boolean): string {
  let [text, piece] = ['', ''];
  for (const item of items) {
    piece += `${(text || piece) && ','}${jsonText(item, keepNulls) ?? 'null'}`;
    if (piece.length < FLAT_LENGTH) continue;
    text += flat(piece);
    piece = '';
  }
  return `[${text}${piece}]`;
}

const FLAT_LENGTH = 4000;
const ANYTHING = /^/;

/** V8 keeps a sum of texts as a tree, and a large one is slow to send; looking into it makes it flat. */
function flat(text: string): string {
  ANYTHING.test(text);
  return text;
}

function recordText(record: Readonly<Record<string, unknown>>, keepNulls: boolean): string {
  let members = '';
  for (const name of Object.keys(record)) {
    const member = record[name];
    const text = member === null && !keepNulls ? undefined : jsonText(member, keepNulls);
    if (text !== undefined) members += `${members && ','}${quotedName(name)}:${text}`;
  }
  return `{${members}}`;
}

/** Most names are those of a few record types; names of custom fields and segments are many. */
const MAX_NAMES = 2000;
const names = new Map<string, string>();

/** A property's name as JSON text. */
export function quotedName(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  const quoted = JSON.stringify(name);
  if (names.size < MAX_NAMES) names.set(name, quoted);
  return quoted;
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
