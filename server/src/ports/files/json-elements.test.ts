import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonElements } from './json-elements.ts';
import { textLines } from './text-lines.ts';

async function* cut(text: string, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  let at = 0;
  for (let i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });

test('elements come as they were written, however the file is cut into pieces', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.json(), { maxLength: 8 }), sizes, async (texts, lengths) => {
      const rules = { maxBytes: 100_000, trailer: /^\s*$/ };
      const pieces = [];
      for await (const piece of jsonElements(cut(`${texts.join(' ,\n')}] `, lengths), rules))
        pieces.push(piece);
      expect(pieces).toEqual(texts.map((text, index) => ({ number: index + 1, text: text.trim() })));
    }),
    { numRuns: 200 },
  );
});

test('lines come with their numbers, however the file is cut into pieces', async () => {
  const line = fc.constantFrom('', 'a', '{"é":1}', ' b ', '\r');
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 8 }), sizes, async (lines, lengths) => {
      const found = [];
      for await (const piece of textLines(cut(lines.join('\n'), lengths), 100)) found.push(piece);
      const wanted = lines.map((text, index) => ({ number: index + 1, text: text.trim() }));
      expect(found).toEqual(wanted.filter(({ text }) => text !== ''));
    }),
    { numRuns: 200 },
  );
});

test('an element that is too large has no text, and those around it have', async () => {
  const text = `1,"${'x'.repeat(200)}",3]`;
  const found = [];
  for await (const piece of jsonElements(cut(text, [7]), { maxBytes: 50, trailer: /^$/ }))
    found.push(piece.text);
  expect(found).toEqual(['1', null, '3']);
});
