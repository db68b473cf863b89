import { createHash } from 'node:crypto';
import { type JsonValue, parseJson } from '../../kernel/json.ts';
import { type Instant, instantFromText } from '../../kernel/time.ts';
import type { HttpOutcome } from '../../ports/http-out.ts';
import type { RunStatus } from './integration-run.ts';

/** How an attempt ended, or why there was none. `event` is raised when it is the end of the run. */
export type Outcome =
  | { readonly kind: 'complete'; readonly externalId: string | null; readonly url: string | null }
  | {
      readonly kind: 'failed';
      readonly status: RunStatus;
      readonly error: string;
      readonly event: string | null;
    }
  | {
      readonly kind: 'again';
      readonly status: 'AWAITING_RETRY' | 'RATE_LIMIT_RETRY';
      readonly error: string;
      /** What the receiver asks for; null: the next step. */
      readonly afterMs: number | null;
      readonly isTimeout: boolean;
    };

export const PERFORM_ERROR = 'integration.perform.error';
const VALIDATION_ERROR = 'integration.validation.error';
const AUTHENTICATION_ERROR = 'integration.authentication.error';

/** What the answer to a webhook request means for its run (spec 60 §5.3). */
export function outcomeOf(sent: HttpOutcome, now: Instant): Outcome {
  if (sent.kind === 'forbidden') return failed('ERROR', sent.message, PERFORM_ERROR);
  if (sent.kind !== 'answer') return again(sent.message, { isTimeout: sent.kind === 'timeout' });
  const { status, body } = sent;
  const error = `the receiver answered ${status}`;
  if (status >= 200 && status < 300) return { kind: 'complete', ...namesIn(body) };
  if (status === 401 || status === 403) return failed('AUTH_FAILED', error, AUTHENTICATION_ERROR);
  if (status === 429) {
    const afterMs = retryAfterMs(sent.retryAfter, now);
    return { kind: 'again', status: 'RATE_LIMIT_RETRY', error, afterMs, isTimeout: false };
  }
  if (status === 408 || status === 425 || status >= 500) return again(error, { isTimeout: false });
  return failed('ERROR', error, status === 400 || status === 422 ? VALIDATION_ERROR : PERFORM_ERROR);
}

export function failed(status: RunStatus, error: string, event: string | null): Outcome {
  return { kind: 'failed', status, error, event };
}

function again(error: string, { isTimeout }: { readonly isTimeout: boolean }): Outcome {
  return { kind: 'again', status: 'AWAITING_RETRY', error, afterMs: null, isTimeout };
}

const MAX_NAME_LENGTH = 2048;

/** What the receiver calls the thing, when it says so in JSON. */
function namesIn(body: string): { externalId: string | null; url: string | null } {
  const answer = jsonOf(body);
  const named = (property: string) => {
    const value = answer?.[property];
    return typeof value === 'string' && value !== '' ? value.slice(0, MAX_NAME_LENGTH) : null;
  };
  return { externalId: named('externalId'), url: named('url') };
}

function jsonOf(text: string): { readonly [name: string]: JsonValue } | null {
  try {
    const value = parseJson(text);
    return typeof value === 'object' && value !== null ? (value as { [name: string]: JsonValue }) : null;
  } catch {
    return null;
  }
}

const MAX_RETRY_AFTER_MS = 3_600_000;

/** `Retry-After` in seconds or as a date, up to an hour; null when it makes no sense. */
function retryAfterMs(text: string | null, now: Instant): number | null {
  if (text === null) return null;
  if (/^\d{1,9}$/.test(text)) return Math.min(Number.parseInt(text, 10) * 1_000, MAX_RETRY_AFTER_MS);
  const moment = instantFromText(text) ?? httpDate(text);
  if (moment === null) return null;
  const waitMs = moment.epochMilliseconds - now.epochMilliseconds;
  return Math.min(Math.max(waitMs, 0), MAX_RETRY_AFTER_MS);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Wed, 21 Oct 2015 07:28:00 GMT`. */
function httpDate(text: string): Instant | null {
  const [, day, name = '', year, time] = /^\w{3}, (\d{2}) (\w{3}) (\d{4}) ([\d:]{8}) GMT$/.exec(text) ?? [];
  const month = String(MONTHS.indexOf(name) + 1).padStart(2, '0');
  return instantFromText(`${year}-${month}-${day}T${time}Z`);
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Pauses after the first attempt and each further one; then it is over. */
const STEPS_MS = [MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS];

/**
 * How long to wait before the next attempt, `attempts` having ended; null when there is none. Runs that
 * failed together spread out by up to a tenth, each always by the same.
 */
export function pauseMs(runId: string, attempts: number): number | null {
  const step = STEPS_MS[attempts - 1];
  if (step === undefined) return null;
  const hash = createHash('sha256').update(`${runId} ${attempts}`).digest().readUInt16BE();
  return Math.round(step * (0.9 + (0.2 * hash) / 0xffff));
}
