/** A file that cannot be read as what it is meant to be; the message says why. */
export class FileFault extends Error {}

/** Bytes as they come from a file. */
export type Bytes = AsyncIterable<Uint8Array>;

/** One piece of a file: its text, or null when it is larger than allowed. */
export type Piece = { readonly number: number; readonly text: string | null };

/** The lines of a text that are not blank, under their numbers. */
export async function* textLines(bytes: Bytes, maxBytes: number): AsyncGenerator<Piece> {
  const line: { parts: Uint8Array[]; bytes: number; number: number } = { parts: [], bytes: 0, number: 1 };
  const add = (part: Uint8Array) => {
    line.bytes += part.length;
    if (line.bytes > maxBytes) line.parts = [];
    else if (part.length > 0) line.parts.push(Uint8Array.from(part));
  };
  for await (const chunk of bytes) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      add(chunk.subarray(start, end));
      start = end + 1;
      const text = line.bytes > maxBytes ? null : utf8(line.parts).trim();
      if (text !== '') yield { number: line.number, text };
      Object.assign(line, { parts: [], bytes: 0, number: line.number + 1 });
    }
    add(chunk.subarray(start));
  }
  const last = line.bytes > maxBytes ? null : utf8(line.parts).trim();
  if (last !== '') yield { number: line.number, text: last };
}

const DECODER = new TextDecoder('utf-8', { fatal: true });

/** The text of bytes that are UTF-8; throws FileFault. */
export function utf8(parts: readonly Uint8Array[]): string {
  try {
    return DECODER.decode(Buffer.concat(parts));
  } catch (error) {
    throw new FileFault('the file is not UTF-8', { cause: error });
  }
}
