import { SignJWT } from 'jose';
import type { Statement } from '../../src/api/permission.ts';
import { currentSigningKey } from '../../src/areas/identity/signing-key.ts';
import { newId } from '../../src/kernel/ids.ts';
import { created, type Made } from './configured.ts';
import type { Answer, TestServer } from './stores.ts';

export const PASSWORD = 'correct horse battery';

/** Requests in somebody's name, below the organization of the test. */
export type Ask = (method: string, path: string, body?: object) => Promise<Answer>;

/** An access token of a person, as a sign-in would give it; without an organization it is good for all. */
export async function userToken(server: TestServer, userId: string, orgId?: string): Promise<string> {
  const key = await currentSigningKey(server.context);
  const issuedAt = Math.floor(server.clock.now().epochMilliseconds / 1000);
  return new SignJWT(orgId === undefined ? {} : { orgId })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.id, pt: 'user' })
    .setSubject(userId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + 3600)
    .sign(key.privateKey);
}

/** Requests with a bearer token, to the organization of the test or another. */
export function askWith(server: TestServer, token: string, orgId = server.orgId): Ask {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return (method, path, body) =>
    server.raw(method, `/organizations/${orgId}${path}`, {
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
}

/** Requests as a user of the test's organization. */
export async function askAs(server: TestServer, userId: string): Promise<Ask> {
  return askWith(server, await userToken(server, userId));
}

let serial = 0;

export function freshEmail(): string {
  serial += 1;
  return `person${serial}-${newId()}@example.com`;
}

/** The path of the invitation page, as the inviter sees it when there is no mail server. */
export function pathOfLink(invitation: Made): string {
  return new URL(String(invitation['invitationLink'])).pathname;
}

/** Sends the form of an invitation page. */
export function sendForm(server: TestServer, path: string, fields: Record<string, string>) {
  return server.raw('POST', path, {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  });
}

/** Somebody invited who accepted, as the API shows the new user. */
export async function newUser(server: TestServer, fields: Record<string, unknown> = {}): Promise<Made> {
  const email = String(fields['email'] ?? freshEmail());
  const names = { firstName: 'Ada', lastName: 'Lovelace' };
  const invitation = await created(server, '/invitations', { ...names, ...fields, email });
  const form = { password: PASSWORD, repeated: PASSWORD };
  const accepted = await sendForm(server, pathOfLink(invitation), form);
  if (accepted.status !== 200) throw new Error(`not accepted: ${JSON.stringify(accepted.body)}`);
  const { body } = await server.request('GET', '/users');
  const found = (body as { data: Made[] }).data.find((user) => user['email'] === email);
  if (!found) throw new Error(`${email} is no user`);
  return found;
}

/** A user with exactly these statements, and requests in that name. */
export async function userWith(server: TestServer, ...permissionPolicy: Statement[]) {
  const user = await newUser(server);
  const path = `/users/${user.id}`;
  const updated = await server.request('PUT', path, { version: user.version, permissionPolicy });
  if (updated.status !== 200) throw new Error(`no statements: ${JSON.stringify(updated.body)}`);
  return { user: updated.body as Made, ask: await askAs(server, user.id) };
}

/** The id of a managed policy. */
export async function managedPolicy(server: TestServer, name: string): Promise<string> {
  const { body } = await server.request('GET', '/permissionpolicies');
  const found = (body as { data: Made[] }).data.find((policy) => policy['name'] === name);
  if (!found) throw new Error(`there is no policy ${name}`);
  return found.id;
}
