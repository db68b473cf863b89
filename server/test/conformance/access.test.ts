import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operation } from '../../src/api/operation.ts';
import type { Statement } from '../../src/api/permission.ts';
import { itemTable } from '../../src/areas/identity/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import { operations } from '../../src/registry.ts';
import { resources } from '../../src/registry-resources.ts';
import { account, created, plan, product } from '../support/configured.ts';
import { type Ask, askWith, freshEmail, newUser, userToken } from '../support/people.ts';
import { type Answer, startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
let userId: string;
let ask: Ask;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
  userId = (await newUser(server)).id;
  ask = askWith(server, await userToken(server, userId));
});
afterAll(() => server.close());

let permitted = '';

/** Gives the one user of this test exactly these statements. */
async function permit(...statements: Statement[]): Promise<void> {
  if (JSON.stringify(statements) === permitted) return;
  permitted = JSON.stringify(statements);
  await sql`update org_user set permission_policy = ${JSON.stringify(statements)}::jsonb
    where org_id = ${server.orgId} and id = ${userId}`.execute(server.context.db);
}

const ALL: Statement = { effect: 'allow', action: ['all'], resource: ['*'] };
function allow(action: string, ...resource: string[]): Statement {
  return { effect: 'allow', action: [action], resource };
}

const named = operations.map((operation) => ({ name: operation.id, operation }));
const guarded = named
  .filter(({ operation }) => operation.permission !== null)
  .sort((a, b) => (needOf(a.operation) < needOf(b.operation) ? -1 : 1));

function needOf({ permission }: Operation): string {
  return `${permission?.action} ${permission?.resource}`;
}

/** The path with an id that nothing has in each place, or with values of one's own. */
function pathOf(operation: Operation, values: Record<string, string> = {}): string {
  return operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? newId());
}

function codeOf({ body }: Answer): unknown {
  return (body as { code?: unknown } | null)?.code;
}

test.each(named)('$name is closed without a token and to other organizations', async ({ operation }) => {
  const path = pathOf(operation);
  const url = `/organizations/${server.orgId}${path}`;
  for (const headers of [{}, { authorization: 'Bearer x.y.z' }, { authorization: 'Basic eDp5' }]) {
    const answer = await server.raw(operation.method, url, { headers });
    expect(answer).toMatchObject({ status: 403, body: { code: 'UNAUTHORIZED' } });
  }
  const headers = { authorization: server.authorization };
  const foreign = await server.raw(operation.method, `/organizations/${newId()}${path}`, { headers });
  expect(foreign).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
});

describe('a caller', () => {
  test('without statements is refused by every operation that needs a permission', async () => {
    await permit();
    const letIn: string[] = [];
    for (const { name, operation } of guarded) {
      const answer = await ask(operation.method, pathOf(operation));
      if (answer.status !== 403 || codeOf(answer) !== 'FORBIDDEN') letIn.push(name);
    }
    expect(letIn).toEqual([]);
  });

  test('with all other types is refused too', async () => {
    const letIn: string[] = [];
    for (const { name, operation } of guarded) {
      const { action, resource } = operation.permission!;
      await permit(
        { effect: 'allow', action: ['all'], resource: ['config:currency', 'analytics:bills', 'exports:job'] },
        { effect: 'allow', action: ['forecast:retrieve'], resource: ['*'] },
      );
      if (['config:currency', 'analytics:bills', 'exports:job'].includes(resource)) continue;
      const answer = await ask(operation.method, pathOf(operation));
      if (codeOf(answer) !== 'FORBIDDEN') letIn.push(`${name} ${action}`);
    }
    expect(letIn).toEqual([]);
  });

  test('with everything allowed and the operation denied is refused', async () => {
    const letIn: string[] = [];
    for (const { name, operation } of guarded) {
      const { action, resource } = operation.permission!;
      await permit(ALL, { effect: 'deny', action: [action], resource: [resource] });
      const answer = await ask(operation.method, pathOf(operation));
      if (codeOf(answer) !== 'FORBIDDEN') letIn.push(name);
    }
    expect(letIn).toEqual([]);
  });

  test('with everything allowed is refused by none, and none fails', async () => {
    await permit(ALL);
    const odd: string[] = [];
    for (const { name, operation } of named) {
      const answer = await ask(operation.method, pathOf(operation));
      if (answer.status === 403 || answer.status >= 500) odd.push(`${name} ${answer.status}`);
    }
    expect(odd).toEqual([]);
  });

  test('with the permission of the operation alone is not refused', async () => {
    const closed: string[] = [];
    for (const { name, operation } of guarded) {
      const needed = [operation.permission!, ...(operation.alsoNeeds ?? [])];
      await permit(...needed.map(({ action, resource }) => allow(action, resource)));
      const answer = await ask(operation.method, pathOf(operation));
      if (codeOf(answer) === 'FORBIDDEN') closed.push(name);
    }
    expect(closed).toEqual([]);
  });
});

