import { z } from 'zod';
import { ApiError } from '../kernel/errors.ts';
import { uuidFromText } from '../kernel/ids.ts';
import { type Instant, Temporal } from '../kernel/time.ts';
import { refusalFromDelete, refusalFromWrite } from '../store/constraint.ts';
import type { Row } from '../store/database.ts';
import {
  deleteEntity,
  type EntityTable,
  findEntity,
  lockEntity,
  type Stored,
} from '../store/entity-store.ts';
import { recordChange } from '../store/outbox.ts';
import { inTransaction } from '../store/transaction.ts';
import { answerOf, changeOf, createEntity, replaceChecked, scopeOf } from './entity-writes.ts';
import { fieldFacts, innerSchema } from './fields.ts';
import type { Operation } from './operation.ts';
import { organizationZone } from './organization-zone.ts';
import { pageOf, pageParameters } from './page.ts';
import { placed } from './placed-dates.ts';
import type { Declared, EntityOf, Fields, Resource, ResourceSpec } from './resource-spec.ts';
import { versionMustEqual, versionOf } from './version.ts';

/** A resource whatever its fields are: what lists of resources hold. */
export type AnyResource = Resource<any>;

/** What a spec says of schemas and storage, for entities whose operations are all written by hand. */
export function declaredResource<F extends Fields>(spec: ResourceSpec<F>): Declared<F> {
  const entityTable = entityTableOf(spec);
  const tableAt = (now: Instant) => tableWith(entityTable, spec.computedAt ?? {}, now);
  return { ...spec, ...schemasOf(spec), entityTable, tableAt };
}

/** Declares one resource: storage, rules and its five operations follow from the value (design: no magic). */
export function defineResource<F extends Fields>(spec: ResourceSpec<F>): Resource<F> {
  const resource = declaredResource(spec);
  const all = {
    create: () => createOperation(resource),
    list: () => listOperation(resource),
    get: () => readOperation(resource),
    update: () => updateOperation(resource),
    delete: () => deleteOperation(resource),
  };
  const kept = Object.entries(all).filter(([verb]) => !spec.except?.includes(verb as keyof typeof all));
  return { ...resource, operations: kept.map(([, operation]) => operation()) };
}

function schemasOf<F extends Fields>(spec: ResourceSpec<F>): { body: z.ZodObject; response: z.ZodObject } {
  const computed = Object.entries({ ...spec.computed, ...spec.computedAt }).map(([name, { schema }]) => [
    name,
    schema,
  ]);
  const fields = Object.entries(spec.fields);
  const sent = fields.filter(([, schema]) => !fieldFacts.get(schema)?.assigned);
  const shown = fields.filter(([, schema]) => isShown(schema));
  return {
    body: z.object(Object.fromEntries(sent) as z.ZodRawShape),
    response: z.object(Object.fromEntries([...shown, ...computed]) as z.ZodRawShape),
  };
}

function isShown(schema: z.ZodType): boolean {
  const facts = fieldFacts.get(schema);
  return !facts?.requestOnly && !facts?.assigned?.hidden;
}

function entityTableOf<F extends Fields>(spec: ResourceSpec<F>): EntityTable {
  const fields = Object.entries(spec.fields);
  const columns = fields.filter(([, schema]) => !fieldFacts.get(schema)?.requestOnly).map(([name]) => name);
  const computed = Object.entries(spec.computed ?? {}).map(([name, value]) => [name, value.sql] as const);
  return {
    name: spec.table,
    columns,
    jsonColumns: new Set(columns.filter((column) => isJson(spec.fields[column] as z.ZodType))),
    computed: Object.fromEntries(computed),
  };
}

function tableWith<F extends Fields>(
  table: EntityTable,
  computedAt: NonNullable<ResourceSpec<F>['computedAt']>,
  now: Instant,
): EntityTable {
  const timed = Object.entries(computedAt).map(([name, { sql }]) => [name, sql(now)] as const);
  return timed.length === 0
    ? table
    : { ...table, computed: { ...table.computed, ...Object.fromEntries(timed) } };
}

/** Objects and lists are kept as jsonb. Wrappers (optional, default) are looked through. */
export function isJson(schema: z.ZodType): boolean {
  const type = fieldFacts.get(schema)?.json?.['type'];
  if (type !== undefined) return type === 'object' || type === 'array';
  const { type: kind } = schema.def as { readonly type: string };
  if (kind === 'array' || kind === 'object' || kind === 'record') return true;
  if (kind === 'union' || kind === 'discriminated_union') return true;
  const inner = innerSchema(schema);
  return inner ? isJson(inner) : false;
}

