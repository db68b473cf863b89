import { afterAll, beforeAll, expect, test } from 'vitest';
import { purgeAudit } from '../../src/areas/identity/index.ts';
import { type Made, product } from '../support/configured.ts';
import { askAs, managedPolicy, newUser, userWith } from '../support/people.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
});
afterAll(() => server.close());

type Entry = { readonly [field: string]: unknown };

async function entries(query: Record<string, string>): Promise<Entry[]> {
  const answer = await server.request('GET', `/audit?${new URLSearchParams(query)}`);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return (answer.body as { data: Entry[] }).data;
}

test('a write is found with who, when, where from, and what it changed', async () => {
  const { id, version, ...before } = await product(server);
  const path = `/products/${id}`;
  await server.request('PUT', path, { ...before, name: 'Training', version });
  await server.request('DELETE', path);
  const { serviceUser } = (await server.request('GET', '/users/me')).body as { serviceUser: Made };
  const found = await entries({ entityId: id });
  expect(found.map(({ action }) => action)).toEqual(['deleted', 'updated', 'created']);
  expect(found[1]).toMatchObject({
    principalId: serviceUser.id,
    ip: '127.0.0.1',
    requestId: expect.any(String),
    entityType: 'Product',
    before: { name: 'Inference', version: 1 },
    after: { name: 'Training', version: 2 },
  });
  expect(found[0]).not.toHaveProperty('after');
  expect(JSON.stringify(found)).not.toContain('orgId":null');
});

test('filters narrow the log, and pages go on behind the last entry', async () => {
  await server.moveTo('2027-01-10T12:00:00Z');
  const first = await product(server);
  await server.moveTo('2027-01-11T00:00:00Z');
  const second = await product(server);
  const ids = async (query: Record<string, string>) =>
    (await entries({ entityType: 'Product', ...query })).map(({ entityId }) => entityId);
  expect(await ids({ startDate: '2027-01-10', endDate: '2027-01-11' })).toEqual([first.id]);
  expect(await ids({ startDate: '2027-01-10T12:00:00Z' })).toEqual([second.id, first.id]);
  expect(await ids({ startDate: '2027-01-10', principalId: first.id })).toEqual([]);
  const page = (await server.request('GET', '/audit?startDate=2027-01-10&pageSize=1')).body as {
    data: Entry[];
    nextToken: string;
  };
  expect(page.data).toMatchObject([{ entityId: second.id }]);
  const query = { startDate: '2027-01-10', pageSize: '1', nextToken: page.nextToken };
  expect(await entries(query)).toMatchObject([{ entityId: first.id }]);
  for (const bad of ['pageSize=101', 'entityId=x', 'startDate=soon', 'nextToken=x']) {
    expect(await server.request('GET', `/audit?${bad}`)).toMatchObject({ status: 400 });
  }
});

test('the log has a permission of its own and shows no secret', async () => {
  const allowed = await newUser(server, { permissionPolicyIds: [await managedPolicy(server, 'ReadOnly')] });
  const answer = await (await askAs(server, allowed.id))('GET', '/audit');
  expect(answer).toMatchObject({ status: 200 });
  expect(JSON.stringify(answer.body)).not.toMatch(/password|secretHash|tokenHash|scrypt/i);
  const config = { effect: 'allow', action: ['config:retrieve'], resource: ['*'] } as const;
  const { ask } = await userWith(server, config);
  expect(await ask('GET', '/audit')).toMatchObject({ status: 403 });
});

test('entries go after 400 days', async () => {
  await server.moveTo('2028-01-01T00:00:00Z');
  const { id } = await product(server);
  // 2028-01-01 and 400 days: 366 to 2029-01-01 and 34 more.
  await server.moveTo('2029-02-04T00:00:00Z');
  await purgeAudit.run(server.context, {});
  expect(await entries({ entityId: id })).toHaveLength(1);
  await server.moveTo('2029-02-04T00:00:01Z');
  await purgeAudit.run(server.context, {});
  expect(await entries({ entityId: id })).toEqual([]);
});
