import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAdministeredOrganization } from '../../src/areas/identity/index.ts';
import { newUser, userToken } from '../support/people.ts';
import { type Answer, startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
let userId: string;
let other: string;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
  userId = (await newUser(server)).id;
  server.clock.set(server.clock.now().add({ minutes: 1 }));
  other = (await createAdministeredOrganization(server.context, 'Another')).orgId;
  await sql`insert into org_user (org_id, id, version, dt_created, dt_last_modified, created_by,
      last_modified_by, permission_policy, dt_end_access)
    select ${other}, id, 1, now(), now(), id, id, '[]', null
    from person where id = ${userId}`.execute(server.context.db);
});
afterAll(() => server.close());

function organizations(token: string, query = ''): Promise<Answer> {
  return server.raw('GET', `/organizations${query}`, { headers: { authorization: `Bearer ${token}` } });
}

function idsOf({ body }: Answer): string[] {
  return (body as { data: { id: string }[] }).data.map(({ id }) => id);
}

test('a person sees every organization they belong to, the newest first, page by page', async () => {
  const token = await userToken(server, userId);
  const all = await organizations(token);
  expect(idsOf(all)).toEqual([other, server.orgId]);
  const [first] = (all.body as { data: object[] }).data;
  expect(first).toMatchObject({
    orgId: other,
    organizationName: 'Another',
    type: 'PRODUCTION',
    status: 'ACTIVE',
    version: 1,
  });
  const page = await organizations(token, '?pageSize=1');
  const { nextToken } = page.body as { nextToken: string };
  expect(idsOf(page)).toEqual([other]);
  expect((await organizations(token, `?pageSize=1&nextToken=${nextToken}`)).body).toEqual({
    data: [expect.objectContaining({ id: server.orgId })],
  });
});

test('whose access has ended is not listed', async () => {
  const end = String(server.clock.now().subtract({ hours: 1 }));
  await sql`update org_user set dt_end_access = ${end}::timestamptz
    where org_id = ${other} and id = ${userId}`.execute(server.context.db);
  expect(idsOf(await organizations(await userToken(server, userId)))).toEqual([server.orgId]);
});

test('a service user and a token for one organization see that one', async () => {
  const service = server.authorization.replace('Bearer ', '');
  expect(idsOf(await organizations(service))).toEqual([server.orgId]);
  const bound = await userToken(server, userId, server.orgId);
  expect(idsOf(await organizations(bound))).toEqual([server.orgId]);
});

test.each(['', 'x.y.z'])('without a valid token (%j) nothing is answered', async (token) => {
  expect(await organizations(token)).toMatchObject({ status: 403, body: { code: 'UNAUTHORIZED' } });
});

test.each(['?pageSize=101', '?pageSize=0', '?nextToken=x'])('%s is refused', async (query) => {
  expect(await organizations(await userToken(server, userId), query)).toMatchObject({ status: 400 });
});
