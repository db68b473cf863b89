/** Short enough for V8 to flatten it at once. */
const PIECE_LENGTH = 16_000;
/** Of one UTF-16 unit in UTF-8. */
const MAX_BYTES = 3;
const SPARE = MAX_BYTES * PIECE_LENGTH;

/** Texts one behind the other as UTF-8. */
export type TextBytes = {
  readonly add: (text: string) => void;
  /** All that was added. */
  readonly bytes: () => Buffer;
};

/**
 * Begins with no text. A sum of many texts is a deep tree, which takes longer to flatten than to make; pieces
 * are flat when they are written. What becomes longer than expected is copied as it grows.
 */
export function textBytes(expectedBytes = 0): TextBytes {
  let bytes = Buffer.allocUnsafe(expectedBytes + SPARE);
  let length = 0;
  let piece = '';
  const write = () => {
    const end = length + MAX_BYTES * piece.length;
    if (end > bytes.length) {
      bytes = Buffer.concat([bytes.subarray(0, length)], Math.max(end, 2 * bytes.length));
    }
    length += bytes.write(piece, length);
    piece = '';
  };
  return {
    add: (text) => {
      piece += text;
      if (piece.length >= PIECE_LENGTH) write();
    },
    bytes: () => {
      write();
      return bytes.subarray(0, length);
    },
  };
}
