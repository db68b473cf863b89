import { randomBytes } from 'node:crypto';

/** A fresh key id and secret. The secret is for the caller's eyes: only its hash is to be stored. */
export function newAccessKey(): { readonly accessKeyId: string; readonly apiSecret: string } {
  return {
    accessKeyId: `key-${randomBytes(10).toString('hex')}`,
    apiSecret: randomBytes(24).toString('base64url'),
  };
}
