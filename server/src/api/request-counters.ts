/** Counts requests by some key. All moments are milliseconds of one clock. */
export type RequestCounter = {
  /** Whole seconds until a request of the key may come again; 0 when it may come now. Counts nothing. */
  waitSeconds(key: string, nowMs: number): number;
  /** Counts one request. */
  add(key: string, nowMs: number): void;
};

const SECOND_MS = 1000;
const WINDOW_MS = 300_000;
const SLOT_MS = 5_000;
const SLOTS = WINDOW_MS / SLOT_MS;
/** Beyond so many keys, those that have fallen silent are forgotten. */
const MAX_KEYS = 10_000;

/** A fixed count per second of the clock: once it is reached, the rest of that second is closed. */
export function clockSecondCounter(limit: number): RequestCounter {
  let second = -1;
  const counts = new Map<string, number>();
  const turn = (nowMs: number) => {
    const current = Math.floor(nowMs / SECOND_MS);
    if (current !== second) counts.clear();
    second = current;
  };
  return {
    waitSeconds(key, nowMs) {
      turn(nowMs);
      return (counts.get(key) ?? 0) < limit ? 0 : 1;
    },
    add(key, nowMs) {
      turn(nowMs);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    },
  };
}

type Bucket = { tokens: number; atMs: number };

/** A bucket of `capacity` tokens per key, refilled with `perSecond`; each request takes one. */
export function tokenBuckets(perSecond: number, capacity: number): RequestCounter {
  const buckets = new Map<string, Bucket>();
  const filled = (key: string, nowMs: number): number => {
    const bucket = buckets.get(key);
    if (!bucket) return capacity;
    const elapsedMs = Math.max(0, nowMs - bucket.atMs);
    return Math.min(capacity, bucket.tokens + (elapsedMs / SECOND_MS) * perSecond);
  };
  return {
    waitSeconds: (key, nowMs) => (filled(key, nowMs) >= 1 ? 0 : 1),
    add(key, nowMs) {
      const tokens = filled(key, nowMs) - 1;
      buckets.delete(key);
      buckets.set(key, { tokens, atMs: nowMs });
      if (buckets.size > MAX_KEYS) forgetOldest(buckets);
    },
  };
}

type Slots = { counts: Uint32Array; lastSlot: number };

/**
 * Requests in any rolling five minutes, counted in slots of five seconds: a slot leaves the total when all of
 * it is older than the window.
 */
export function rollingCounter(limit: number): RequestCounter {
  const windows = new Map<string, Slots>();
  return {
    waitSeconds(key, nowMs) {
      const window = windows.get(key);
      if (!window) return 0;
      moveTo(window, Math.floor(nowMs / SLOT_MS));
      return waitOf(window, limit, nowMs);
    },
    add(key, nowMs) {
      const slot = Math.floor(nowMs / SLOT_MS);
      const window = windows.get(key) ?? { counts: new Uint32Array(SLOTS), lastSlot: slot };
      moveTo(window, slot);
      window.counts[slot % SLOTS] = (window.counts[slot % SLOTS] ?? 0) + 1;
      windows.delete(key);
      windows.set(key, window);
      if (windows.size > MAX_KEYS) forgetOldest(windows);
    },
  };
}

/** Empties the slots that have left the window since the last request. */
function moveTo(window: Slots, slot: number): void {
  const steps = Math.min(SLOTS, slot - window.lastSlot);
  for (let step = 1; step <= steps; step += 1) window.counts[(window.lastSlot + step) % SLOTS] = 0;
  if (steps > 0) window.lastSlot = slot;
}

/** The oldest slots leave first; when enough of them have left, the total is below the limit. */
function waitOf(window: Slots, limit: number, nowMs: number): number {
  let total = window.counts.reduce((sum, count) => sum + count, 0);
  let slot = window.lastSlot - SLOTS;
  while (total >= limit && slot < window.lastSlot) {
    slot += 1;
    total -= window.counts[slot % SLOTS] ?? 0;
  }
  if (slot === window.lastSlot - SLOTS) return 0;
  const opensMs = (slot + SLOTS) * SLOT_MS;
  return Math.max(1, Math.ceil((opensMs - nowMs) / SECOND_MS));
}

/** Maps keep the order of insertion, and each request puts its key at the end. */
function forgetOldest(map: Map<string, unknown>): void {
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