function operationOf<F extends Fields>(
  resource: Declared<F>,
  verb: 'create' | 'list' | 'get' | 'update' | 'delete',
  rest: Pick<Operation, 'method' | 'query' | 'body' | 'answers' | 'handle'>,
): Operation {
  const prefix = { create: 'Post', list: 'List', get: 'Get', update: 'Put', delete: 'Delete' }[verb];
  const action = { create: 'create', list: 'retrieve', get: 'retrieve', update: 'update', delete: 'delete' }[
    verb
  ];
  const single = verb !== 'create' && verb !== 'list';
  const permission = { action: `config:${action}`, resource: resource.permission };
  const plural = verb === 'list' ? `${resource.name}s` : resource.name;
  return {
    id: resource.ids?.[verb] ?? `${prefix}${plural}`,
    path: single ? `/${resource.path}/{id}` : `/${resource.path}`,
    summary: `${verb === 'list' ? 'list' : verb} ${resource.summary}`,
    tag: resource.name,
    permission,
    response: resource.response,
    ...rest,
  };
}

function createOperation<F extends Fields>(resource: Declared<F>): Operation {
  return operationOf(resource, 'create', {
    method: 'POST',
    query: null,
    body: resource.body,
    answers: 'object',
    handle: async (call) => {
      const body = await placed(resource, call, call.body() as Row);
      return answerOf(resource, await createEntity(resource, call, body));
    },
  });
}

function readOperation<F extends Fields>(resource: Declared<F>): Operation {
  return operationOf(resource, 'get', {
    method: 'GET',
    query: null,
    body: null,
    answers: 'object',
    handle: async (call) => {
      const key = { orgId: call.orgId, id: idOf(call.params) };
      const found = await findEntity(call.ctx.db, resource.tableAt(call.ctx.clock.now()), key);
      return answerOf(resource, existing(resource, found) as unknown as EntityOf<F>);
    },
  });
}

function updateOperation<F extends Fields>(resource: Declared<F>): Operation {
  return operationOf(resource, 'update', {
    method: 'PUT',
    query: null,
    body: resource.body,
    answers: 'object',
    handle: async (call) => {
      const key = { orgId: call.orgId, id: idOf(call.params) };
      try {
        const after = await inTransaction(call.ctx.db, async (tx) => {
          const before = existing(
            resource,
            await lockEntity(tx, resource.tableAt(call.ctx.clock.now()), key),
          );
          const values = await placed(resource, call, call.body() as Row);
          versionMustEqual(versionOf(call), before.version);
          return replaceChecked(resource, { tx, call, values }, before as unknown as EntityOf<F>);
        });
        return answerOf(resource, after);
      } catch (error) {
        throw refusalFromWrite(error, resource.table);
      }
    },
  });
}

/** The operation that deletes one entity of the resource, as `defineResource` makes it. */
export function deleteOperation<F extends Fields>(resource: Declared<F>): Operation {
  return operationOf(resource, 'delete', {
    method: 'DELETE',
    query: null,
    body: null,
    answers: 'object',
    handle: async (call) => {
      const key = { orgId: call.orgId, id: idOf(call.params) };
      try {
        const gone = await inTransaction(call.ctx.db, async (tx) => {
          const before = existing(
            resource,
            await lockEntity(tx, resource.tableAt(call.ctx.clock.now()), key),
          );
          const scope = scopeOf(tx, call);
          const entity = before as unknown as EntityOf<F>;
          await resource.beforeDelete?.(scope, entity);
          await deleteEntity(tx, resource.entityTable, key);
          await recordChange(tx, scope.writer, changeOf(resource, call, { before: entity, after: null }));
          return entity;
        });
        return answerOf(resource, gone);
      } catch (error) {
        throw await refusalFromDelete(call.ctx.db, error, key.id);
      }
    },
  });
}

function listOperation<F extends Fields>(resource: Declared<F>): Operation {
  const filters = resource.filters ?? {};
  const schemas = Object.entries(filters).map(([name, filter]) => [name, filter.schema]);
  return operationOf(resource, 'list', {
    method: 'GET',
    query: z.object({ ...pageParameters(resource.maxPageSize), ...Object.fromEntries(schemas) }),
    body: null,
    answers: 'page',
    handle: async (call) => {
      const given = Object.entries(filters).filter(([name]) => call.query[name] !== undefined);
      const dated = given.some(([name]) => call.query[name] instanceof Temporal.PlainDate);
      const scope = {
        orgId: call.orgId,
        zone: dated ? await organizationZone(call.ctx.db, call.orgId) : 'UTC',
      };
      const conditions = given.map(([name, filter]) => filter.where(call.query[name] as never, scope));
      const rules = resource.listRules?.(call.query, call.ctx.clock.now()) ?? [];
      return pageOf(resource, call, [...conditions, ...rules]);
    },
  });
}

function existing<F extends Fields>(resource: Declared<F>, found: Stored | null): Stored {
  if (!found) throw new ApiError('NOT_FOUND', `there is no ${resource.name} with this id`);
  return found;
}

/** The id in the path; one that is no UUID is an entity that does not exist (spec 10 §2). */
export function idOf(params: Record<string, string>, name = 'id'): string {
  const id = uuidFromText(params[name] ?? '');
  if (!id) throw new ApiError('NOT_FOUND', 'there is nothing with this id');
  return id;
}
