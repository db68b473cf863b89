import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createAdministeredOrganization,
  membershipsOf,
  verifyPassword,
} from '../../src/areas/identity/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import { created, type Made } from '../support/configured.ts';
import { startMailServer } from '../support/mail-server.ts';
import {
  askAs,
  freshEmail,
  managedPolicy,
  newUser,
  PASSWORD,
  pathOfLink,
  sendForm,
  userWith,
} from '../support/people.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
});
afterAll(() => server.close());

const FORM = { password: PASSWORD, repeated: PASSWORD };
const NAMES = { firstName: 'Ada', lastName: 'Lovelace' };

function refused(code: string, status = 400) {
  return { status, body: { code } };
}

function invite(fields: object = {}): Promise<Made> {
  return created(server, '/invitations', { ...NAMES, email: freshEmail(), ...fields });
}

test('an invitation is open for 30 days and shows its link to the inviter only this once', async () => {
  const invitation = await invite({ contactNumber: '+44 20' });
  expect(invitation).toMatchObject({ version: 1, accepted: false, status: 'OPEN', permissionPolicyIds: [] });
  const lifetime = Date.parse(String(invitation['dtExpiry'])) - Date.parse(String(invitation['dtCreated']));
  expect(lifetime).toBe(30 * 24 * 3600 * 1000);
  const { invitationLink, ...rest } = invitation;
  expect(invitationLink).toContain('/invitations/');
  expect((await server.request('GET', `/invitations/${invitation.id}`)).body).toEqual(rest);
  const { body } = await server.request('GET', '/invitations?pageSize=1');
  expect(body).toMatchObject({ data: [rest] });
  expect(JSON.stringify(body)).not.toContain('token');
});

test.each([
  ['without an address', { email: undefined }, 'email'],
  ['with something else', { email: 'no address' }, 'email'],
  ['of a stranger without a first name', { firstName: undefined }, 'firstName'],
  ['of a stranger without a last name', { lastName: '' }, 'lastName'],
  ['with a name that is too long', { firstName: 'x'.repeat(101) }, 'firstName'],
  ['with a number that is too long', { contactNumber: '1'.repeat(51) }, 'contactNumber'],
])('an invitation %s is refused', async (_, fields, field) => {
  const answer = await server.request('POST', '/invitations', { ...NAMES, email: freshEmail(), ...fields });
  expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED', errors: [{ field }] } });
});

test('an unknown policy and a current user cannot be invited with', async () => {
  const unknown = { ...NAMES, email: freshEmail(), permissionPolicyIds: [newId()] };
  expect(await server.request('POST', '/invitations', unknown)).toMatchObject(refused('REFERENCE_NOT_FOUND'));
  const { email } = await newUser(server);
  const again = { ...NAMES, email: String(email).toUpperCase() };
  expect(await server.request('POST', '/invitations', again)).toMatchObject(refused('DUPLICATE'));
});

test('inviting needs its own permission', async () => {
  const allow = {
    effect: 'allow',
    action: ['config:create'],
    resource: ['config:orgUserInvitation'],
  } as const;
  const other = { ...allow, resource: ['config:user'] };
  const body = { ...NAMES, email: freshEmail() };
  const { ask: not } = await userWith(server, other);
  expect(await not('POST', '/invitations', body)).toMatchObject(refused('FORBIDDEN', 403));
  const { ask } = await userWith(server, allow);
  expect(await ask('POST', '/invitations', body)).toMatchObject({ status: 200 });
});

