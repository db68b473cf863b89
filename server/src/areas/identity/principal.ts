import { decodeProtectedHeader, jwtVerify } from 'jose';
import { sql } from 'kysely';
import type { Principal } from '../../api/operation.ts';
import type { Statement } from '../../api/permission.ts';
import type { Context } from '../../context.ts';
import { uuidFromText } from '../../kernel/ids.ts';
import { platformDate } from '../../kernel/time.ts';
import { signingKeyById } from './signing-key.ts';

const CLOCK_SKEW_SECONDS = 60;
const MAX_REMEMBERED = 1000;

type Claims = { readonly sub: string; readonly orgId: string; readonly exp: number };

/** Tokens whose signature has been verified: a signature never changes, so each is checked once. */
const verified = new WeakMap<Context, Map<string, Claims>>();

/**
 * Who a bearer token belongs to, with the permission statements of this moment (spec 10 §12, §17.5); null
 * when the token is malformed, not signed by us, expired, or its service user is gone.
 */
export async function principalOf(ctx: Context, token: string): Promise<Principal | null> {
  const claims = await claimsOf(ctx, token);
  if (!claims || ctx.clock.now().epochMilliseconds / 1000 > claims.exp + CLOCK_SKEW_SECONDS) return null;
  const result = await sql<{ statements: Statement[] | null }>`
    select (select jsonb_agg(statement)
            from principal_permission pp
            join permission_policy p on p.org_id = pp.org_id and p.id = pp.permission_policy_id
            cross join jsonb_array_elements(p.permission_policy) statement
            where pp.org_id = su.org_id and pp.principal_id = su.id) as statements
    from service_user su where su.org_id = ${claims.orgId} and su.id = ${claims.sub}`.execute(ctx.db);
  const row = result.rows[0];
  if (!row) return null;
  return { id: claims.sub, kind: 'SERVICEUSER', orgId: claims.orgId, statements: row.statements ?? [] };
}

async function claimsOf(ctx: Context, token: string): Promise<Claims | null> {
  const known = verified.get(ctx) ?? new Map<string, Claims>();
  verified.set(ctx, known);
  const remembered = known.get(token);
  if (remembered) return remembered;
  const claims = await verifiedClaims(ctx, token);
  if (!claims) return null;
  if (known.size >= MAX_REMEMBERED) known.clear();
  known.set(token, claims);
  return claims;
}

async function verifiedClaims(ctx: Context, token: string): Promise<Claims | null> {
  try {
    const { kid = '' } = decodeProtectedHeader(token);
    const key = uuidFromText(kid) ? await signingKeyById(ctx, kid) : null;
    if (!key) return null;
    const { payload } = await jwtVerify(token, key.publicKey, {
      algorithms: ['RS256'],
      clockTolerance: CLOCK_SKEW_SECONDS,
      currentDate: platformDate(ctx.clock.now()),
    });
    const orgId = uuidFromText(String(payload['orgId'] ?? ''));
    const sub = uuidFromText(String(payload.sub ?? ''));
    return orgId && sub && payload.exp ? { orgId, sub, exp: payload.exp } : null;
  } catch (error) {
    if (isTokenError(error)) return null;
    throw error;
  }
}

function isTokenError(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return error instanceof TypeError || (typeof code === 'string' && code.startsWith('ERR_J'));
}
