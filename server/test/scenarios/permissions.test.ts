import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../src/kernel/ids.ts';
import { account, created, type Made, product } from '../support/configured.ts';
import { type Answer, startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
});
afterAll(() => server.close());

type Statement = { readonly effect: string; readonly action: string[]; readonly resource: string[] };
type Ask = (method: string, path: string, body?: object) => Promise<Answer>;

const READ: Statement = { effect: 'allow', action: ['config:retrieve'], resource: ['config:*'] };

function policy(...permissionPolicy: Statement[]): Promise<Made> {
  return created(server, '/permissionpolicies', { name: 'Policy', permissionPolicy });
}

function tokenOf(key: Made): Promise<Answer> {
  const basic = Buffer.from(`${key['accessKeyId']}:${key['apiSecret']}`).toString('base64');
  const headers = { authorization: `Basic ${basic}`, 'content-type': 'application/json' };
  return server.raw('POST', '/oauth/token', { headers, body: '{"grant_type":"client_credentials"}' });
}

/** A new service user with a key, and requests in its name. */
async function newcomer(): Promise<{ user: Made; key: Made; ask: Ask }> {
  const user = await created(server, '/serviceusers', { name: 'Importer' });
  const key = await created(server, `/serviceusers/${user.id}/accesskeys`, {});
  const { access_token: token } = (await tokenOf(key)).body as { access_token: string };
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const ask: Ask = (method, path, body) =>
    server.raw(method, `/organizations/${server.orgId}${path}`, {
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
  return { user, key, ask };
}

async function callerWith(...statements: Statement[]): Promise<Ask> {
  const { user, ask } = await newcomer();
  const { id } = await policy(...statements);
  await created(server, `/permissionpolicies/${id}/addtoserviceuser`, { principalId: user.id });
  return ask;
}

function refused(code: string, status = 400) {
  return { status, body: { code } };
}

test.each([
  ['an effect in upper case', { effect: 'ALLOW' }],
  ['an unknown action', { action: ['config:juggle'] }],
  ['the name of an action', { action: ['CONFIG_RETRIEVE'] }],
  ['no action', { action: [] }],
  ['an unknown type', { resource: ['config:unicorn/*'] }],
  ['a type of another service', { resource: ['billing:meter'] }],
  ['an unknown kind of item', { resource: ['config:meter/thing/1'] }],
  ['a part of a segment left open', { resource: ['config:met*'] }],
  ['no resource', { resource: [] }],
])('a statement with %s is refused', async (_, change) => {
  const body = { name: 'Policy', permissionPolicy: [{ ...READ, ...change }] };
  expect(await server.request('POST', '/permissionpolicies', body)).toMatchObject(
    refused('VALIDATION_FAILED'),
  );
});

test.each([
  '*',
  'config:*',
  'config:meter',
  'config:meter/*',
  'config:Plan/item/12345',
  'config:plan/group/987',
  'config:bill',
  'config:orgUserInvitation',
  'analytics:usage/*',
])('a statement about %s is kept as it is', async (resource) => {
  const statement = { ...READ, resource: [resource] };
  expect(await policy(statement)).toMatchObject({ managedPolicy: false, permissionPolicy: [statement] });
});

test('managed policies are there and stay as they are', async () => {
  const { body } = await server.request('GET', '/permissionpolicies?pageSize=100');
  const managed = (body as { data: Made[] }).data.filter((found) => found['managedPolicy']);
  const names = ['Administrator', 'Billing', 'Measurements Upload', 'ReadOnly'];
  expect(managed.map((found) => found['name']).sort()).toEqual(names);
  const { id, permissionPolicy } = managed[0] as Made;
  const update = { name: 'Mine', permissionPolicy, version: 1 };
  expect(await server.request('PUT', `/permissionpolicies/${id}`, update)).toMatchObject(
    refused('ILLEGAL_STATE'),
  );
  expect(await server.request('DELETE', `/permissionpolicies/${id}`)).toMatchObject(refused('ILLEGAL_STATE'));
});

test('attaching and removing a policy count from the next request on', async () => {
  const { user, ask } = await newcomer();
  const { id } = await policy(READ);
  const body = { principalId: user.id };
  expect(await ask('GET', '/products')).toMatchObject(refused('FORBIDDEN', 403));
  const link = await created(server, `/permissionpolicies/${id}/addtoserviceuser`, body);
  expect(link).toMatchObject({
    version: 1,
    permissionPolicyId: id,
    principalId: user.id,
    principalType: 'SERVICEUSER',
  });
  expect(await created(server, `/permissionpolicies/${id}/addtoserviceuser`, body)).toEqual(link);
  expect(await ask('GET', '/products')).toMatchObject({ status: 200 });
  expect(await server.request('DELETE', `/permissionpolicies/${id}`)).toMatchObject(refused('ENTITY_IN_USE'));
  expect(await created(server, `/permissionpolicies/${id}/removefromserviceuser`, body)).toEqual(link);
  expect(await ask('GET', '/products')).toMatchObject(refused('FORBIDDEN', 403));
  const again = await server.request('POST', `/permissionpolicies/${id}/removefromserviceuser`, body);
  expect(again).toMatchObject(refused('NOT_FOUND', 404));
  expect(await server.request('DELETE', `/permissionpolicies/${id}`)).toMatchObject({ status: 200 });
});

test.each(['user', 'usergroup', 'serviceuser'])('an unknown %s gets no policy', async (kind) => {
  const { id } = await policy(READ);
  const path = `/permissionpolicies/${id}/addto${kind}`;
  expect(await server.request('POST', path, { principalId: newId() })).toMatchObject(
    refused('REFERENCE_NOT_FOUND'),
  );
  expect(await server.request('POST', path, {})).toMatchObject({
    status: 400,
    body: { errors: [{ field: 'principalId' }] },
  });
});

test('a version sent while attaching is the version of the policy', async () => {
  const { id } = await policy(READ);
  const path = `/permissionpolicies/${id}/addtosupportusers`;
  expect(await server.request('POST', path, { version: 2 })).toMatchObject(refused('VERSION_MISMATCH'));
  const answer = await server.request('POST', path, { version: 1 });
  expect(answer).toMatchObject({ status: 200, body: { principalType: 'SUPPORTUSERS' } });
  const removed = await server.request('POST', `/permissionpolicies/${id}/removefromsupportusers`);
  expect(removed).toMatchObject({ status: 200, body: { permissionPolicyId: id } });
});

test('a denial wins over what is allowed elsewhere', async () => {
  const ask = await callerWith(
    { effect: 'allow', action: ['all'], resource: ['*'] },
    { effect: 'deny', action: ['*'], resource: ['config:meter/*'] },
  );
  expect(await ask('GET', '/meters')).toMatchObject(refused('FORBIDDEN', 403));
  expect(await ask('GET', '/products')).toMatchObject({ status: 200 });
});

test('bills may be named under config too', async () => {
  const ask = await callerWith({ ...READ, resource: ['config:bill'] });
  expect(await ask('GET', '/bills')).toMatchObject({ status: 200 });
  expect(await ask('GET', '/products')).toMatchObject(refused('FORBIDDEN', 403));
});

test('the secret of a key is shown once, and a key that is switched off gets no token', async () => {
  const { user, key, ask } = await newcomer();
  const path = `/serviceusers/${user.id}/accesskeys`;
  expect(key).toMatchObject({ status: 'ACTIVE', accessKeyId: expect.any(String) });
  const { body } = await server.request('GET', path);
  const { apiSecret: _, ...shown } = key;
  expect(body).toEqual({ data: [shown] });
  expect(await server.request('DELETE', `${path}/${key.id}`)).toMatchObject(refused('ILLEGAL_STATE'));
  const off = await server.request('PUT', `${path}/${key.id}`, { status: 'INACTIVE' });
  expect(off).toMatchObject({ status: 200, body: { status: 'INACTIVE', version: 2 } });
  expect(await tokenOf(key)).toMatchObject(refused('INVALID_CLIENT', 401));
  expect(await ask('GET', '/users/me')).toMatchObject({ status: 200 });
  const gone = await server.request('DELETE', `${path}/${key.id}`);
  expect(gone).toMatchObject({ status: 200, body: { id: key.id } });
  expect(gone.body).not.toHaveProperty('secretHash');
});

test('a key of another service user is not found', async () => {
  const [one, other] = [await newcomer(), await newcomer()];
  const path = `/serviceusers/${other.user.id}/accesskeys/${one.key.id}`;
  expect(await server.request('PUT', path, { status: 'INACTIVE' })).toMatchObject(refused('NOT_FOUND', 404));
});

test('tokens and keys of a deleted service user are refused at once', async () => {
  const { user, key, ask } = await newcomer();
  const { id } = await policy(READ);
  await created(server, `/permissionpolicies/${id}/addtoserviceuser`, { principalId: user.id });
  expect(await server.request('DELETE', `/serviceusers/${user.id}`)).toMatchObject({ status: 200 });
  expect(await ask('GET', '/products')).toMatchObject(refused('UNAUTHORIZED', 403));
  expect(await tokenOf(key)).toMatchObject(refused('INVALID_CLIENT', 401));
  expect(await server.request('DELETE', `/permissionpolicies/${id}`)).toMatchObject({ status: 200 });
});

type Members = { readonly data: readonly { readonly targetId: string; readonly targetType: string }[] };

function groupOf(type: string): Promise<Made> {
  return created(server, `/resourcegroups/${type}`, { name: 'Group' });
}

async function membersOf(type: string, group: Made, method = 'GET'): Promise<string[]> {
  const { body } = await server.request(method, `/resourcegroups/${type}/${group.id}/contents`);
  return (body as Members).data.map((member) => `${member.targetType} ${member.targetId}`);
}

function change(group: Made, verb: 'add' | 'remove', member: object): Promise<Answer> {
  return server.request('POST', `/resourcegroups/product/${group.id}/${verb}resource`, member);
}

test('a group is kept under its type only', async () => {
  const group = await groupOf('product');
  const path = `/resourcegroups/product/${group.id}`;
  expect(group).not.toHaveProperty('type');
  expect((await server.request('GET', path)).body).toEqual(group);
  const renamed = await server.request('PUT', path, { name: 'Renamed', version: 1 });
  expect(renamed).toMatchObject({ status: 200, body: { name: 'Renamed', version: 2 } });
  for (const method of ['GET', 'DELETE'])
    expect(await server.request(method, `/resourcegroups/plan/${group.id}`)).toMatchObject(
      refused('NOT_FOUND', 404),
    );
  const list = async (type: string) => (await server.request('GET', `/resourcegroups/${type}`)).body;
  expect(await list('product')).toEqual({ data: [renamed.body] });
  expect(await list('plan')).toEqual({ data: [] });
  expect(await server.request('DELETE', path)).toMatchObject({ status: 200 });
  expect(await server.request('GET', path)).toMatchObject(refused('NOT_FOUND', 404));
});

test('members are added and removed once, and each change counts the version up', async () => {
  const [group, item] = [await groupOf('product'), await product(server)];
  const member = { targetId: item.id, targetType: 'item' };
  const steps: [verb: 'add' | 'remove', version: number, members: string[]][] = [
    ['add', 2, [`ITEM ${item.id}`]],
    ['add', 2, [`ITEM ${item.id}`]],
    ['remove', 3, []],
    ['remove', 3, []],
  ];
  for (const [verb, version, members] of steps) {
    expect(await change(group, verb, member)).toMatchObject({ status: 200, body: { version } });
    expect(await membersOf('product', group)).toEqual(members);
    expect(await membersOf('product', group, 'POST')).toEqual(members);
  }
  const stale = await change(group, 'add', { ...member, version: 1 });
  expect(stale).toMatchObject(refused('VERSION_MISMATCH'));
});

test('only items and groups of the type may be members', async () => {
  const group = await groupOf('product');
  const targets = [
    { targetId: newId(), targetType: 'ITEM' },
    { targetId: (await account(server)).id, targetType: 'ITEM' },
    { targetId: (await groupOf('plan')).id, targetType: 'GROUP' },
  ];
  for (const target of targets) {
    expect(await change(group, 'add', target)).toMatchObject(refused('REFERENCE_NOT_FOUND'));
  }
});

test('groups nest without a cycle', async () => {
  const [outer, middle, inner] = [
    await groupOf('product'),
    await groupOf('product'),
    await groupOf('product'),
  ];
  const asMember = (group: Made) => ({ targetId: group.id, targetType: 'group' });
  expect(await change(outer, 'add', asMember(outer))).toMatchObject(refused('VALIDATION_FAILED'));
  expect(await change(outer, 'add', asMember(middle))).toMatchObject({ status: 200 });
  expect(await change(middle, 'add', asMember(inner))).toMatchObject({ status: 200 });
  expect(await change(inner, 'add', asMember(outer))).toMatchObject(refused('VALIDATION_FAILED'));
  expect(await change(outer, 'add', asMember(inner))).toMatchObject({ status: 200 });
});

test('what is deleted leaves its groups, and a group that a policy names stays', async () => {
  const [outer, inner, item] = [await groupOf('product'), await groupOf('product'), await product(server)];
  await change(outer, 'add', { targetId: inner.id, targetType: 'GROUP' });
  await change(outer, 'add', { targetId: item.id, targetType: 'ITEM' });
  const { id } = await policy({ ...READ, resource: [`config:product/group/${inner.id}`] });
  const path = `/resourcegroups/product/${inner.id}`;
  expect(await server.request('DELETE', path)).toMatchObject(refused('ENTITY_IN_USE'));
  expect(await membersOf('product', outer)).toHaveLength(2);
  await server.request('DELETE', `/permissionpolicies/${id}`);
  expect(await server.request('DELETE', path)).toMatchObject({ status: 200 });
  await server.request('DELETE', `/products/${item.id}`);
  expect(await membersOf('product', outer)).toEqual([]);
});

test('policies are attached to user groups', async () => {
  const [group, { id }] = [await groupOf('user'), await policy(READ)];
  const body = { principalId: group.id };
  const link = await created(server, `/permissionpolicies/${id}/addtousergroup`, body);
  expect(link).toMatchObject({ principalId: group.id, principalType: 'USERGROUP' });
  const { body: page } = await server.request('GET', `/resourcegroups/user/${group.id}/permissions`);
  expect(page).toMatchObject({ data: [{ id }] });
  const plans = { principalId: (await groupOf('plan')).id };
  const answer = await server.request('POST', `/permissionpolicies/${id}/addtousergroup`, plans);
  expect(answer).toMatchObject(refused('REFERENCE_NOT_FOUND'));
});

type Listed = { readonly data: readonly { readonly id: string }[] };

async function listed(ask: Ask, path: string): Promise<string[]> {
  const { body } = await ask('GET', path);
  return (body as Listed).data.map(({ id }) => id);
}

test('a denied item is refused and left out of lists before they are paged', async () => {
  const [older, denied] = [await product(server), await product(server)];
  const ask = await callerWith(
    { effect: 'allow', action: ['all'], resource: ['*'] },
    { effect: 'deny', action: ['all'], resource: [`config:product/item/${denied.id}`] },
  );
  for (const method of ['GET', 'DELETE']) {
    expect(await ask(method, `/products/${denied.id}`)).toMatchObject(refused('FORBIDDEN', 403));
  }
  expect(await ask('GET', `/products/${older.id}`)).toMatchObject({ status: 200 });
  expect(await ask('GET', `/products/${newId()}`)).toMatchObject(refused('NOT_FOUND', 404));
  expect(await listed(ask, '/products?pageSize=1')).toEqual([older.id]);
});

test('an allowed group opens its members, nested ones too, and nothing else', async () => {
  const [inside, outside] = [await product(server), await product(server)];
  const [outer, inner] = [await groupOf('product'), await groupOf('product')];
  await change(outer, 'add', { targetId: inner.id, targetType: 'GROUP' });
  await change(inner, 'add', { targetId: inside.id, targetType: 'ITEM' });
  const resource = [`config:product/group/${outer.id}`];
  const ask = await callerWith({ effect: 'allow', action: ['all'], resource });
  expect(await listed(ask, '/products')).toEqual([inside.id]);
  expect(await ask('GET', `/products/${outside.id}`)).toMatchObject(refused('FORBIDDEN', 403));
  expect(await ask('POST', '/products', { name: 'New', code: 'new' })).toMatchObject(
    refused('FORBIDDEN', 403),
  );
  await change(inner, 'remove', { targetId: inside.id, targetType: 'ITEM' });
  expect(await listed(ask, '/products')).toEqual([]);
});

test('accounts that may not be retrieved are not found by a search either', async () => {
  const [shown, hidden] = [await account(server), await account(server)];
  const ask = await callerWith({ ...READ, resource: [`config:account/item/${shown.id}`] });
  expect(await listed(ask, '/accounts/search')).toEqual([shown.id]);
  expect(await ask('GET', `/accounts/${hidden.id}`)).toMatchObject(refused('FORBIDDEN', 403));
});
