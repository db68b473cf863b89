import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Context } from '../../context.ts';
import { RateLimited } from '../../kernel/errors.ts';

/** After so many failures in fifteen minutes, an address or a name has to wait (spec 10 §10). */
const MAX_FAILURES = 20;
const WINDOW_SECONDS = 15 * 60;
const MAX_NAME_LENGTH = 254;

const limiters = new WeakMap<Context['pool'], RateLimiterMemory>();

/** Somebody who tries to sign in: from where, and as which access key or e-mail address. */
export type Attempt = { readonly ip: string; readonly name: string };

/**
 * What `check` answers, null standing for a failed attempt. Throws `RateLimited` when the address or the name
 * has failed too often, even for a right secret: also when that came to be while this one was checked, so
 * that sending many at once gains nothing. Counts in the memory of this process.
 */
export async function limitedAttempt<T>(
  ctx: Context,
  attempt: Attempt,
  check: () => Promise<T | null>,
): Promise<T | null> {
  const limiter = limiterOf(ctx);
  const keys = [`ip ${attempt.ip}`, `name ${attempt.name.slice(0, MAX_NAME_LENGTH)}`];
  await mustBeFree(limiter, keys);
  const result = await check();
  await mustBeFree(limiter, keys);
  if (result === null) await Promise.all(keys.map((key) => limiter.penalty(key)));
  return result;
}

function limiterOf(ctx: Context): RateLimiterMemory {
  const known = limiters.get(ctx.pool);
  if (known) return known;
  const limiter = new RateLimiterMemory({ points: MAX_FAILURES, duration: WINDOW_SECONDS });
  limiters.set(ctx.pool, limiter);
  return limiter;
}

async function mustBeFree(limiter: RateLimiterMemory, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    const count = await limiter.get(key);
    if (count === null || count.consumedPoints < MAX_FAILURES) continue;
    const waitSeconds = Math.max(1, Math.ceil(count.msBeforeNext / 1000));
    throw new RateLimited('there were too many failed attempts', waitSeconds);
  }
}
