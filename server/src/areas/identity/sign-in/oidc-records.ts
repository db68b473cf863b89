import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import { InvalidGrant } from 'oidc-provider/lib/helpers/errors.js';
import type { Context } from '../../../context.ts';
import { openedText, sealedText } from '../../../kernel/sealed-text.ts';
import type { Instant } from '../../../kernel/time.ts';

type Row = { readonly sealedPayload: string; readonly dtConsumed: Instant | null };

/**
 * Where `oidc-provider` keeps one kind of its records: in PostgreSQL, so that every process and every restart
 * knows them. Ids are secrets (codes, refresh tokens, cookies): the table has hashes of them, and what a
 * record says is sealed.
 */
export function oidcRecords(ctx: Context, kind: string): Adapter {
  const seal = { key: ctx.secretKey, owner: `oidc ${kind}` };
  const found = async (condition: ReturnType<typeof sql>): Promise<AdapterPayload | undefined> => {
    const { rows } = await sql<Row>`
      select sealed_payload, dt_consumed
      from oidc_record where kind = ${kind} and ${condition} and dt_expires > now() limit 1`.execute(ctx.db);
    const [row] = rows;
    if (!row) return undefined;
    const payload = JSON.parse(openedText(row.sealedPayload, seal)) as AdapterPayload;
    if (row.dtConsumed === null) return payload;
    return { ...payload, consumed: Math.floor(row.dtConsumed.epochMilliseconds / 1000) };
  };
  return {
    async upsert(id, payload, expiresIn) {
      const sealed = sealedText(JSON.stringify(payload), seal);
      await sql`
        insert into oidc_record (kind, id, sealed_payload, grant_id, uid, dt_expires)
        values (${kind}, ${hashOf(id)}, ${sealed}, ${payload.grantId ?? null}, ${payload.uid ?? null},
                now() + make_interval(secs => ${expiresIn}))
        on conflict (kind, id) do update set sealed_payload = excluded.sealed_payload,
          grant_id = excluded.grant_id, uid = excluded.uid, dt_expires = excluded.dt_expires`.execute(ctx.db);
    },
    find: (id) => found(sql`id = ${hashOf(id)}`),
    findByUid: (uid) => found(sql`uid = ${uid}`),
    /** Only device codes have user codes, and there are none. */
    findByUserCode: async () => undefined,
    /** Of racing requests with one code, one consumes it. */
    async consume(id) {
      const { rows } = await sql`update oidc_record set dt_consumed = now()
        where kind = ${kind} and id = ${hashOf(id)} and dt_consumed is null returning 1`.execute(ctx.db);
      if (rows.length === 0) throw new InvalidGrant('it was used before');
    },
    async destroy(id) {
      await sql`delete from oidc_record where kind = ${kind} and id = ${hashOf(id)}`.execute(ctx.db);
    },
    async revokeByGrantId(grantId) {
      await sql`delete from oidc_record where kind = ${kind} and grant_id = ${grantId}`.execute(ctx.db);
    },
  };
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}
