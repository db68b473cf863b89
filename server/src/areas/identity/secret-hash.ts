import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

const KEY_BYTES = 32;
const COST = 16384;

/** A hash that no secret has, so that what does not exist takes as long as a wrong secret. */
export const NO_HASH = `scrypt$${'A'.repeat(22)}$${'A'.repeat(43)}`;

function derived(secret: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, KEY_BYTES, { N: COST }, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

/** A salted scrypt hash of a secret, as `scrypt$<salt>$<hash>`; the secret itself is stored nowhere. */
export async function secretHash(secret: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derived(secret, salt);
  return `scrypt$${salt.toString('base64url')}$${key.toString('base64url')}`;
}

/** Whether the secret is the one that was hashed; takes equally long either way. */
export async function matchesHash(secret: string, hash: string): Promise<boolean> {
  const [, salt = '', expected = ''] = hash.split('$');
  const key = await derived(secret, Buffer.from(salt, 'base64url'));
  const wanted = Buffer.from(expected, 'base64url');
  return key.length === wanted.length && timingSafeEqual(key, wanted);
}
