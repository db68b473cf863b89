import { randomFillSync } from 'node:crypto';

/** The principal of everything that the product does by itself (spec 10 §3). */
export const SYSTEM_PRINCIPAL = '00000000-0000-0000-0000-000000000000';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The id in lower case when the text is a UUID (any letter case), else null. */
export function uuidFromText(text: string): string | null {
  const lower = text.toLowerCase();
  return UUID.test(lower) ? lower : null;
}

/** An id that need not be ours: UUIDs in lower case, so that they are the same in any, others as given. */
export function plainId(text: string): string {
  return uuidFromText(text) ?? text;
}

let lastMs = 0;
let sequence = 0;

/** Asking the system for random bytes costs as much for many ids as for one. */
const RANDOM_BYTES = 8;
const pool = Buffer.alloc(RANDOM_BYTES * 512);
let used = pool.length;

function nextRandom(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += RANDOM_BYTES;
  return pool.subarray(used - RANDOM_BYTES, used);
}

/**
 * A new UUID version 7 (RFC 9562): 48 bits of milliseconds, then a 12 bit counter, then 62 random bits. Ids
 * of one process grow, so rows of one millisecond keep their order of creation in lists.
 */
export function newId(): string {
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    sequence = 0;
  } else if (++sequence > 0xfff) {
    lastMs += 1;
    sequence = 0;
  }
  const random = nextRandom();
  const time = lastMs.toString(16).padStart(12, '0');
  const counter = (0x7000 | sequence).toString(16);
  const variant = (0x80 | ((random[0] ?? 0) & 0x3f)).toString(16);
  const tail = random.toString('hex', 1);
  return `${time.slice(0, 8)}-${time.slice(8)}-${counter}-${variant}${tail.slice(0, 2)}-${tail.slice(2, 14)}`;
}