test('accepting makes a user with the policies and the end of access, once', async () => {
  const policy = await managedPolicy(server, 'ReadOnly');
  const email = `Ada-${newId()}@Example.com`;
  const fields = { email, permissionPolicyIds: [policy], dtEndAccess: '2999-01-01T00:00:00Z' };
  const invitation = await invite({ ...fields, contactNumber: '+44 20' });
  const path = pathOfLink(invitation);
  const page = await server.raw('GET', path);
  expect(page).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
  expect(page.body).toContain('autocomplete="new-password"');
  expect(await sendForm(server, path, { ...FORM, repeated: 'another one' })).toMatchObject({ status: 400 });
  expect(await sendForm(server, path, { password: 'short', repeated: 'short' })).toMatchObject({
    status: 400,
  });
  const answers = await Promise.all([sendForm(server, path, FORM), sendForm(server, path, FORM)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 404]);
  expect(await server.raw('GET', path)).toMatchObject({ status: 404 });
  const stored = await server.request('GET', `/invitations/${invitation.id}`);
  expect(stored).toMatchObject({ body: { accepted: true, status: 'ACCEPTED', version: 2 } });
  const checked = await verifyPassword(server.context, { email, password: PASSWORD });
  expect(checked.result).toBe('ok');
  const { userId } = checked as { userId: string };
  expect(await server.request('GET', `/users/${userId}`)).toMatchObject({
    body: { ...NAMES, email: email.toLowerCase(), contactNumber: '+44 20', dtEndAccess: fields.dtEndAccess },
  });
  const ask = await askAs(server, userId);
  expect(await ask('GET', '/products')).toMatchObject({ status: 200 });
  expect(await ask('POST', '/products', {})).toMatchObject(refused('FORBIDDEN', 403));
  const late = await server.request('PUT', `/invitations/${invitation.id}/cancel`);
  expect(late).toMatchObject(refused('ILLEGAL_STATE'));
});

test('an invitation that was cancelled, replaced or has expired cannot be accepted', async () => {
  const cancelled = await invite();
  const path = `/invitations/${cancelled.id}/cancel`;
  expect(await server.request('PUT', path, { version: 2 })).toMatchObject(refused('VERSION_MISMATCH'));
  const answer = await server.request('PUT', path);
  expect(answer).toMatchObject({ status: 200, body: { status: 'CANCELLED', version: 2 } });
  const again = await server.request('PUT', path);
  expect(again).toMatchObject({ status: 200, body: { status: 'CANCELLED', version: 2 } });
  const replaced = await invite();
  const next = await invite({ email: String(replaced['email']).toUpperCase() });
  expect(await server.request('GET', `/invitations/${replaced.id}`)).toMatchObject(refused('NOT_FOUND', 404));
  const expired = await invite({ dtExpiry: '2024-01-01T00:00:00Z' });
  expect(expired).toMatchObject({ status: 'EXPIRED' });
  for (const closed of [cancelled, replaced, expired]) {
    expect(await sendForm(server, pathOfLink(closed), FORM)).toMatchObject({ status: 404 });
  }
  expect(await sendForm(server, pathOfLink(next), FORM)).toMatchObject({ status: 200 });
});

test('invitations of one address that race leave one open', async () => {
  const body = { ...NAMES, email: freshEmail() };
  const answers = await Promise.all([1, 2, 3].map(() => server.request('POST', '/invitations', body)));
  const made = answers.filter(({ status }) => status === 200).map((answer) => answer.body as Made);
  expect(answers.filter(({ status }) => status !== 200 && status !== 400)).toEqual([]);
  const pages = await Promise.all(made.map((invitation) => server.raw('GET', pathOfLink(invitation))));
  expect(pages.filter(({ status }) => status === 200)).toHaveLength(1);
});

test('a policy that is gone by now is left out', async () => {
  const permissionPolicy = [{ effect: 'allow', action: ['all'], resource: ['*'] }];
  const { id } = await created(server, '/permissionpolicies', { name: 'Gone', permissionPolicy });
  const invitation = await invite({ permissionPolicyIds: [id] });
  expect(await server.request('DELETE', `/permissionpolicies/${id}`)).toMatchObject({ status: 200 });
  expect(await sendForm(server, pathOfLink(invitation), FORM)).toMatchObject({ status: 200 });
});

