import { afterAll, beforeAll, expect, test } from 'vitest';
import { flagSupportUser, membershipsOf, verifyPassword } from '../../src/areas/identity/index.ts';
import { created, type Made } from '../support/configured.ts';
import { askAs, freshEmail } from '../support/people.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
});
afterAll(() => server.close());

const READ_PRODUCTS = { effect: 'allow', action: ['config:retrieve'], resource: ['config:product/*'] };

async function supportUser(): Promise<string> {
  const email = freshEmail();
  const password = await flagSupportUser(server.context, { email, isOn: true });
  const checked = await verifyPassword(server.context, { email, password: password ?? '' });
  expect(checked.result).toBe('temporary');
  return (checked as { userId: string }).userId;
}

function status(code: number) {
  return expect.objectContaining({ status: code });
}

async function version(): Promise<number> {
  return ((await server.request('GET', '/support')).body as Made).version;
}

async function grant(fields: object) {
  return server.request('PUT', '/support', { version: await version(), ...fields });
}

test('a grant begins empty, ends with its day and can be taken back', async () => {
  await server.moveTo('2027-03-01T10:00:00Z');
  const initial = await server.request('GET', '/support');
  expect(initial).toMatchObject({ status: 200, body: { version: 1, supportUsersPermissionPolicy: [] } });
  expect(initial.body).not.toHaveProperty('dtEndSupportUsersAccess');
  const statements = { supportUsersPermissionPolicy: [READ_PRODUCTS] };
  expect(await grant(statements)).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  for (const past of ['2027-03-01T09:59:59Z', '2027-02-28', null]) {
    expect(await grant({ ...statements, dtEndSupportUsersAccess: past })).toEqual(status(400));
  }
  for (const [chosen, end] of [
    ['2027-03-01T10:00:01Z', '2027-03-02T00:00:00Z'],
    ['2027-03-01', '2027-03-02T00:00:00Z'],
    ['2027-03-05T00:00:00Z', '2027-03-05T00:00:00Z'],
  ]) {
    const granted = await grant({ ...statements, dtEndSupportUsersAccess: chosen });
    expect(granted).toMatchObject({ status: 200, body: { dtEndSupportUsersAccess: end, ...statements } });
  }
  expect((await server.request('PUT', '/support', { dtEndSupportUsersAccess: '2027-04-01' })).body).toEqual(
    expect.objectContaining({ code: 'VERSION_REQUIRED' }),
  );
  const back = await grant({ dtEndSupportUsersAccess: '2027-03-01' });
  expect(back).toMatchObject({ status: 200, body: { supportUsersPermissionPolicy: [] } });
});

test('support users have what is granted and attached, until the end, and are no users', async () => {
  await server.moveTo('2027-04-01T10:00:00Z');
  const userId = await supportUser();
  const ask = await askAs(server, userId);
  expect(await ask('GET', '/products')).toEqual(status(403));
  await grant({ dtEndSupportUsersAccess: '2027-04-01', supportUsersPermissionPolicy: [READ_PRODUCTS] });
  expect(await membershipsOf(server.context, userId)).toMatchObject([
    { orgId: server.orgId, bySupport: true },
  ]);
  expect(await ask('GET', '/products')).toEqual(status(200));
  expect(await ask('GET', '/meters')).toEqual(status(403));
  const me = await ask('GET', '/users/me');
  expect(me.body).toMatchObject({ user: { id: userId, supportUser: true } });
  const meters = { name: 'Meters', permissionPolicy: [{ ...READ_PRODUCTS, resource: ['config:meter/*'] }] };
  const policy = await created(server, '/permissionpolicies', meters);
  await created(server, `/permissionpolicies/${policy.id}/addtosupportusers`, {});
  expect(await ask('GET', '/meters')).toEqual(status(200));
  const attached = await server.request('GET', '/support-permissions');
  expect(attached.body).toMatchObject({ data: [{ id: policy.id }] });
  const { body } = await server.request('GET', '/users');
  expect((body as { data: Made[] }).data.map(({ id }) => id)).not.toContain(userId);
  await server.moveTo('2027-04-02T00:00:00Z');
  expect(await (await askAs(server, userId))('GET', '/products')).toEqual(status(403));
  expect(await membershipsOf(server.context, userId)).toEqual([]);
});

test('somebody who is no support user any more enters nothing', async () => {
  const email = freshEmail();
  await flagSupportUser(server.context, { email, isOn: true });
  expect(await flagSupportUser(server.context, { email, isOn: false })).toBeNull();
  const unknown = flagSupportUser(server.context, { email: freshEmail(), isOn: false });
  await expect(unknown).rejects.toThrow('there is nobody');
});
