import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { signedText, textFromSigned } from './signed-text.ts';

const signing = { key: randomBytes(32), purpose: 'a link' };

describe('a signed text', () => {
  test.each(['', 'text', 'Zürich ✓ "quoted"'])('%j comes back', (text) => {
    const signed = signedText(text, signing);
    expect(signed).toMatch(/^[\w-]*\.[\w-]+$/);
    expect(textFromSigned(signed, signing)).toBe(text);
  });

  test('is worth nothing with another key, for another purpose, or changed', () => {
    const signed = signedText('text', signing);
    const [payload = '', signature = ''] = signed.split('.');
    expect(textFromSigned(signed, { ...signing, key: randomBytes(32) })).toBeNull();
    expect(textFromSigned(signed, { ...signing, purpose: 'another link' })).toBeNull();
    const other = Buffer.from('other').toString('base64url');
    for (const wrong of ['', '.', payload, `${payload}.`, `${other}.${signature}`, `${signed}.x`]) {
      expect(textFromSigned(wrong, signing), wrong).toBeNull();
    }
  });
});
