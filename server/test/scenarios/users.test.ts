import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changePassword, membershipsOf, verifyPassword } from '../../src/areas/identity/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import { created, type Made } from '../support/configured.ts';
import {
  askAs,
  askWith,
  freshEmail,
  managedPolicy,
  newUser,
  PASSWORD,
  userToken,
  userWith,
} from '../support/people.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
});
afterAll(() => server.close());

const READ = { effect: 'allow', action: ['config:retrieve'], resource: ['config:*'] } as const;
const NO_METERS = { effect: 'deny', action: ['all'], resource: ['config:meter/*'] } as const;

function refused(code: string, status = 400) {
  return { status, body: { code } };
}

async function firstUser(): Promise<Made> {
  const { body } = await server.request('GET', '/users');
  const found = (body as { data: Made[] }).data.find((user) => user['email'] === server.person.email);
  return found as Made;
}

async function userGroup(...members: Made[]): Promise<Made> {
  const group = await created(server, '/resourcegroups/user', { name: 'Team' });
  for (const { id } of members) await member(group, id, 'ITEM');
  return group;
}

async function member(group: Made, targetId: string, targetType: 'ITEM' | 'GROUP'): Promise<void> {
  await created(server, `/resourcegroups/user/${group.id}/addresource`, { targetId, targetType });
}

async function policyOf(...permissionPolicy: object[]): Promise<string> {
  return (await created(server, '/permissionpolicies', { name: 'Policy', permissionPolicy })).id;
}

function attach(policyId: string, kind: 'user' | 'usergroup', principalId: string) {
  return created(server, `/permissionpolicies/${policyId}/addto${kind}`, { principalId });
}

test('the first user administers the organization', async () => {
  const user = await firstUser();
  expect(user).toMatchObject({
    email: 'admin@meterbook.local',
    organizations: [server.orgId],
    supportUser: false,
    permissionPolicy: [],
  });
  const ask = await askAs(server, user.id);
  expect(await ask('GET', '/users/me')).toMatchObject({
    status: 200,
    body: { user: { id: user.id, organizations: [server.orgId] }, organization: { orgId: server.orgId } },
  });
  const product = await ask('POST', '/products', { name: 'Inference', code: 'inference' });
  expect(product).toMatchObject({ status: 200, body: { createdBy: user.id } });
  expect(await server.request('GET', `/users/${user.id}/permissions`)).toMatchObject({
    status: 200,
    body: { name: 'Administrator', data: [{ name: 'Administrator', managedPolicy: true }] },
  });
});

test('a service user sees itself and no user', async () => {
  const { body } = await server.request('GET', '/users/me');
  expect(body).toHaveProperty('serviceUser.name', 'Administrator');
  expect(body).not.toHaveProperty('user');
});

test('statements of a user, of its policies and of the groups around it count together', async () => {
  const { user, ask } = await userWith(server);
  expect(await ask('GET', '/products')).toMatchObject(refused('FORBIDDEN', 403));
  await attach(await policyOf({ ...READ, resource: ['config:product/*'] }), 'user', user.id);
  expect(await ask('GET', '/products')).toMatchObject({ status: 200 });
  expect(await ask('GET', '/meters')).toMatchObject(refused('FORBIDDEN', 403));
  const inner = await userGroup(user);
  const outer = await userGroup();
  await member(outer, inner.id, 'GROUP');
  await attach(await policyOf(READ), 'usergroup', outer.id);
  expect(await ask('GET', '/meters')).toMatchObject({ status: 200 });
  const inline = { version: user.version, permissionPolicy: [NO_METERS] };
  expect(await server.request('PUT', `/users/${user.id}`, inline)).toMatchObject({ status: 200 });
  expect(await ask('GET', '/meters')).toMatchObject(refused('FORBIDDEN', 403));
});

