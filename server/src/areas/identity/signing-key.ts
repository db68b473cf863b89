import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { sql } from 'kysely';
import { z } from 'zod';
import type { PublicRoute } from '../../api/app.ts';
import { freeObject, list } from '../../api/fields.ts';
import type { Context } from '../../context.ts';
import { defineTask } from '../../jobs/task.ts';
import { newId } from '../../kernel/ids.ts';
import { writeJson } from '../../kernel/json.ts';
import { openedText, sealedText } from '../../kernel/sealed-text.ts';
import { inTransaction } from '../../store/transaction.ts';

/** A key pair for tokens; `id` is the `kid` of what it signs. */
export type SigningKey = {
  readonly id: string;
  readonly publicJwk: JWK;
  readonly publicKey: CryptoKey;
  /** Null when it was sealed with another secret key: it still verifies, but signs nothing more. */
  readonly privateJwk: JWK | null;
};

/** One that can sign. */
export type UsableKey = SigningKey & { readonly privateJwk: JWK; readonly privateKey: CryptoKey };

/** Any number that nobody else locks in this database: one process at a time makes a key. */
const KEY_LOCK = 7_240_114;
/** Keys are replaced after a month. */
const LIFETIME_DAYS = 30;
/** A replaced key verifies for longer than any token lives. */
const KEPT_DAYS = 2;

/** Key pairs never change once stored, so each is read once per pool. */
const keysOfPool = new WeakMap<Context['pool'], Map<string, SigningKey | UsableKey>>();

/** The newest key pair that can sign; makes one when there is none. Safe when several processes start. */
export async function currentSigningKey(ctx: Context): Promise<UsableKey> {
  const [newest] = await usableKeys(ctx);
  if (newest) return newest;
  await addKey(ctx, async () => (await usableKeys(ctx)).length === 0);
  return currentSigningKey(ctx);
}

/** All key pairs that can sign, the newest first. */
export async function usableKeys(ctx: Context): Promise<UsableKey[]> {
  return (await storedKeys(ctx)).filter((key) => 'privateKey' in key);
}

/** The key of that id, or null. */
export async function signingKeyById(ctx: Context, id: string): Promise<SigningKey | null> {
  return keysOfPool.get(ctx.pool)?.get(id) ?? (await storedKeys(ctx)).find((key) => key.id === id) ?? null;
}

/** `GET /.well-known/jwks.json`: the public keys that tokens in use can be verified with (spec 10 §23). */
export const publicKeySet: PublicRoute = {
  method: 'GET',
  path: '/.well-known/jwks.json',
  described: {
    id: 'GetPublicKeys',
    summary: 'get the public keys that tokens are verified with',
    tag: 'Authentication',
    response: z.object({ keys: list(freeObject()) }),
    answers: 'whole',
    signIn: 'none',
    refusals: [],
  },
  serve: async (ctx, _request, reply) => {
    reply.header('cache-control', 'public, max-age=300');
    return { keys: (await storedKeys(ctx)).map(({ publicJwk }) => publicJwk) };
  },
};

/** Makes a new key once a month and deletes replaced ones after the last of their tokens has ended. */
export const rotateSigningKeys = defineTask({
  name: 'rotateSigningKeys',
  payload: z.object({}),
  run: async (ctx) => {
    const now = String(ctx.clock.now());
    await addKey(ctx, async () => {
      const { rows } = await sql`select 1 from signing_key
        where dt_created > ${now}::timestamptz - make_interval(days => ${LIFETIME_DAYS})`.execute(ctx.db);
      return rows.length === 0;
    });
    await sql`delete from signing_key old where exists (
      select 1 from signing_key newer where newer.dt_created > old.dt_created
        and newer.dt_created < ${now}::timestamptz - make_interval(days => ${KEPT_DAYS}))`.execute(ctx.db);
    keysOfPool.delete(ctx.pool);
  },
});

export const ROTATE_SIGNING_KEYS_DAILY = `10 3 * * * ${rotateSigningKeys.name}`;

/** Adds a key pair if one is wanted; the private half is sealed. */
async function addKey(ctx: Context, isWanted: () => Promise<boolean>): Promise<void> {
  await inTransaction(ctx.db, async (tx) => {
    await sql`select pg_advisory_xact_lock(${KEY_LOCK})`.execute(tx);
    if (!(await isWanted())) return;
    const id = newId();
    const pair = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
    const facts = { kid: id, alg: 'RS256', use: 'sig' };
    const privateJwk = { ...(await exportJWK(pair.privateKey)), ...facts };
    const publicJwk = { ...(await exportJWK(pair.publicKey)), ...facts };
    const sealed = sealedText(writeJson(privateJwk), { key: ctx.secretKey, owner: id });
    await sql`insert into signing_key (id, dt_created, sealed_private_key, public_key)
      values (${id}, ${String(ctx.clock.now())}, ${sealed}, ${writeJson(publicJwk)}::jsonb)`.execute(tx);
  });
}

type Row = { readonly id: string; readonly sealedPrivateKey: string; readonly publicKey: JWK };

/** The newest first. */
async function storedKeys(ctx: Context): Promise<readonly (SigningKey | UsableKey)[]> {
  const { rows } = await sql<Row>`select id, sealed_private_key, public_key from signing_key
    order by dt_created desc, id desc`.execute(ctx.db);
  const known = keysOfPool.get(ctx.pool) ?? new Map<string, SigningKey | UsableKey>();
  const keys = await Promise.all(rows.map(async (row) => known.get(row.id) ?? keyFromRow(ctx, row)));
  keysOfPool.set(ctx.pool, new Map(keys.map((key) => [key.id, key])));
  return keys;
}

async function keyFromRow(ctx: Context, row: Row): Promise<SigningKey | UsableKey> {
  const publicKey = (await importJWK(row.publicKey, 'RS256')) as CryptoKey;
  const key = { id: row.id, publicJwk: row.publicKey, publicKey };
  const privateJwk = privateJwkOf(ctx, row);
  if (privateJwk === null) return { ...key, privateJwk };
  return { ...key, privateJwk, privateKey: (await importJWK(privateJwk, 'RS256')) as CryptoKey };
}

function privateJwkOf(ctx: Context, { id, sealedPrivateKey }: Row): JWK | null {
  try {
    return JSON.parse(openedText(sealedPrivateKey, { key: ctx.secretKey, owner: id })) as JWK;
  } catch {
    ctx.log.warn(`signing key ${id} was sealed with another secret key and is not used any more`);
    return null;
  }
}
