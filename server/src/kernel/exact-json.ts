import { Decimal, isDecimal } from './decimal.ts';
import { memberStart, quoted } from './json.ts';
import { dateText, instantText, Temporal } from './time.ts';

/** Texts that begin with it are written with one more, so that they are told from the tagged ones. */
const TAG = '~';
const MAP = '~map';

/**
 * Values as JSON text from which `readExact` makes equal values again: Decimals, instants, dates and maps are
 * tagged (`"~d12.5"`). Equal values give equal text, whatever the order of their properties; properties that
 * are undefined are left out.
 */
export function writeExact(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return quoted(value.startsWith(TAG) ? `${TAG}s${value}` : value);
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[${value.map(writeExact).join()}]`;
  // Most are plain records, and to ask each for what it is not takes its time.
  const tagged = value.constructor === Object ? null : taggedText(value);
  return tagged ?? recordText(value as Readonly<Record<string, unknown>>);
}

function taggedText(value: object): string | null {
  if (isDecimal(value)) return `"${TAG}d${value.toString()}"`;
  if (value instanceof Temporal.Instant) return `"${TAG}i${instantText(value)}"`;
  if (value instanceof Temporal.PlainDate) return `"${TAG}p${dateText(value)}"`;
  if (value instanceof Map) {
    const entries = [...value].map(writeExact).sort();
    return `{"${MAP}":[${entries.join(',')}]}`;
  }
  return null;
}

function recordText(record: Readonly<Record<string, unknown>>): string {
  let members = '';
  for (const name of Object.keys(record).sort()) {
    const member = record[name];
    if (member !== undefined) members += memberStart(name, members === '') + writeExact(member);
  }
  return `{${members}}`;
}

/** The values that `writeExact` wrote. Throws SyntaxError for other text. */
export function readExact(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => revived(value));
}

function revived(value: unknown): unknown {
  if (typeof value === 'string' && value.startsWith(TAG)) return taggedValue(value);
  if (typeof value === 'object' && value !== null && MAP in value) {
    return new Map(value[MAP] as [unknown, unknown][]);
  }
  return value;
}

function taggedValue(text: string): unknown {
  const rest = text.slice(2);
  switch (text.charAt(1)) {
    case 'd':
      return new Decimal(rest);
    case 'i':
      return Temporal.Instant.from(rest);
    case 'p':
      return Temporal.PlainDate.from(rest);
    case 's':
      return rest;
    default:
      throw new SyntaxError(`unknown tag in ${text.slice(0, 40)}`);
  }
}