test('an administrator in a group that is denied meters cannot reach them', async () => {
  const user = await newUser(server, { permissionPolicyIds: [await managedPolicy(server, 'Administrator')] });
  const ask = await askAs(server, user.id);
  expect(await ask('GET', '/meters')).toMatchObject({ status: 200 });
  const group = await userGroup(user);
  await attach(await policyOf(NO_METERS), 'usergroup', group.id);
  expect(await ask('GET', '/meters')).toMatchObject(refused('FORBIDDEN', 403));
  expect(await ask('GET', '/products')).toMatchObject({ status: 200 });
  expect(await server.request('DELETE', `/resourcegroups/user/${group.id}`)).toMatchObject({ status: 200 });
  expect(await ask('GET', '/meters')).toMatchObject({ status: 200 });
});

test('groups of a user are the direct ones unless inherited ones are asked for', async () => {
  const user = await newUser(server);
  const inner = await userGroup(user);
  const outer = await userGroup();
  await member(outer, inner.id, 'GROUP');
  const path = `/users/${user.id}/usergroups`;
  expect(await server.request('GET', path)).toMatchObject({
    body: { id: inner.id, data: [{ id: inner.id }] },
  });
  const { body } = await server.request('GET', `${path}?inherited=true`);
  expect((body as { data: Made[] }).data.map(({ id }) => id)).toEqual([outer.id, inner.id]);
  const nobody = await newUser(server);
  const empty = await server.request('GET', `/users/${nobody.id}/usergroups`);
  expect(empty.body).toEqual({ data: [] });
});

test('only users go into a user group', async () => {
  const group = await userGroup();
  const path = `/resourcegroups/user/${group.id}/addresource`;
  expect(await server.request('POST', path, { targetId: newId(), targetType: 'ITEM' })).toMatchObject(
    refused('REFERENCE_NOT_FOUND'),
  );
});

