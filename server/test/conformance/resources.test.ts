import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/kernel/ids.ts';
import { resources } from '../../src/registry-resources.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

type Body = Record<string, unknown>;
type Entity = Body & { id: string; version: number };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const byName = new Map(resources.map((resource) => [resource.name, resource]));
let serial = 0;

/** The example of a resource with codes and names of its own and the ids of fresh examples for `{Name}`. */
async function exampleBody(name: string): Promise<Body> {
  const example = structuredClone(byName.get(name)?.example ?? {}) as Body;
  serial += 1;
  for (const [field, value] of Object.entries(example)) {
    const referred = /^\{(\w+)\}$/.exec(String(value))?.[1];
    if (referred) example[field] = (await createExample(referred)).id;
    else if (field === 'code' && name !== 'Aggregation') example[field] = `${String(value)}_${serial}`;
  }
  if (name === 'Aggregation') example['code'] = `aggregation_${serial}`;
  if (name === 'ScheduledEventConfiguration') example['name'] = `scheduled.bill.overdue_${serial}`;
  return example;
}

async function createExample(name: string): Promise<Entity> {
  const answer = await server.request('POST', pathOf(name), await exampleBody(name));
  expect(answer, `creating the example of ${name}`).toMatchObject({ status: 200 });
  return answer.body as Entity;
}

function pathOf(name: string): string {
  return `/${byName.get(name)?.path}`;
}

/** Compound examples name an aggregation by its code, which then must exist. */
const PREPARE: Record<string, () => Promise<unknown>> = {
  CompoundAggregation: async () => {
    const body = { ...(await exampleBody('Aggregation')), code: 'tokens' };
    await server.request('POST', '/aggregations', body);
  },
};

async function made(name: string): Promise<{ body: Body; entity: Entity; path: string }> {
  await PREPARE[name]?.();
  const body = await exampleBody(name);
  const answer = await server.request('POST', pathOf(name), body);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  const entity = answer.body as Entity;
  return { body, entity, path: `${pathOf(name)}/${entity.id}` };
}

async function changesOf(entityId: string): Promise<string[]> {
  const { rows } = await sql<{ action: string }>`
    select action from audit_entry where entity_id = ${entityId} order by id`.execute(server.context.db);
  return rows.map((row) => row.action);
}

describe.each(resources.map((resource) => ({ name: resource.name, resource })))(
  '$name',
  ({ name, resource }) => {
    const has = (verb: 'create' | 'list' | 'get' | 'update' | 'delete') => !resource.except?.includes(verb);

    test.runIf(has('create'))(
      'is created at version 1 with its envelope and read back the same',
      async () => {
        const { entity, path } = await made(name);
        expect(entity.version).toBe(1);
        expect(entity['dtLastModified']).toBe(entity['dtCreated']);
        expect(entity).not.toHaveProperty('orgId');
        if (has('get')) expect((await server.request('GET', path)).body).toEqual(entity);
      },
    );

    test.runIf(has('create') && has('list'))('is listed newest first, page by page', async () => {
      const [older, newer] = [await made(name), await made(name)];
      const scope = resource.name === 'AccountPlan' ? { ids: `${older.entity.id},${newer.entity.id}` } : {};
      const query = new URLSearchParams({ ...scope, pageSize: '1' });
      const first = (await server.request('GET', `${pathOf(name)}?${query}`)).body as {
        data: Entity[];
        nextToken: string;
      };
      expect(first.data.map((item) => item.id)).toEqual([newer.entity.id]);
      query.set('nextToken', first.nextToken);
      const second = (await server.request('GET', `${pathOf(name)}?${query}`)).body as { data: Entity[] };
      expect(second.data.map((item) => item.id)).toEqual([older.entity.id]);
    });

    test.runIf(has('create') && has('update'))('is replaced with the right version only', async () => {
      const { body, path, entity } = await made(name);
      expect(await server.request('PUT', path, body)).toMatchObject({
        status: 400,
        body: { code: 'VERSION_REQUIRED' },
      });
      const stale = await server.request('PUT', path, { ...body, version: 2 });
      expect(stale).toMatchObject({ status: 400, body: { code: 'VERSION_MISMATCH' } });
      const updated = await server.request('PUT', path, { ...body, version: 1 });
      expect(updated, JSON.stringify(updated.body)).toMatchObject({ status: 200, body: { version: 2 } });
      if (has('get')) expect((await server.request('GET', path)).body).toEqual(updated.body);
      expect(await changesOf(entity.id)).toEqual(['created', 'updated']);
    });

    test.runIf(has('create') && has('delete'))('is deleted once and then gone', async () => {
      const { path, entity, body } = await made(name);
      const gone = await server.request('DELETE', path);
      expect(gone, JSON.stringify(gone.body)).toMatchObject({ status: 200, body: { id: entity.id } });
      for (const [method, sent] of [
        ['GET', undefined],
        ['DELETE', undefined],
        ['PUT', { ...body, version: 1 }],
      ] as const) {
        expect(await server.request(method, path, sent)).toMatchObject({
          status: 404,
          body: { code: 'NOT_FOUND' },
        });
      }
      expect((await changesOf(entity.id)).at(-1)).toBe('deleted');
    });

    test('is closed to callers without a token, of another organization, and for unknown ids', async () => {
      const target = has('list')
        ? { method: 'GET', path: pathOf(name) }
        : { method: 'POST', path: pathOf(name) };
      const anonymous = await server.raw(target.method, `/organizations/${server.orgId}${target.path}`, {});
      expect(anonymous).toMatchObject({ status: 403, body: { code: 'UNAUTHORIZED' } });
      const headers = { authorization: server.authorization };
      const foreign = await server.raw(target.method, `/organizations/${newId()}${target.path}`, { headers });
      expect(foreign).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
      if (!has('get')) return;
      for (const id of [newId(), 'no-uuid']) {
        const missing = await server.request('GET', `${pathOf(name)}/${id}`);
        expect(missing).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
      }
    });

    test.runIf(has('create'))('refuses a body without its required fields and writes nothing', async () => {
      const answer = await server.request('POST', pathOf(name), {});
      expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
      expect((answer.body as { errors: unknown[] }).errors.length).toBeGreaterThan(0);
    });
  },
);
