import { type Bytes, FileFault, type Piece, utf8 } from './text-lines.ts';

type Scan = {
  depth: number;
  quoted: boolean;
  escaped: boolean;
  closed: boolean;
  count: number;
  parts: Uint8Array[];
  bytes: number;
  tail: string;
};

export type ElementRules = {
  /** A larger element comes without its text, so that memory stays bounded. */
  readonly maxBytes: number;
  /** What may follow the end of the array. */
  readonly trailer: RegExp;
};

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const MAX_TAIL = 1000;

/**
 * The texts of the elements of a JSON array, counted from 1, as the bytes behind its opening bracket arrive.
 * Only brackets, commas and strings are told apart, so that whoever parses an element sees its text exactly
 * as it was written. Throws FileFault for what is no array.
 */
export async function* jsonElements(bytes: Bytes, rules: ElementRules): AsyncGenerator<Piece> {
  const scan: Scan = {
    ...{ depth: 0, quoted: false, escaped: false, closed: false },
    ...{ count: 0, parts: [], bytes: 0, tail: '' },
  };
  for await (const chunk of bytes) yield* elementsWithin(scan, chunk, rules);
  if (!scan.closed) throw new FileFault('the array has no end');
  if (!rules.trailer.test(scan.tail)) throw new FileFault('there is something behind the array');
}

function* elementsWithin(scan: Scan, chunk: Uint8Array, rules: ElementRules): Generator<Piece> {
  let start = 0;
  for (let i = 0; i < chunk.length && !scan.closed; i += 1) {
    const byte = chunk[i] ?? 0;
    if (!endsElement(scan, byte)) continue;
    keep(scan, chunk.subarray(start, i), rules);
    start = i + 1;
    const piece = takenElement(scan, byte === COMMA);
    if (piece) yield piece;
  }
  if (!scan.closed) keep(scan, chunk.subarray(start), rules);
  else scan.tail += Buffer.from(chunk.subarray(start, start + MAX_TAIL)).toString('latin1');
  if (scan.tail.length > MAX_TAIL) throw new FileFault('there is something behind the array');
}

/** Moves on by one byte; true for a comma between elements and for the bracket behind the last one. */
function endsElement(scan: Scan, byte: number): boolean {
  if (scan.quoted) {
    if (scan.escaped) scan.escaped = false;
    else if (byte === BACKSLASH) scan.escaped = true;
    else if (byte === QUOTE) scan.quoted = false;
    return false;
  }
  if (byte === QUOTE) scan.quoted = true;
  else if (byte === 0x5b || byte === 0x7b) scan.depth += 1;
  else if (byte === 0x5d || byte === 0x7d) {
    scan.depth -= 1;
    if (scan.depth >= 0) return false;
    if (byte !== 0x5d) throw new FileFault('the brackets do not match');
    scan.closed = true;
    return true;
  }
  return byte === COMMA && scan.depth === 0;
}

/** Bytes are copied: a stream may use its buffer again. */
function keep(scan: Scan, part: Uint8Array, { maxBytes }: ElementRules): void {
  scan.bytes += part.length;
  if (scan.bytes > maxBytes) scan.parts = [];
  else if (part.length > 0) scan.parts.push(Uint8Array.from(part));
}

/** The element that has just ended; null for the empty array. */
function takenElement(scan: Scan, byComma: boolean): Piece | null {
  const text = scan.bytes > 0 && scan.parts.length === 0 ? null : utf8(scan.parts).trim();
  scan.parts = [];
  scan.bytes = 0;
  if (text === '') {
    if (byComma || scan.count > 0) throw new FileFault('an element is missing between two commas');
    return null;
  }
  scan.count += 1;
  return { number: scan.count, text };
}
