import { hkdfSync } from 'node:crypto';
import type { Configuration, JWTStructured, KoaContextWithOIDC } from 'oidc-provider';
import { base, Check, Prompt } from 'oidc-provider/lib/helpers/interaction_policy/index.js';
import { Provider } from 'oidc-provider/lib/provider.js';
import type { Context } from '../../../context.ts';
import { membershipsOf, personById } from '../people.ts';
import { type UsableKey, usableKeys } from '../signing-key.ts';
import { isProgram, redirectUrisAt } from './console-client.ts';
import { failurePage, signedOutPage, signOutPage } from './oidc-pages.ts';
import { oidcRecords } from './oidc-records.ts';
import { organizationOfResource, organizationResource } from './organization-resource.ts';

/** The public client of the console and of programs on the person's own machine. */
const CONSOLE_CLIENT = 'meterbook-console';

const HOUR = 3_600;
const DAY = 86_400;

/** Lifetimes in seconds (spec 10 §13). */
const LIFETIMES = {
  AuthorizationCode: 60,
  AccessToken: HOUR,
  IdToken: HOUR,
  RefreshToken: 30 * DAY,
  // Each use of a refresh token gives a new one, for a year at most.
  Grant: 365 * DAY,
  Interaction: HOUR,
  Session: 12 * HOUR,
};

/** Names that clients of the published API ask for. What a person may do is decided by permissions alone. */
const API_SCOPES = [
  'm3ter-resources/m3ter-scope',
  'measurements:upload',
  'measurements:fileUpload',
  'measurements:retrieve',
];

type Made = { readonly keyIds: string; readonly provider: Provider };

/** One provider per open context, made anew when the keys have changed. */
const made = new WeakMap<Context['pool'], Made>();

/** The OAuth 2 and OpenID Connect server for people, with the key pairs of this moment. */
export async function oidcProvider(ctx: Context): Promise<Provider> {
  const keys = await usableKeys(ctx);
  const keyIds = keys.map(({ id }) => id).join(' ');
  const known = made.get(ctx.pool);
  if (known?.keyIds === keyIds) return known.provider;
  const provider = newProvider(ctx, keys);
  made.set(ctx.pool, { keyIds, provider });
  return provider;
}

function newProvider(ctx: Context, keys: readonly UsableKey[]): Provider {
  const provider = new Provider(`${ctx.config.publicUrl}/oauth2`, configurationOf(ctx, keys));
  // Our routes tell it the public address in the headers of a proxy.
  provider.proxy = true;
  allowPrograms(provider, ctx.config.publicUrl);
  provider.on('server_error', (_context, error) => ctx.log.error({ err: error }, 'sign-in failed'));
  return provider;
}

/** Programs listen on any free port of their machine (RFC 8252). */
function allowPrograms(provider: Provider, publicUrl: string): void {
  const { prototype } = provider.Client;
  const registered = prototype.redirectUriAllowed;
  prototype.redirectUriAllowed = function allowed(this: typeof prototype, uri: string) {
    return registered.call(this, uri) || isProgram(uri, publicUrl);
  };
}

function configurationOf(ctx: Context, keys: readonly UsableKey[]): Configuration {
  const { publicUrl } = ctx.config;
  return {
    adapter: (kind: string) => oidcRecords(ctx, kind),
    jwks: { keys: keys.map(({ privateJwk }) => privateJwk as Required<typeof privateJwk>) },
    clients: [
      {
        client_id: CONSOLE_CLIENT,
        client_name: 'Meterbook console',
        application_type: 'web',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: redirectUrisAt(publicUrl),
        post_logout_redirect_uris: redirectUrisAt(publicUrl),
      },
    ],
    cookies: {
      keys: [cookieKey(ctx)],
      names: { session: 'meterbook_session', interaction: 'meterbook_sign_in', resume: 'meterbook_resume' },
    },
    routes: { authorization: '/authorize', token: '/token', revocation: '/revoke', end_session: '/sign-out' },
    scopes: ['openid', 'email', 'profile', 'offline_access', ...API_SCOPES],
    claims: { openid: ['sub'], email: ['email'], profile: ['name', 'given_name', 'family_name'] },
    conformIdTokenClaims: false,
    responseTypes: ['code'],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    expiresWithSession: async () => false,
    ttl: LIFETIMES,
    features: featuresOf(ctx),
    formats: { customizers: { jwt: personToken(ctx) } },
    interactions: { policy: policy(), url: (_context, { uid }) => `${publicUrl}/sign-in/${uid}` },
    findAccount: (_context, id) => accountOf(ctx, id),
    loadExistingGrant,
    renderError: failurePage,
  };
}