test('the items of every resource are known to permissions', () => {
  // Memos are also lines of their bill, with the same ids.
  const known = (table: string) => (table.endsWith('it_line_item') ? 'bill_line_item' : table);
  const unknown = resources.filter(({ permission, table }) => itemTable(permission) !== known(table));
  expect(unknown.map(({ name, permission }) => `${name} ${permission}`)).toEqual([]);
});

describe('a permission on one item', () => {
  /** Two entities of each of these types: one that is meant and another. */
  const MAKE: Record<string, () => Promise<{ readonly id: string }>> = {
    'config:product': () => product(server),
    'config:account': () => account(server),
    'config:plan': () => plan(server),
    'config:serviceuser': () => created(server, '/serviceusers', { name: 'Importer' }),
    'config:permissionpolicy': () =>
      created(server, '/permissionpolicies', { name: 'All', permissionPolicy: [ALL] }),
    'config:resourcegroup': () => created(server, '/resourcegroups/plan', { name: 'Plans' }),
    'config:user': () => newUser(server),
    'config:orguserinvitation': () =>
      created(server, '/invitations', { email: freshEmail(), firstName: 'A', lastName: 'B' }),
  };
  const onItems = guarded
    .filter(({ operation }) => /\{\w*[iI]d\}/.test(operation.path) && MAKE[operation.permission!.resource])
    // What is deleted is gone for those that follow.
    .sort((a, b) => +(a.operation.method === 'DELETE') - +(b.operation.method === 'DELETE'));
  const items = new Map<string, { readonly meant: string; readonly other: string }>();
  beforeAll(async () => {
    for (const [type, make] of Object.entries(MAKE)) {
      items.set(type, { meant: (await make()).id, other: (await make()).id });
    }
  });

  function askAbout(operation: Operation, id: string): Promise<Answer> {
    return ask(operation.method, operation.path.replaceAll(/\{\w+\}/g, id));
  }

  test.each(onItems)('decides whether $name is refused', async ({ operation }) => {
    const { action, resource } = operation.permission!;
    const { meant, other } = items.get(resource)!;
    const onMeant = [`${resource}/item/${meant}`];
    await permit(ALL, { effect: 'deny', action: [action], resource: onMeant });
    expect(codeOf(await askAbout(operation, meant))).toBe('FORBIDDEN');
    await permit({ effect: 'allow', action: [action], resource: onMeant });
    expect(codeOf(await askAbout(operation, other))).toBe('FORBIDDEN');
    // What is yet to be created is no item that could be named.
    if (action !== 'config:create') expect(codeOf(await askAbout(operation, meant))).not.toBe('FORBIDDEN');
  });

  test('reaches through groups and the groups in them', async () => {
    const { meant, other } = items.get('config:plan')!;
    const outer = await created(server, '/resourcegroups/plan', { name: 'Outer' });
    const inner = await created(server, '/resourcegroups/plan', { name: 'Inner' });
    const add = (group: string, targetId: string, targetType: string) =>
      created(server, `/resourcegroups/plan/${group}/addresource`, { targetId, targetType });
    const kept = await plan(server);
    await add(outer.id, inner.id, 'group');
    await add(inner.id, kept.id, 'item');
    await permit({ effect: 'allow', action: ['all'], resource: [`config:plan/group/${outer.id}`] });
    expect(await ask('GET', `/plans/${kept.id}`)).toMatchObject({ status: 200 });
    for (const id of [meant, other]) expect((await ask('GET', `/plans/${id}`)).status).not.toBe(200);
  });
});
