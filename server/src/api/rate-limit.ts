import type { Clock } from '../context.ts';
import { RateLimited } from '../kernel/errors.ts';
import type { LimitedApi, RateLimitFigures } from './rate-limit-figures.ts';
import { clockSecondCounter, type RequestCounter, rollingCounter, tokenBuckets } from './request-counters.ts';

/** Keeps each source address and each organization to the figures of the installation (spec 10 §10). */
export type RateLimiter = {
  /**
   * Counts a request for its address. Throws `RateLimited` when the address has had its share, or when the
   * organization that it names has: that comes before all other checks.
   */
  arrive(path: string, ip: string, orgId: string): void;
  /**
   * Counts a request for its organization, as soon as it is known to be of it: strangers cannot use up the
   * share of others. Throws `RateLimited` when it is one too many.
   */
  count(path: string, orgId: string): void;
};

type Counters = { readonly ip: RequestCounter | null; readonly org: RequestCounter | null };

/** The counts live in this process: several API processes allow as many times the figures. */
export function rateLimiter(figures: RateLimitFigures, clock: Clock): RateLimiter {
  const counters = new Map<LimitedApi, Counters>();
  for (const [api, { perIp, perOrg, burst }] of Object.entries(figures)) {
    const ofOrg = burst > 0 ? tokenBuckets(perOrg, burst) : clockSecondCounter(perOrg);
    const org = perOrg > 0 ? ofOrg : null;
    counters.set(api as LimitedApi, { ip: perIp > 0 ? rollingCounter(perIp) : null, org });
  }
  const countersOf = (path: string) => apisOf(path).map((api) => counters.get(api) as Counters);
  return {
    arrive(path, ip, orgId) {
      const nowMs = clock.now().epochMilliseconds;
      for (const { ip: counter } of countersOf(path)) {
        mustBeFree(counter, ip, nowMs);
        counter?.add(ip, nowMs);
      }
      for (const { org } of countersOf(path)) mustBeFree(org, orgId, nowMs);
    },
    count(path, orgId) {
      const nowMs = clock.now().epochMilliseconds;
      for (const { org } of countersOf(path)) mustBeFree(org, orgId, nowMs);
      for (const { org } of countersOf(path)) org?.add(orgId, nowMs);
    },
  };
}

function mustBeFree(counter: RequestCounter | null, key: string, nowMs: number): void {
  const waitSeconds = counter?.waitSeconds(key, nowMs) ?? 0;
  if (waitSeconds > 0) throw new RateLimited('there were too many requests', waitSeconds);
}

/** The APIs that an operation's path counts for: everything but ingest is part of the config API. */
function apisOf(path: string): LimitedApi[] {
  if (path === '/measurements') return ['ingest'];
  if (path.startsWith('/dataexplorer')) return ['config', 'dataexplorer'];
  return path === '/usage/query' ? ['config', 'usageQuery'] : ['config'];
}
