import { expect, test } from 'vitest';
import { textBytes } from './text-bytes.ts';

test.each([
  ['nothing', []],
  ['a short text', ['abc']],
  ['texts beyond one piece', Array.from({ length: 2000 }, (_, at) => `line ${at}: é 漢 😀\n`)],
  ['a text longer than a piece', ['x'.repeat(40_000), 'y']],
])('%s becomes its UTF-8', (_, texts) => {
  const written = textBytes();
  for (const text of texts) written.add(text);
  expect(written.bytes().equals(Buffer.from(texts.join('')))).toBe(true);
});
