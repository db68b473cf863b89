import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import { newId } from '../../kernel/ids.ts';
import { writeJson } from '../../kernel/json.ts';

export type SigningKey = {
  readonly id: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
};

/** One key set per open context: keys never change once stored. */
const keysOfContext = new WeakMap<Context, Map<string, SigningKey>>();

/** The newest key pair; makes the first one when there is none. Safe when several processes start at once. */
export async function currentSigningKey(ctx: Context): Promise<SigningKey> {
  const known = await loadKeys(ctx);
  const newest = [...known.values()].at(-1);
  if (newest) return newest;
  const pair = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
  const [privateKey, publicKey] = [await exportJWK(pair.privateKey), await exportJWK(pair.publicKey)];
  await sql`insert into signing_key (id, dt_created, private_key, public_key)
    select ${newId()}, now(), ${writeJson(privateKey)}::jsonb, ${writeJson(publicKey)}::jsonb
    where not exists (select 1 from signing_key)`.execute(ctx.db);
  keysOfContext.delete(ctx);
  return currentSigningKey(ctx);
}

/** The key of that id, or null. */
export async function signingKeyById(ctx: Context, id: string): Promise<SigningKey | null> {
  const known = keysOfContext.get(ctx) ?? (await loadKeys(ctx));
  return known.get(id) ?? (await loadKeys(ctx)).get(id) ?? null;
}

async function loadKeys(ctx: Context): Promise<Map<string, SigningKey>> {
  const result = await sql<{ id: string; privateKey: JWK; publicKey: JWK }>`
    select id, private_key, public_key from signing_key order by dt_created, id`.execute(ctx.db);
  const keys = new Map<string, SigningKey>();
  for (const row of result.rows) {
    const privateKey = (await importJWK(row.privateKey, 'RS256')) as CryptoKey;
    const publicKey = (await importJWK(row.publicKey, 'RS256')) as CryptoKey;
    keys.set(row.id, { id: row.id, privateKey, publicKey });
  }
  if (keys.size > 0) keysOfContext.set(ctx, keys);
  return keys;
}
