import type { Instant } from '../../kernel/time.ts';

/** A file whose sending began before its link ended may take its time to arrive. */
const SLOWEST_UPLOAD_MS = 2 * 60 * 60 * 1000;
const CLOSE_LOOKS_MS = 60_000;
const SHORT_PAUSE_MS = 1_000;
const LONG_PAUSE_MS = 30_000;

/**
 * How long to wait before looking again for a file that was announced and has not arrived, in ms; null when
 * it will not come any more.
 */
export function pauseBeforeNextLook(linkEnds: Instant, now: Instant): number | null {
  const lateMs = now.epochMilliseconds - linkEnds.epochMilliseconds;
  if (lateMs > SLOWEST_UPLOAD_MS) return null;
  return lateMs > CLOSE_LOOKS_MS ? LONG_PAUSE_MS : SHORT_PAUSE_MS;
}
