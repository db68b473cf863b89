import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { assert } from './assert.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Where a sealed text belongs: `key` is the installation's secret key, `owner` the id it may be opened for.
 */
export type Seal = { readonly key: Buffer; readonly owner: string };

/**
 * The text encrypted with AES-256-GCM as base64: nonce, tag, then the cipher text. It opens only with the
 * same key and owner, so a row copied to another organization is worthless.
 */
export function sealedText(text: string, seal: Seal): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', cipherKey(seal), nonce).setAAD(Buffer.from(seal.owner));
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
}

/** The text that was sealed. Throws when it was changed, or sealed with another key or for another owner. */
export function openedText(sealed: string, seal: Seal): string {
  const bytes = Buffer.from(sealed, 'base64');
  assert(bytes.length >= NONCE_BYTES + TAG_BYTES, 'a sealed text has a nonce and a tag');
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', cipherKey(seal), nonce)
    .setAAD(Buffer.from(seal.owner))
    .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const body = bytes.subarray(NONCE_BYTES + TAG_BYTES);
  return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
}

/** The secret key also signs page tokens, so each use derives a key of its own. */
function cipherKey({ key }: Seal): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), 'meterbook sealed text', 32));
}
