import { sql } from 'kysely';
import { z } from 'zod';
import { present } from '../kernel/assert.ts';
import { refusalFromWrite } from '../store/constraint.ts';
import type { Db, Row, Tx } from '../store/database.ts';
import {
  type EntityTable,
  findEntity,
  lockEntity,
  replaceEntity,
  type Stored,
} from '../store/entity-store.ts';
import { recordChange } from '../store/outbox.ts';
import { inTransaction } from '../store/transaction.ts';
import { scopeOf, writerOf } from './entity-writes.ts';
import type { Operation } from './operation.ts';
import { isJson } from './resource.ts';
import type { CheckScope, EntityOf, Fields, Values } from './resource-spec.ts';
import { versionMustEqual, versionOf } from './version.ts';

/** A document that every organization has exactly once, from its first day, at version 1 (spec 10 §4). */
export type SingletonSpec<F extends Fields> = {
  readonly name: string;
  readonly path: string;
  readonly summary: string;
  /** A table with one row per organization. */
  readonly table: string;
  readonly permission: string;
  readonly event: string | null;
  readonly fields: F;
  /** Rules within one body; answers what is stored. Throws an ApiError. */
  validate?(values: Values<F>): Values<F>;
  /** Rules over other rows; runs after the write, in its transaction. */
  check?(scope: CheckScope, next: EntityOf<F>, before: EntityOf<F>): Promise<void>;
  /** What an answer shows of the document; all of it unless given. */
  answer?(document: Row): Row;
  readonly ids?: { readonly get: string; readonly update: string };
};

export type Singleton<F extends Fields = Fields> = SingletonSpec<F> & {
  readonly entityTable: EntityTable;
  readonly operations: readonly Operation[];
};

/** A singleton whatever its fields are. */
export type AnySingleton = Omit<Singleton, 'validate' | 'check' | 'answer'>;

/** Declares a singleton: GET and PUT of one document. */
export function defineSingleton<F extends Fields>(spec: SingletonSpec<F>): Singleton<F> {
  const columns = Object.keys(spec.fields);
  const entityTable = {
    name: spec.table,
    columns,
    jsonColumns: new Set(columns.filter((column) => isJson(spec.fields[column] as z.ZodType))),
    computed: {},
  };
  const singleton = { ...spec, entityTable };
  return { ...singleton, operations: [readOperation(singleton), updateOperation(singleton)] };
}

type Declared<F extends Fields> = Omit<Singleton<F>, 'operations'>;

function readOperation<F extends Fields>(singleton: Declared<F>): Operation {
  return {
    id: singleton.ids?.get ?? `Get${singleton.name}`,
    method: 'GET',
    path: `/${singleton.path}`,
    summary: `get ${singleton.summary}`,
    tag: singleton.name,
    permission: { action: 'config:retrieve', resource: singleton.permission },
    query: null,
    body: null,
    response: z.object(singleton.fields as z.ZodRawShape),
    answers: 'object',
    handle: async (call) => {
      const key = { orgId: call.orgId, id: await idOfDocument(call.ctx.db, singleton.table, call.orgId) };
      return shown(
        singleton,
        present(await findEntity(call.ctx.db, singleton.entityTable, key), singleton.name),
      );
    },
  };
}

function updateOperation<F extends Fields>(singleton: Declared<F>): Operation {
  return {
    id: singleton.ids?.update ?? `Put${singleton.name}`,
    method: 'PUT',
    path: `/${singleton.path}`,
    summary: `update ${singleton.summary}`,
    tag: singleton.name,
    permission: { action: 'config:update', resource: singleton.permission },
    query: null,
    body: z.object(singleton.fields as z.ZodRawShape),
    response: z.object(singleton.fields as z.ZodRawShape),
    answers: 'object',
    handle: async (call) => {
      const body = call.body() as Values<F>;
      const values = singleton.validate?.(body) ?? body;
      const writer = writerOf(call);
      try {
        return await inTransaction(call.ctx.db, async (tx) => {
          const key = { orgId: call.orgId, id: await idOfDocument(tx, singleton.table, call.orgId) };
          const before = present(await lockEntity(tx, singleton.entityTable, key), singleton.name);
          versionMustEqual(versionOf(call), before.version);
          const after = await replaceEntity(tx, singleton.entityTable, {
            writer,
            id: key.id,
            values: values as Row,
          });
          await singleton.check?.(
            scopeOf(tx, call),
            after as unknown as EntityOf<F>,
            before as unknown as EntityOf<F>,
          );
          await recordChange(tx, writer, {
            entityType: singleton.name,
            entityId: key.id,
            action: 'updated',
            event: singleton.event,
            before,
            after,
            requestId: call.request.id,
          });
          return shown(singleton, after);
        });
      } catch (error) {
        throw refusalFromWrite(error, singleton.table);
      }
    },
  };
}

async function idOfDocument(db: Db | Tx, table: string, orgId: string): Promise<string> {
  const { rows } = await sql<{
    id: string;
  }>`select id from ${sql.table(table)} where org_id = ${orgId}`.execute(db);
  return present(rows[0], table).id;
}

function shown<F extends Fields>(singleton: Declared<F>, document: Stored): Row {
  const { orgId: _, ...answer } = document as Row;
  return singleton.answer?.(answer) ?? answer;
}
