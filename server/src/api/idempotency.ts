import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { ApiError, refusal } from '../kernel/errors.ts';
import { writeJson } from '../kernel/json.ts';
import { openedText, sealedText } from '../kernel/sealed-text.ts';
import type { Tx } from '../store/database.ts';
import { inTransaction } from '../store/transaction.ts';
import type { Principal } from './operation.ts';

const MAX_KEY_LENGTH = 255;
const LIFETIME_HOURS = 24;
/** How long a request waits for another one with the same key. */
const PATIENCE_MS = 20_000;
const LOCK_TIMEOUT = '55P03';

/** An answer as it was or will be sent. */
export type KeptAnswer = { readonly status: number; readonly text: string };

/** A request with an Idempotency-Key: the same one again gets the first answer. */
export type KeyedRequest = {
  readonly orgId: string;
  /** A hash of path and key: what the answer is found by. */
  readonly id: string;
  /** A hash of everything else in the request and of who sends it. */
  readonly fingerprint: string;
};

/**
 * The key of a request, null for one without (spec 10 §11: POST only). Throws VALIDATION_FAILED for a key of
 * more than 255 characters.
 */
export function keyedRequest(request: FastifyRequest, principal: Principal): KeyedRequest | null {
  const key = request.headers['idempotency-key'];
  if (request.method !== 'POST' || typeof key !== 'string' || key === '') return null;
  if (key.length > MAX_KEY_LENGTH) {
    throw refusal('VALIDATION_FAILED', 'Idempotency-Key', `must have at most ${MAX_KEY_LENGTH} characters`);
  }
  const [path = '', query = ''] = request.url.split('?');
  const body = typeof request.body === 'string' ? request.body : '';
  return {
    orgId: principal.orgId,
    id: hashOf([path.replace(/\/$/, ''), key]),
    fingerprint: hashOf([principal.id, query, body]),
  };
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/**
 * The first answer to a keyed request, or the one that `answer` gives now. Its work, its refusals and the
 * kept answer are one transaction: of racing requests the later ones wait and get the answer of the first,
 * and a process that dies leaves neither. Failures of ours (5xx) and a 429 are not kept. Throws
 * VALIDATION_FAILED when the key was used for another request.
 */
export async function answeredOnce(
  ctx: Context,
  keyed: KeyedRequest,
  answer: (ctx: Context) => Promise<unknown>,
): Promise<KeptAnswer> {
  try {
    return await inTransaction(ctx.db, async (tx) => {
      await claim(ctx, tx, keyed);
      const kept = await keptAnswer(ctx, tx, keyed);
      if (kept) return kept;
      const made = await inTransaction(tx, async (part) => ({
        status: 200,
        text: writeJson(await answer({ ...ctx, db: part })),
      })).catch(refusalAsAnswer);
      await keep(ctx, tx, { keyed, made });
      return made;
    });
  } catch (error) {
    if ((error as { code?: unknown }).code !== LOCK_TIMEOUT) throw error;
    throw new ApiError('TIMEOUT', 'another request with this Idempotency-Key is still in work');
  }
}

/** Waits for the others with this key, until the end of the transaction. */
async function claim(ctx: Context, tx: Tx, { orgId, id, fingerprint }: KeyedRequest): Promise<void> {
  await sql`select set_config('lock_timeout', ${`${PATIENCE_MS}`}, true)`.execute(tx);
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${orgId} ${id}`}, 1))`.execute(tx);
  await sql`select set_config('lock_timeout', '0', true)`.execute(tx);
  const now = String(ctx.clock.now());
  await sql`delete from idempotent_request
    where org_id = ${orgId} and id = ${id} and dt_expires <= ${now}::timestamptz`.execute(tx);
  const { rows } = await sql<{ fingerprint: string }>`
    select fingerprint from idempotent_request where org_id = ${orgId} and id = ${id}`.execute(tx);
  if (rows[0] && rows[0].fingerprint !== fingerprint) {
    throw refusal('VALIDATION_FAILED', 'Idempotency-Key', 'was used for a different request');
  }
}

async function keptAnswer(ctx: Context, tx: Tx, keyed: KeyedRequest): Promise<KeptAnswer | null> {
  const { orgId, id } = keyed;
  const { rows } = await sql<{ status: number; sealedAnswer: string }>`
    select status, sealed_answer from idempotent_request
    where org_id = ${orgId} and id = ${id}`.execute(tx);
  const [row] = rows;
  return row ? { status: row.status, text: openedText(row.sealedAnswer, sealOf(ctx, orgId)) } : null;
}

/** Answers can carry secrets that are shown once, so they are sealed. */
function sealOf(ctx: Context, orgId: string) {
  return { key: ctx.secretKey, owner: orgId };
}

type Made = { readonly keyed: KeyedRequest; readonly made: KeptAnswer };

async function keep(ctx: Context, tx: Tx, { keyed, made }: Made): Promise<void> {
  const { orgId, id, fingerprint } = keyed;
  const sealed = sealedText(made.text, sealOf(ctx, orgId));
  const expires = String(ctx.clock.now().add({ hours: LIFETIME_HOURS }));
  await sql`insert into idempotent_request (org_id, id, fingerprint, status, sealed_answer, dt_expires)
    values (${orgId}, ${id}, ${fingerprint}, ${made.status}, ${sealed}, ${expires})`.execute(tx);
}

function refusalAsAnswer(error: unknown): KeptAnswer {
  if (!(error instanceof ApiError) || error.status >= 429) throw error;
  return { status: error.status, text: writeJson(error.body) };
}
