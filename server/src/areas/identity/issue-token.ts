import type { FastifyReply, FastifyRequest } from 'fastify';
import { SignJWT } from 'jose';
import { sql } from 'kysely';
import { z } from 'zod';
import type { PublicRoute } from '../../api/app.ts';
import { jsonFromBody } from '../../api/body.ts';
import { integer, oneOf, optional, text } from '../../api/fields.ts';
import type { Context } from '../../context.ts';
import { ApiError } from '../../kernel/errors.ts';
import { limitedAttempt } from './failure-limit.ts';
import { permissionClaim } from './permission-claim.ts';
import { serviceUserStatements } from './principal-statements.ts';
import { matchesHash, NO_HASH } from './secret-hash.ts';
import { currentSigningKey } from './signing-key.ts';

/** Five hours (spec 10 §12). */
export const TOKEN_LIFETIME_SECONDS = 18_000;

/** `POST /oauth/token`: client credentials by HTTP Basic, body as form or JSON, answers a bearer token. */
export const issueToken: PublicRoute = {
  method: 'POST',
  path: '/oauth/token',
  described: {
    id: 'GenerateToken',
    summary: 'get a bearer token for an access key and its secret',
    tag: 'Authentication',
    body: z.object({ grant_type: oneOf(['client_credentials']), scope: optional(text()) }),
    bodyTypes: ['application/x-www-form-urlencoded'],
    response: z.object({ access_token: text({ max: 10_000 }), token_type: text(), expires_in: integer() }),
    answers: 'whole',
    signIn: 'basic',
    refusals: [400, 401],
  },
  serve,
};

async function serve(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  reply.header('cache-control', 'no-store');
  const grant = grantTypeOf(request);
  const given = credentialsOf(request.headers.authorization ?? '');
  const owner = given && (await limitedOwner(ctx, request.ip, given));
  if (!owner) {
    reply.status(401).header('www-authenticate', 'Basic realm="meterbook"');
    return problem('INVALID_CLIENT', 'the access key or the secret is wrong');
  }
  if (grant !== 'client_credentials') {
    reply.status(400);
    return grant === ''
      ? problem('INVALID_REQUEST', 'grant_type is required')
      : problem('UNSUPPORTED_GRANT_TYPE', 'grant_type must be client_credentials');
  }
  return {
    access_token: await signedToken(ctx, owner),
    token_type: 'Bearer',
    expires_in: TOKEN_LIFETIME_SECONDS,
  };
}

/** The OAuth error name is the code in lower case. */
function problem(code: 'INVALID_CLIENT' | 'INVALID_REQUEST' | 'UNSUPPORTED_GRANT_TYPE', message: string) {
  return { error: code.toLowerCase(), message, code };
}

function grantTypeOf(request: FastifyRequest): string {
  const body = typeof request.body === 'string' ? request.body : '';
  if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    return new URLSearchParams(body).get('grant_type') ?? '';
  }
  const json = jsonFromBody(body);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ApiError('VALIDATION_FAILED', 'the body must be a JSON object', []);
  }
  const grant = (json as Record<string, unknown>)['grant_type'];
  return typeof grant === 'string' ? grant : '';
}

type Owner = { readonly orgId: string; readonly serviceUserId: string };
type GivenCredentials = { readonly keyId: string; readonly secret: string };

/** What HTTP Basic carries; null when there is none. */
function credentialsOf(authorization: string): GivenCredentials | null {
  const encoded = /^Basic ([A-Za-z0-9+/=_-]+)$/i.exec(authorization)?.[1];
  if (!encoded) return null;
  const [keyId = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return keyId.includes('\u0000') ? null : { keyId, secret: rest.join(':') };
}

function limitedOwner(ctx: Context, ip: string, given: GivenCredentials): Promise<Owner | null> {
  return limitedAttempt(ctx, { ip, name: `key ${given.keyId}` }, () => serviceUserOf(ctx, given));
}

async function serviceUserOf(ctx: Context, { keyId, secret }: GivenCredentials): Promise<Owner | null> {
  const found = await sql<Owner & { secretHash: string }>`
    select org_id, service_user_id, secret_hash from access_key
    where access_key_id = ${keyId} and status = 'ACTIVE'`.execute(ctx.db);
  const key = found.rows[0];
  const matches = await matchesHash(secret, key?.secretHash ?? NO_HASH);
  return key && matches ? key : null;
}

async function signedToken(ctx: Context, owner: Owner): Promise<string> {
  const key = await currentSigningKey(ctx);
  const issuedAt = Math.floor(ctx.clock.now().epochMilliseconds / 1000);
  const { orgId, serviceUserId: id } = owner;
  const statements = await serviceUserStatements(ctx, { orgId, id });
  const permissions = permissionClaim(statements ?? []);
  return new SignJWT({ orgId, ...(permissions && { permissions }) })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.id, pt: 'service' })
    .setSubject(id)
    .setIssuer(`${ctx.config.publicUrl}/oauth2`)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + TOKEN_LIFETIME_SECONDS)
    .sign(key.privateKey);
}
