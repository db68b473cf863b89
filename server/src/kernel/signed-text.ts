import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** What a signature is good for: `key` is the installation's secret key, `purpose` keeps uses of it apart. */
export type Signing = { readonly key: Buffer; readonly purpose: string };

/** The text with a signature, in letters that need no escape in a URL. Anybody can read it. */
export function signedText(text: string, signing: Signing): string {
  const payload = Buffer.from(text).toString('base64url');
  return `${payload}.${signatureOf(payload, signing).toString('base64url')}`;
}

/** The text that was signed with this key for this purpose; null for anything else. */
export function textFromSigned(signed: string, signing: Signing): string | null {
  const [payload = '', signature = '', ...rest] = signed.split('.');
  const given = Buffer.from(signature, 'base64url');
  const expected = signatureOf(payload, signing);
  if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  return Buffer.from(payload, 'base64url').toString();
}

/** The secret key has other uses, so each purpose derives a key of its own. */
function signatureOf(payload: string, { key, purpose }: Signing): Buffer {
  const own = Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `meterbook ${purpose}`, 32));
  return createHmac('sha256', own).update(payload).digest();
}
