import { decodeProtectedHeader, jwtVerify } from 'jose';
import type { Principal } from '../../api/operation.ts';
import type { Context } from '../../context.ts';
import { uuidFromText } from '../../kernel/ids.ts';
import { platformDate } from '../../kernel/time.ts';
import { serviceUserStatements, userStatements } from './principal-statements.ts';
import { signingKeyById } from './signing-key.ts';

const CLOCK_SKEW_SECONDS = 60;
const MAX_REMEMBERED = 1000;

type Claims = {
  readonly sub: string;
  /** Absent when the token is good for every organization of its user. */
  readonly orgId: string | null;
  readonly kind: Principal['kind'];
  readonly exp: number;
};

/** Tokens whose signature has been verified: a signature never changes, so each is checked once. */
const verified = new WeakMap<Context, Map<string, Claims>>();

/**
 * Who a bearer token belongs to, with the permission statements of this moment (spec 10 §12, §17.5); null
 * when the token is malformed, not signed by us or expired, when its service user is gone, or when its user
 * has no access. `wanted` is the organization that a user token is for when it names none itself.
 */
export async function principalOf(
  ctx: Context,
  token: string,
  wanted: string | null = null,
): Promise<Principal | null> {
  const claims = await claimsOf(ctx, token);
  if (!claims || ctx.clock.now().epochMilliseconds / 1000 > claims.exp + CLOCK_SKEW_SECONDS) return null;
  const orgId = claims.orgId ?? wanted;
  if (orgId === null) return null;
  const { sub: id, kind } = claims;
  const statements =
    kind === 'USER'
      ? await userStatements(ctx, { orgId, id })
      : await serviceUserStatements(ctx, { orgId, id });
  return statements && { id, kind, orgId, statements };
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
    const { kid = '', pt } = decodeProtectedHeader(token) as { kid?: string; pt?: unknown };
    const key = uuidFromText(kid) ? await signingKeyById(ctx, kid) : null;
    if (!key) return null;
    const { payload } = await jwtVerify(token, key.publicKey, {
      algorithms: ['RS256'],
      clockTolerance: CLOCK_SKEW_SECONDS,
      currentDate: platformDate(ctx.clock.now()),
    });
    const orgId = uuidFromText(String(payload['orgId'] ?? ''));
    const sub = uuidFromText(String(payload.sub ?? ''));
    const kind = pt === 'user' ? 'USER' : 'SERVICEUSER';
    if (!sub || !payload.exp || (!orgId && kind === 'SERVICEUSER')) return null;
    return { orgId, sub, kind, exp: payload.exp };
  } catch (error) {
    if (isTokenError(error)) return null;
    throw error;
  }
}

function isTokenError(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return error instanceof TypeError || (typeof code === 'string' && code.startsWith('ERR_J'));
}
