import { sql } from 'kysely';
import * as client from 'openid-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAdministeredOrganization } from '../../src/areas/identity/index.ts';
import { passwordHash } from '../../src/areas/identity/people.ts';
import { newId } from '../../src/kernel/ids.ts';
import { type Browser, freePort, openBrowser } from '../support/browser.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

const EMAIL = 'ada@example.com';
const PASSWORD = 'correct horse battery';
const REDIRECT = 'http://localhost:53123/signed-in';

let server: TestServer;
let config: client.Configuration;

beforeAll(async () => {
  const port = await freePort();
  server = await startTestServer({ config: { port, publicUrl: `http://127.0.0.1:${port}` } });
  await sql`update person set email = ${EMAIL}, password_expires = null,
    password_hash = ${await passwordHash(PASSWORD)}`.execute(server.context.db);
  config = await client.discovery(
    new URL(`${server.address}/oauth2`),
    'meterbook-console',
    undefined,
    client.None(),
    { execute: [client.allowInsecureRequests] },
  );
});
afterAll(() => server.close());

type Begun = { readonly browser: Browser; readonly verifier: string; readonly page: string };

/** The request of a client, as far as the first page. */
async function begun(browser = openBrowser(), extra: Record<string, string> = {}): Promise<Begun> {
  const verifier = client.randomPKCECodeVerifier();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT,
    scope: 'openid email',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: 'state',
    ...extra,
  });
  const answer = await browser.get(url.href);
  return { browser, verifier, page: answer.headers.get('location') ?? '' };
}

function password(page: string, browser: Browser, given = PASSWORD): Promise<Response> {
  return browser.post(page, { step: 'password', email: EMAIL, password: given });
}

/** From the last form back to the client, which changes the code for tokens. */
async function finished({ browser, verifier }: Begun, submitted: Response) {
  expect(submitted.status).toBe(303);
  const back = await browser.get(submitted.headers.get('location') ?? '');
  const location = new URL(back.headers.get('location') ?? '');
  return { location, tokens: await exchanged(location, verifier) };
}

function exchanged(location: URL, verifier: string) {
  return client.authorizationCodeGrant(config, location, {
    pkceCodeVerifier: verifier,
    expectedState: 'state',
  });
}

async function signedIn(browser = openBrowser()) {
  const attempt = await begun(browser);
  return { ...attempt, ...(await finished(attempt, await password(attempt.page, browser))) };
}

function me(token: string, orgId = server.orgId) {
  return server.raw('GET', `/organizations/${orgId}/users/me`, {
    headers: { authorization: `Bearer ${token}` },
  });
}

test('a person signs in on a page without scripts and calls the API', async () => {
  const attempt = await begun();
  const page = await attempt.browser.get(attempt.page);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  const text = await page.text();
  expect(text).toContain('autocomplete="current-password"');
  expect(text).not.toContain('<script');
  const { tokens } = await finished(attempt, await password(attempt.page, attempt.browser));
  expect(tokens.expires_in).toBe(3600);
  expect(tokens.claims()).toMatchObject({ email: EMAIL });
  expect(await me(tokens.access_token)).toMatchObject({ status: 200, body: { user: { email: EMAIL } } });
});

test('the access token names person and organization, signed with a published key', async () => {
  const { tokens } = await signedIn();
  const [header, payload] = tokens.access_token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
  const keys = (await server.raw('GET', '/.well-known/jwks.json')).body as { keys: { kid: string }[] };
  expect(header).toMatchObject({ alg: 'RS256', pt: 'user' });
  expect(keys.keys.map(({ kid }) => kid)).toContain(header.kid);
  expect(JSON.stringify(keys)).not.toContain('"d"');
  expect(payload).toMatchObject({ iss: `${server.address}/oauth2`, orgId: server.orgId });
  expect(payload.exp - payload.iat).toBe(3600);
});

test('an id token opens nothing', async () => {
  const { tokens } = await signedIn();
  expect((await me(tokens.id_token ?? '')).status).toBe(403);
});

test('a code is good for one exchange, and its second use ends the tokens of the first', async () => {
  const { location, verifier, tokens } = await signedIn();
  await expect(exchanged(location, verifier)).rejects.toMatchObject({ error: 'invalid_grant' });
  await expect(client.refreshTokenGrant(config, tokens.refresh_token ?? '')).rejects.toMatchObject({
    error: 'invalid_grant',
  });
});

