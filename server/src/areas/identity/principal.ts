import { decodeProtectedHeader, jwtVerify } from 'jose';
import type { Operation, Principal } from '../../api/operation.ts';
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
const verified = new WeakMap<Context['pool'], Map<string, Claims>>();

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
  if (!claims || isOver(ctx, claims)) return null;
  const orgId = claims.orgId ?? wanted;
  if (orgId === null) return null;
  const { sub: id, kind } = claims;
  const statements =
    kind === 'USER' ? await userStatements(ctx, { orgId, id }) : await knownStatements(ctx, { orgId, id });
  return statements && { id, kind, orgId, statements };
}

type Key = { readonly orgId: string; readonly id: string };
type Remembered = ReturnType<typeof serviceUserStatements>;

/** Statements of service users, while no other process can change them. */
const remembered = new WeakMap<Context['pool'], Map<string, Remembered>>();

/** What people may do also changes by the clock; what service users may do changes by operations only. */
function knownStatements(ctx: Context, key: Key): Remembered {
  if (!ctx.ownsDatabase) return serviceUserStatements(ctx, key);
  const known = remembered.get(ctx.pool) ?? new Map<string, Remembered>();
  remembered.set(ctx.pool, known);
  const name = `${key.orgId} ${key.id}`;
  const found = known.get(name);
  if (found) return found;
  if (known.size >= MAX_REMEMBERED) known.clear();
  const statements = serviceUserStatements(ctx, key);
  known.set(name, statements);
  statements.catch(() => known.delete(name));
  return statements;
}

/**
 * To be told of every operation that has written: what a policy or an attachment says holds from the next
 * request on (spec 10 §17.7).
 */
export function noteWrite(ctx: Context, { permission }: Operation): void {
  // A new map: a query that began before the write may still fill the old one.
  if (permission && DECISIVE.has(permission.resource)) remembered.delete(ctx.pool);
}

/** Resources whose operations decide what service users may do. */
const DECISIVE: ReadonlySet<string> = new Set(['config:permissionpolicy', 'config:serviceuser']);

/**
 * Who a bearer token belongs to, whatever the organization; null when no organization would take it.
 * `orgId` is the one that the token is for, null when it is good for all that its user belongs to.
 */
export async function bearerOf(
  ctx: Context,
  token: string,
): Promise<{ readonly id: string; readonly orgId: string | null } | null> {
  const claims = await claimsOf(ctx, token);
  if (!claims || isOver(ctx, claims)) return null;
  const { sub: id, orgId } = claims;
  if (orgId !== null && (await principalOf(ctx, token)) === null) return null;
  return { id, orgId };
}

function isOver(ctx: Context, { exp }: Claims): boolean {
  return ctx.clock.now().epochMilliseconds / 1000 > exp + CLOCK_SKEW_SECONDS;
}

async function claimsOf(ctx: Context, token: string): Promise<Claims | null> {
  const known = verified.get(ctx.pool) ?? new Map<string, Claims>();
  verified.set(ctx.pool, known);
  const found = known.get(token);
  if (found) return found;
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