describe('the end of access', () => {
  test('ends it at once and can be taken back', async () => {
    const { user, ask } = await userWith(server, READ);
    const ended = { version: user.version, permissionPolicy: [READ], dtEndAccess: '2024-01-01T00:00:00Z' };
    const answer = await server.request('PUT', `/users/${user.id}`, ended);
    expect(answer).toMatchObject({ status: 200, body: { dtEndAccess: '2024-01-01T00:00:00Z' } });
    expect(await ask('GET', '/products')).toMatchObject(refused('UNAUTHORIZED', 403));
    expect(await membershipsOf(server.context, user.id)).toEqual([]);
    const back = { version: user.version + 1, permissionPolicy: [READ] };
    const restored = await server.request('PUT', `/users/${user.id}`, back);
    expect(restored.body).not.toHaveProperty('dtEndAccess');
    expect(await ask('GET', '/products')).toMatchObject({ status: 200 });
  });

  test('is refused for the last administrator, as is every other way to lose one', async () => {
    const own = await startTestServer({ role: 'api' });
    try {
      const policy = await managedPolicy(own, 'Administrator');
      const { body } = await own.request('GET', '/users');
      const [first] = (body as { data: Made[] }).data as [Made];
      const end = { version: 1, dtEndAccess: '2024-01-01' };
      const stays = refused('ILLEGAL_STATE');
      expect(await own.request('PUT', `/users/${first.id}`, end)).toMatchObject(stays);
      const remove = `/permissionpolicies/${policy}/removefromuser`;
      expect(await own.request('POST', remove, { principalId: first.id })).toMatchObject(stays);
      const second = await newUser(own);
      const group = await created(own, '/resourcegroups/user', { name: 'Administrators' });
      const item = { targetId: second.id, targetType: 'ITEM' };
      await created(own, `/resourcegroups/user/${group.id}/addresource`, item);
      await created(own, `/permissionpolicies/${policy}/addtousergroup`, { principalId: group.id });
      expect(await own.request('PUT', `/users/${first.id}`, end)).toMatchObject({ status: 200 });
      const path = `/resourcegroups/user/${group.id}`;
      expect(await own.request('POST', `${path}/removeresource`, item)).toMatchObject(stays);
      expect(await own.request('DELETE', path)).toMatchObject(stays);
      const detach = `/permissionpolicies/${policy}/removefromusergroup`;
      expect(await own.request('POST', detach, { principalId: group.id })).toMatchObject(stays);
      expect(await own.request('POST', remove, { principalId: first.id })).toMatchObject({ status: 200 });
    } finally {
      await own.close();
    }
  });

  test('two administrators cannot end each other at the same time', async () => {
    const own = await startTestServer({ role: 'api' });
    try {
      await newUser(own, { permissionPolicyIds: [await managedPolicy(own, 'Administrator')] });
      const { body } = await own.request('GET', '/users');
      const end = { version: 1, dtEndAccess: '2024-01-01' };
      const users = (body as { data: Made[] }).data;
      const answers = await Promise.all(users.map(({ id }) => own.request('PUT', `/users/${id}`, end)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    } finally {
      await own.close();
    }
  });
});

describe('a profile', () => {
  const profile = { firstName: 'Grace', lastName: 'Hopper', contactNumber: '+1 555' };

  test('is changed by its person and by whoever may update users', async () => {
    const { user, ask } = await userWith(server);
    const mine = await ask('PUT', `/users/${user.id}/profile`, { ...profile, version: user.version });
    expect(mine).toMatchObject({ status: 200, body: { ...profile, version: user.version + 1 } });
    const stale = await ask('PUT', `/users/${user.id}/profile`, { ...profile, version: user.version });
    expect(stale).toMatchObject(refused('VERSION_MISMATCH'));
    const { ask: other } = await userWith(server, READ);
    const foreign = await other('PUT', `/users/${user.id}/profile`, profile);
    expect(foreign).toMatchObject(refused('FORBIDDEN', 403));
    const next = { ...profile, firstName: 'G', version: user.version + 1 };
    const theirs = await server.request('PUT', `/users/${user.id}/profile`, next);
    expect(theirs).toMatchObject({ status: 200, body: { firstName: 'G' } });
  });

  test('of an unknown user is not found', async () => {
    const missing = await server.request('PUT', `/users/${newId()}/profile`, { ...profile, version: 1 });
    expect(missing).toMatchObject(refused('NOT_FOUND', 404));
  });
});

describe('a password', () => {
  const given = (password: string) => ({ email: server.person.email, password });

  test('that was generated is temporary and has to be changed', async () => {
    const own = await startTestServer({ role: 'api' });
    try {
      const { context, person } = own;
      const signIn = { email: person.email.toUpperCase(), password: person.password };
      const first = await verifyPassword(context, signIn);
      expect(first.result).toBe('temporary');
      const short = { ...signIn, newPassword: 'elevenchars' };
      expect(await changePassword(context, short)).toMatchObject({ result: 'unfit' });
      const same = { ...signIn, newPassword: person.password };
      expect(await changePassword(context, same)).toMatchObject({ result: 'unfit' });
      const changed = await changePassword(context, { ...signIn, newPassword: PASSWORD });
      expect(changed.result).toBe('ok');
      expect(await verifyPassword(context, signIn)).toEqual({ result: 'refused' });
      const right = await verifyPassword(context, { ...signIn, password: PASSWORD });
      expect(right).toEqual({ ...first, result: 'ok' });
    } finally {
      await own.close();
    }
  });

  test('stays the same whatever way its letters are written', async () => {
    const { email } = await newUser(server, {});
    const signIn = { email: String(email), password: PASSWORD };
    const accented = { ...signIn, newPassword: 'caf\u00e9 caf\u00e9 caf\u00e9' };
    expect(await changePassword(server.context, accented)).toMatchObject({ result: 'ok' });
    const composed = { ...signIn, password: 'cafe\u0301 cafe\u0301 cafe\u0301' };
    expect(await verifyPassword(server.context, composed)).toMatchObject({ result: 'ok' });
  });

  test('of nobody is refused like a wrong one', async () => {
    for (const email of [freshEmail(), 'nul\u0000@example.com', '']) {
      const checked = await verifyPassword(server.context, { email, password: PASSWORD });
      expect(checked).toEqual({ result: 'refused' });
    }
  });

  test('cannot be guessed: ten failures lock the person, also when they come at once', async () => {
    const { email } = await newUser(server);
    const right = { email: String(email), password: PASSWORD };
    const wrong = { ...right, password: 'wrong' };
    const guesses = Array.from({ length: 14 }, () => verifyPassword(server.context, wrong));
    const results = (await Promise.all(guesses)).map(({ result }) => result);
    expect(results.filter((result) => result === 'refused')).toHaveLength(10);
    expect(results.filter((result) => result === 'locked')).toHaveLength(4);
    expect(await verifyPassword(server.context, right)).toEqual({ result: 'locked' });
  });

  test('is unlocked after fifteen minutes, and a success forgets the failures', async () => {
    const own = await startTestServer({ role: 'api' });
    try {
      const { context, person, clock } = own;
      const right = { email: person.email, password: person.password };
      const fail = async (times: number) => {
        for (let i = 0; i < times; i += 1) await verifyPassword(context, { ...right, password: 'wrong' });
      };
      const start = clock.now();
      clock.set(start);
      await fail(9);
      expect(await verifyPassword(context, right)).toMatchObject({ result: 'temporary' });
      await fail(9);
      // Nine failures are over after 15 minutes, so nine more are no ten.
      clock.set(start.add({ minutes: 15 }));
      await fail(9);
      expect(await verifyPassword(context, right)).toMatchObject({ result: 'temporary' });
      await fail(10);
      clock.set(start.add({ minutes: 29, seconds: 59 }));
      expect(await verifyPassword(context, right)).toEqual({ result: 'locked' });
      clock.set(start.add({ minutes: 30 }));
      expect(await verifyPassword(context, right)).toMatchObject({ result: 'temporary' });
      clock.set(start.add({ hours: 30 * 24 }));
      expect(await verifyPassword(context, right)).toEqual({ result: 'expired' });
    } finally {
      await own.close();
    }
  });

  test('is sent again to who has none of their own yet', async () => {
    const { id } = await firstUser();
    const path = `/users/${id}/password/resend`;
    const { ask } = await userWith(server, READ);
    expect(await ask('PUT', path)).toMatchObject(refused('NOT_ALLOWED', 401));
    expect(await server.request('PUT', `/users/${newId()}/password/resend`)).toMatchObject(
      refused('NOT_FOUND', 404),
    );
    const answer = await server.request('PUT', path);
    const { temporaryPassword } = answer.body as { temporaryPassword: string };
    expect(answer.status).toBe(200);
    expect(await verifyPassword(server.context, given(server.person.password))).toEqual({
      result: 'refused',
    });
    const fresh = await verifyPassword(server.context, given(temporaryPassword));
    expect(fresh).toEqual({ result: 'temporary', userId: id });
    const settled = await newUser(server);
    const own = await server.request('PUT', `/users/${settled.id}/password/resend`);
    expect(own).toMatchObject(refused('ILLEGAL_STATE'));
  });
});

test('a token of another organization does not open this one', async () => {
  const user = await newUser(server, { permissionPolicyIds: [await managedPolicy(server, 'ReadOnly')] });
  const bound = askWith(server, await userToken(server, user.id, newId()));
  expect(await bound('GET', '/products')).toMatchObject(refused('UNAUTHORIZED', 403));
  const here = askWith(server, await userToken(server, user.id, server.orgId));
  expect(await here('GET', '/products')).toMatchObject({ status: 200 });
  const elsewhere = askWith(server, await userToken(server, user.id), newId());
  expect(await elsewhere('GET', '/products')).toMatchObject(refused('UNAUTHORIZED', 403));
});
