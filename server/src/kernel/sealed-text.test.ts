import { expect, test } from 'vitest';
import { openedText, sealedText } from './sealed-text.ts';

const seal = { key: Buffer.alloc(32, 7), owner: 'org-1' };

test('a sealed text opens to what was sealed', () => {
  const sealed = sealedText('{"password":"geheim ✓"}', seal);
  expect(openedText(sealed, seal)).toBe('{"password":"geheim ✓"}');
});

test('a sealed text does not show the text, and no two are alike', () => {
  const sealed = sealedText('hidden', seal);
  expect(Buffer.from(sealed, 'base64').toString('latin1')).not.toContain('hidden');
  expect(sealedText('hidden', seal)).not.toBe(sealed);
});

test.each([
  ['another key', { ...seal, key: Buffer.alloc(32, 8) }],
  ['another owner', { ...seal, owner: 'org-2' }],
])('a sealed text does not open with %s', (_, other) => {
  expect(() => openedText(sealedText('hidden', seal), other)).toThrow();
});

test.each([0, 12, 28])('a sealed text with byte %i changed does not open', (at) => {
  const bytes = Buffer.from(sealedText('hidden', seal), 'base64');
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  expect(() => openedText(bytes.toString('base64'), seal)).toThrow();
});
