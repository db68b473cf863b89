import { parse, stringify } from 'lossless-json';
import { Decimal, isDecimal } from './decimal.ts';

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

function decimalFromDigits(text: string): Decimal {
  const value = new Decimal(text);
  if (!value.isFinite()) throw new SyntaxError(`number out of range: ${text.slice(0, 40)}`);
  return value;
}

const STRINGIFIERS = [{ test: isDecimal, stringify: plainDigits }];

function plainDigits(value: unknown): string {
  const number = value as Decimal;
  return number.isZero() ? '0' : number.toFixed();
}

/**
 * Values to JSON text: Decimals as plain digits without exponent or trailing zeros (spec 20 §1 N2), instants
 * and dates as ISO text, properties that are null or undefined left out (spec 10 §2).
 */
export function writeJson(value: unknown): string {
  return stringify(value, omitNull, undefined, STRINGIFIERS) ?? 'null';
}

function omitNull(this: unknown, _key: string, value: unknown): unknown {
  return value === null && !Array.isArray(this) ? undefined : value;
}

/** As `writeJson`, but with properties that are null kept as null (for stored payloads). */
export function writeJsonWithNulls(value: unknown): string {
  return stringify(value, undefined, undefined, STRINGIFIERS) ?? 'null';
}