test('of two exchanges at once, one gets tokens', async () => {
  const attempt = await begun();
  const submitted = await password(attempt.page, attempt.browser);
  const back = await attempt.browser.get(submitted.headers.get('location') ?? '');
  const location = new URL(back.headers.get('location') ?? '');
  const results = await Promise.allSettled([1, 2, 3].map(() => exchanged(location, attempt.verifier)));
  expect(results.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
});

test('a code needs the verifier of its challenge, and a request needs a challenge by S256', async () => {
  const attempt = await begun();
  const submitted = await password(attempt.page, attempt.browser);
  const back = await attempt.browser.get(submitted.headers.get('location') ?? '');
  const location = new URL(back.headers.get('location') ?? '');
  await expect(exchanged(location, client.randomPKCECodeVerifier())).rejects.toMatchObject({
    error: 'invalid_grant',
  });
  const url = client.buildAuthorizationUrl(config, { redirect_uri: REDIRECT, scope: 'openid' });
  const refused = await openBrowser().get(url.href);
  expect(refused.headers.get('location')).toContain('error=invalid_request');
  const plain = await begun(openBrowser(), { code_challenge_method: 'plain' });
  expect(plain.page).toContain('error=invalid_request');
});

test('a refresh token works once; using it again ends what came of it', async () => {
  const { tokens } = await signedIn();
  const next = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
  expect(next.refresh_token).not.toBe(tokens.refresh_token);
  expect((await me(next.access_token)).status).toBe(200);
  await expect(client.refreshTokenGrant(config, tokens.refresh_token ?? '')).rejects.toThrow();
  await expect(client.refreshTokenGrant(config, next.refresh_token ?? '')).rejects.toThrow();
});

test('the redirect goes to known places only', async () => {
  for (const uri of [
    'https://evil.example/cb',
    `${server.address}/files/x`,
    'http://localhost.evil.example/',
  ]) {
    const verifier = await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier());
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: uri,
      scope: 'openid',
      code_challenge: verifier,
      code_challenge_method: 'S256',
    });
    const answer = await openBrowser().get(url.href);
    expect([answer.status, answer.headers.get('location')], uri).toEqual([400, null]);
  }
});

test('a wrong password shows the form again and tells nothing', async () => {
  const { browser, page } = await begun();
  const wrong = await password(page, browser, 'wrong horse battery');
  const unknown = await browser.post(page, { step: 'password', email: '"><b>x', password: 'x' });
  expect([wrong.status, unknown.status]).toEqual([401, 401]);
  const [first, second] = [await wrong.text(), await unknown.text()];
  const alert = /role="alert">[^<]+/.exec(first)?.[0];
  expect(alert).toBeDefined();
  expect(second).toContain(alert);
  expect(second).not.toContain('<b>');
});

test('a page of another browser is over', async () => {
  const { page } = await begun();
  const answer = await openBrowser().get(page);
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('no longer valid')]);
});

test('a person of several organizations chooses one, or the client says which', async () => {
  const other = await createAdministeredOrganization(server.context, 'Another <company>');
  await sql`insert into org_user (org_id, id, version, dt_created, dt_last_modified, created_by,
      last_modified_by, permission_policy, dt_end_access)
    select ${other.orgId}, id, 1, now(), now(), id, id, '[]', null
    from person where email = ${EMAIL}`.execute(server.context.db);
  const attempt = await begun();
  const form = await (await password(attempt.page, attempt.browser)).text();
  expect(form).toContain('Another &lt;company&gt;');
  const ticket = /name="ticket" type="hidden" value="([^"]+)"/.exec(form)?.[1] ?? '';
  const choice = { step: 'organization', ticket, orgId: other.orgId };
  const forged = await attempt.browser.post(attempt.page, { ...choice, ticket: `x${ticket}` });
  expect(await forged.text()).toContain('name="password"');
  const foreign = await attempt.browser.post(attempt.page, { ...choice, orgId: newId() });
  expect(foreign.status).toBe(403);
  const { tokens } = await finished(attempt, await attempt.browser.post(attempt.page, choice));
  expect((await me(tokens.access_token, other.orgId)).status).toBe(200);
  expect((await me(tokens.access_token)).status).toBe(403);

  const resource = `${server.address}/organizations/${server.orgId}`;
  const { page: back, verifier } = await begun(attempt.browser, { resource, prompt: 'none' });
  const silent = await exchanged(new URL(back), verifier);
  expect((await me(silent.access_token)).status).toBe(200);
  await sql`delete from org_user where org_id = ${other.orgId}`.execute(server.context.db);
});

test('a temporary password is changed on the spot', async () => {
  await sql`update person set password_expires = now() + interval '1 day' where email = ${EMAIL}`.execute(
    server.context.db,
  );
  const attempt = await begun();
  const { browser, page } = attempt;
  const form = await password(page, browser);
  expect([form.status, await form.text()]).toEqual([200, expect.stringContaining('name="newPassword"')]);
  const change = { step: 'new-password', email: EMAIL, password: PASSWORD };
  const differs = await browser.post(page, {
    ...change,
    newPassword: 'a new password!',
    repeated: 'another',
  });
  expect(differs.status).toBe(400);
  const short = await browser.post(page, { ...change, newPassword: 'short', repeated: 'short' });
  expect(short.status).toBe(400);
  const fresh = 'a longer new password';
  const changed = await browser.post(page, { ...change, newPassword: fresh, repeated: fresh });
  await finished(attempt, changed);
  const again = await begun();
  expect((await password(again.page, again.browser)).status).toBe(401);
  const back = await browser.post((await begun(browser, { prompt: 'login' })).page, {
    step: 'password',
    email: EMAIL,
    password: fresh,
  });
  expect(back.status).toBe(303);
});