function cookieKey({ secretKey }: Context): string {
  const key = hkdfSync('sha256', secretKey, Buffer.alloc(0), 'meterbook sign-in cookies', 32);
  return Buffer.from(key).toString('base64url');
}

function featuresOf(ctx: Context): Configuration['features'] {
  return {
    devInteractions: { enabled: false },
    userinfo: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true, logoutSource: signOutPage, postLogoutSuccessSource: signedOutPage },
    resourceIndicators: {
      enabled: true,
      defaultResource: (context) => chosenResource(ctx, context),
      useGrantedResource: async () => true,
      getResourceServerInfo: async (_context, resource) => ({
        scope: API_SCOPES.join(' '),
        audience: organizationResource(ctx, organizationOfResource(ctx, resource)),
        accessTokenTTL: LIFETIMES.AccessToken,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  };
}

/** Access tokens look like those of service users: `orgId` binds them to one organization. */
function personToken(ctx: Context) {
  return (_context: unknown, _token: unknown, jwt: JWTStructured) => {
    jwt.header = { ...jwt.header, pt: 'user' };
    jwt.payload['orgId'] = organizationOfResource(ctx, jwt.payload['aud']);
  };
}

/** What the person has chosen on the way, or the only organization of a person who is signed in already. */
async function chosenResource(ctx: Context, { oidc }: KoaContextWithOIDC): Promise<string> {
  const none = undefined as unknown as string;
  const chosen = (oidc.result as { organization?: { orgId: string } } | undefined)?.organization;
  if (chosen) return organizationResource(ctx, chosen.orgId);
  const personId = oidc.session?.accountId;
  const [only, another] = personId === undefined ? [] : await membershipsOf(ctx, personId);
  return only && !another ? organizationResource(ctx, only.orgId) : none;
}

/** Sign in, then say for which organization; our own client needs no consent. */
function policy() {
  const prompts = base();
  prompts.remove('consent');
  const missing = new Check(
    'organization_missing',
    'an organization must be chosen',
    'interaction_required',
    ({ oidc }) => oidc.params?.['resource'] === undefined,
  );
  prompts.add(new Prompt({ name: 'organization', requestable: false }, missing));
  return prompts;
}

async function accountOf(ctx: Context, id: string) {
  const person = await personById(ctx, id);
  if (!person) return undefined;
  const { email, firstName, lastName } = person;
  const name = [firstName, lastName].filter((part) => part !== null).join(' ');
  const names = { given_name: firstName ?? undefined, family_name: lastName ?? undefined };
  return { accountId: id, claims: async () => ({ sub: id, email, ...(name && { name }), ...names }) };
}

/** Everything that is asked for is granted: the scopes and the organization of the request. */
async function loadExistingGrant({ oidc }: KoaContextWithOIDC) {
  const { client, session, provider, params, resourceServers } = oidc;
  if (!client || !session?.accountId) return undefined;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  const scope = String(params?.['scope'] ?? '');
  grant.addOIDCScope(scope);
  for (const resource of Object.keys(resourceServers ?? {})) grant.addResourceScope(resource, scope);
  await grant.save();
  return grant;
}
