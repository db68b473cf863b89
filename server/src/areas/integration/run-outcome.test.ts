import { describe, expect, test } from 'vitest';
import { Temporal } from '../../kernel/time.ts';
import { outcomeOf, pauseMs } from './run-outcome.ts';

const now = Temporal.Instant.from('2026-01-01T00:00:00Z');

function answer(status: number, { retryAfter = null as string | null, body = '' } = {}) {
  return { kind: 'answer', status, retryAfter, body } as const;
}

describe('an answer', () => {
  test.each([
    [200, 'complete', undefined, undefined],
    [204, 'complete', undefined, undefined],
    [401, 'failed', 'AUTH_FAILED', 'integration.authentication.error'],
    [403, 'failed', 'AUTH_FAILED', 'integration.authentication.error'],
    [429, 'again', 'RATE_LIMIT_RETRY', undefined],
    [408, 'again', 'AWAITING_RETRY', undefined],
    [425, 'again', 'AWAITING_RETRY', undefined],
    [500, 'again', 'AWAITING_RETRY', undefined],
    [503, 'again', 'AWAITING_RETRY', undefined],
    [400, 'failed', 'ERROR', 'integration.validation.error'],
    [422, 'failed', 'ERROR', 'integration.validation.error'],
    [404, 'failed', 'ERROR', 'integration.perform.error'],
    [410, 'failed', 'ERROR', 'integration.perform.error'],
    [302, 'failed', 'ERROR', 'integration.perform.error'],
  ])('of %d is %s %s %s', (status, kind, runStatus, event) => {
    const outcome = outcomeOf(answer(status), now);
    expect(outcome.kind).toBe(kind);
    expect('status' in outcome ? outcome.status : undefined).toBe(runStatus);
    expect('event' in outcome ? outcome.event : undefined).toBe(event);
  });
});

test('what the receiver calls the thing is kept', () => {
  const body = '{"externalId":"inv_1","url":"https://x.example/inv_1","n":1}';
  expect(outcomeOf(answer(200, { body }), now)).toMatchObject({
    externalId: 'inv_1',
    url: 'https://x.example/inv_1',
  });
});

test.each(['', 'ok', 'null', '[1]', '{"externalId":5}', '{"externalId":""}'])('%j names nothing', (body) => {
  expect(outcomeOf(answer(200, { body }), now)).toMatchObject({ externalId: null, url: null });
});

test.each([
  ['30', 30_000],
  ['7200', 3_600_000],
  ['Thu, 01 Jan 2026 00:00:20 GMT', 20_000],
  ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
  ['soon', null],
  [null, null],
])('Retry-After %s waits %s ms', (retryAfter, afterMs) => {
  expect(outcomeOf(answer(429, { retryAfter }), now)).toMatchObject({ afterMs });
});

test.each([
  ['timeout', true],
  ['failure', false],
] as const)('a %s is tried again', (kind, isTimeout) => {
  expect(outcomeOf({ kind, message: 'x' }, now)).toMatchObject({ status: 'AWAITING_RETRY', isTimeout });
});

test('an address that must not be sent to ends the run', () => {
  expect(outcomeOf({ kind: 'forbidden', message: 'x' }, now)).toMatchObject({
    kind: 'failed',
    status: 'ERROR',
  });
});

test.each([
  [1, 1],
  [2, 5],
  [3, 30],
  [4, 120],
  [5, 360],
  [6, 720],
])('after attempt %d it waits %d minutes, give or take a tenth', (attempts, minutes) => {
  const pauses = ['a', 'b', 'c', 'd'].map((id) => (pauseMs(id, attempts) ?? 0) / 60_000);
  for (const pause of pauses) {
    expect(pause).toBeGreaterThanOrEqual(minutes * 0.9);
    expect(pause).toBeLessThanOrEqual(minutes * 1.1);
  }
  expect(new Set(pauses).size).toBe(4);
});

test('after the seventh attempt it is over', () => {
  expect(pauseMs('a', 7)).toBeNull();
});