test('what an invitation says is text on its page', async () => {
  const invitation = await invite({ email: `"<b>"@example.com`.replaceAll('"', "'") }).catch(() => null);
  expect(invitation).toBeNull();
  await sql`update organization set name = '<script>alert(1)</script>' where id = ${server.orgId}`.execute(
    server.context.db,
  );
  const page = await server.raw('GET', pathOfLink(await invite({ email: `o'x&y@example.com` })));
  expect(page.body).not.toContain('<script');
  expect(page.body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page.body).toContain('o&#39;x&amp;y@example.com');
  expect(page.headers).toHaveProperty(
    'content-security-policy',
    expect.stringContaining("default-src 'none'"),
  );
});

test.each(['nonsense', 'nul%00', '%ff', 'x'.repeat(900)])(
  'a made up token %# opens nothing',
  async (token) => {
    for (const method of ['GET', 'POST']) {
      const answer = await server.raw(method, `/invitations/${token}`, { body: 'password=x' });
      expect([400, 404]).toContain(answer.status);
    }
  },
);

describe('somebody who is a user elsewhere', () => {
  test('confirms with the same password and has one id everywhere', async () => {
    const user = await newUser(server);
    const email = String(user['email']);
    const other = await createAdministeredOrganization(server.context, 'Another');
    const basic = Buffer.from(`${other.accessKeyId}:${other.apiSecret}`).toString('base64');
    const token = await server.raw('POST', '/oauth/token', {
      headers: { authorization: `Basic ${basic}`, 'content-type': 'application/json' },
      body: '{"grant_type":"client_credentials"}',
    });
    const { access_token: bearer } = token.body as { access_token: string };
    const invited = await server.raw('POST', `/organizations/${other.orgId}/invitations`, {
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify({ email }),
    });
    expect(invited).toMatchObject({ status: 200 });
    const path = pathOfLink(invited.body as Made);
    expect((await server.raw('GET', path)).body).toContain('autocomplete="current-password"');
    expect(await sendForm(server, path, { password: 'a wrong password' })).toMatchObject({ status: 400 });
    expect(await sendForm(server, path, { password: PASSWORD })).toMatchObject({ status: 200 });
    const memberships = await membershipsOf(server.context, user.id);
    expect(memberships.map(({ orgId }) => orgId).sort()).toEqual([server.orgId, other.orgId].sort());
    // What the other organization is, is not shown here, and neither changes the person behind its back.
    const shown = await server.request('GET', `/users/${user.id}`);
    expect(shown.body).toMatchObject({ organizations: [server.orgId], firstName: 'Ada' });
    const profile = { firstName: 'X', lastName: 'Y', version: 1 };
    const changed = await server.request('PUT', `/users/${user.id}/profile`, profile);
    expect(changed).toMatchObject(refused('ILLEGAL_STATE'));
    const me = await (await askAs(server, user.id))('GET', '/users/me');
    expect((me.body as { user: Made }).user['organizations']).toHaveLength(2);
  });
});

test('with a mail server the link goes to the invited only, again until it is taken', async () => {
  const mailServer = await startMailServer();
  const mail = { url: mailServer.url, from: 'Meterbook <meterbook@example.com>' };
  const own = await startTestServer({ config: { mail } });
  try {
    mailServer.refuse(true);
    const email = freshEmail();
    const invitation = await created(own, '/invitations', { ...NAMES, email });
    expect(invitation).not.toHaveProperty('invitationLink');
    const jobs = await sql`select payload::text from graphile_worker._private_jobs`.execute(own.context.db);
    expect(JSON.stringify(jobs.rows)).not.toContain('/invitations/');
    mailServer.refuse(false);
    await sql`update graphile_worker._private_jobs set run_at = now()`.execute(own.context.db);
    for (let i = 0; i < 100 && mailServer.mails.length === 0; i += 1) await sleep(100);
    const [received] = mailServer.mails;
    expect(received).toMatchObject({ from: 'meterbook@example.com', to: [email] });
    const text = String(received?.text).replaceAll('=\n', '').replaceAll('=3D', '=');
    const path = new URL(/http\S+\/invitations\/\S+/.exec(text)?.[0] ?? '').pathname;
    const form = { body: new URLSearchParams(FORM).toString() };
    expect(await own.raw('POST', path, form)).toMatchObject({ status: 200 });
  } finally {
    await own.close();
    await mailServer.close();
  }
});
