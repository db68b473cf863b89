import { sql } from 'kysely';
import { z } from 'zod';
import { dateTime, freeObject, integer, list, optional, text } from '../../api/fields.ts';
import { codesParameter, integerParameter } from '../../api/filters.ts';
import { defineOperation, type Operation } from '../../api/operation.ts';
import { versionOf } from '../../api/version.ts';
import { refusal } from '../../kernel/errors.ts';
import type { Row, Tx } from '../../store/database.ts';
import { inTransaction } from '../../store/transaction.ts';
import { keyedItems, keyHashOfPath, noItem } from './lookup-table-item.ts';
import {
  itemsAnswer,
  itemsOf,
  itemWriting,
  putItems,
  refuseItemWrite,
  removeItems,
  stampOf,
  stampWrite,
} from './lookup-table-items.ts';
import { lookupTableRevision, type StoredRevision } from './lookup-table-revision.ts';
import { existingRevision, lockedRevision, type RevisionCall } from './lookup-table-revision-operations.ts';

const BASE = '/lookuptables/{lookupTableId}/revisions/{lookupTableRevisionId}/data';
const REVISION = 'lookupTableRevisionId';
const MAX_ITEMS = 2000;
/** So many items must fit into one request (spec 10 §10). */
const MAX_BYTES = 5 * 1024 * 1024;

const additional = { additional: codesParameter() };
const response = z.object({
  items: list(freeObject(), { max: MAX_ITEMS }),
  version: optional(integer()),
  dtCreated: optional(dateTime()),
  dtLastModified: optional(dateTime()),
  createdBy: optional(text()),
  lastModifiedBy: optional(text()),
});

function declared(verb: 'retrieve' | 'update' | 'delete') {
  return {
    tag: 'LookupTableRevisionData',
    permission: { action: `config:${verb}`, resource: lookupTableRevision.permission },
    response,
    answers: 'whole' as const,
  };
}

function listItems(): Operation {
  return defineOperation({
    ...declared('retrieve'),
    id: 'GetLookupTableRevisionData',
    method: 'GET',
    path: BASE,
    summary: 'get the items of a lookup table revision',
    query: z.object({ ...additional, limit: integerParameter({ min: 1, max: MAX_ITEMS }) }),
    handle: async (call) => {
      const { db } = call.ctx;
      const revision = await existingRevision(db, call, REVISION);
      const items = await itemsOf(db, revision, {
        limit: (call.query.limit as number | undefined) ?? MAX_ITEMS,
      });
      return itemsAnswer(await stampOf(db, revision), { items, withKeys: asksForKeys(call.query) });
    },
  });
}

function replaceItems(): Operation {
  return defineOperation({
    ...declared('update'),
    id: 'PutLookupTableRevisionData',
    method: 'PUT',
    path: BASE,
    maxBodyBytes: MAX_BYTES,
    summary: 'add items to a lookup table revision or replace those of the same keys',
    query: z.object(additional),
    body: z.object({ items: list(freeObject(), { max: MAX_ITEMS }) }),
    handle: (call) =>
      written(call, async (tx, revision) => {
        const items = keyedItems(revision, call.body().items, (index) => `items[${index}]`);
        await refuseItemWrite(tx, revision, versionOf(call));
        await putItems(tx, revision, items);
        return itemsAnswer(await stampWrite(tx, itemWriting(call), revision), {
          items,
          withKeys: asksForKeys(call.query),
        });
      }),
  });
}

function deleteItems(): Operation {
  return defineOperation({
    ...declared('delete'),
    id: 'DeleteLookupTableRevisionData',
    method: 'DELETE',
    path: BASE,
    summary: 'delete all items of a lookup table revision',
    response: z.object({ result: z.literal('deleted') }),
    handle: (call) =>
      written(call, async (tx, revision) => {
        await refuseItemWrite(tx, revision, undefined);
        await removeItems(tx, revision, sql`true`);
        await stampWrite(tx, itemWriting(call), revision);
        return { result: 'deleted' };
      }),
  });
}

function readItem(): Operation {
  return defineOperation({
    ...declared('retrieve'),
    id: 'GetLookupTableRevisionDataEntry',
    method: 'GET',
    path: `${BASE}/{lookupKey}`,
    summary: 'get one item of a lookup table revision',
    handle: async (call) => {
      const { db } = call.ctx;
      const revision = await existingRevision(db, call, REVISION);
      const condition = sql<boolean>`key_hash = ${keyHashOfPath(revision, call.request.url)}`;
      const items = await itemsOf(db, revision, { limit: 1, condition });
      if (items.length === 0) throw noItem();
      return itemsAnswer(await stampOf(db, revision), { items, withKeys: false });
    },
  });
}

function replaceItem(): Operation {
  return defineOperation({
    ...declared('update'),
    id: 'PutLookupTableRevisionDataEntry',
    method: 'PUT',
    path: `${BASE}/{lookupKey}`,
    summary: 'create or replace one item of a lookup table revision',
    query: z.object(additional),
    body: z.object({ item: freeObject() }),
    handle: (call) =>
      written(call, async (tx, revision) => {
        const keyHash = keyHashOfPath(revision, call.request.url);
        const items = keyedItems(revision, [call.body().item], () => 'item');
        await refuseItemWrite(tx, revision, versionOf(call));
        if (items[0]?.keyHash !== keyHash) {
          throw refusal('VALIDATION_FAILED', 'item', 'must have the key that the path names');
        }
        await putItems(tx, revision, items);
        return itemsAnswer(await stampWrite(tx, itemWriting(call), revision), {
          items,
          withKeys: asksForKeys(call.query),
        });
      }),
  });
}

function deleteItem(): Operation {
  return defineOperation({
    ...declared('delete'),
    id: 'DeleteLookupTableRevisionDataEntry',
    method: 'DELETE',
    path: `${BASE}/{lookupKey}`,
    summary: 'delete one item of a lookup table revision',
    body: z.object({ version: optional(integer()) }),
    handle: (call) =>
      written(call, async (tx, revision) => {
        const condition = sql<boolean>`key_hash = ${keyHashOfPath(revision, call.request.url)}`;
        const items = await itemsOf(tx, revision, { limit: 1, condition });
        if (items.length === 0) throw noItem();
        await refuseItemWrite(tx, revision, call.body().version);
        await removeItems(tx, revision, condition);
        return itemsAnswer(await stampWrite(tx, itemWriting(call), revision), { items, withKeys: false });
      }),
  });
}

/** The operations of the items of a revision (spec 20 §15.4). */
export const lookupTableItemOperations: readonly Operation[] = [
  listItems(),
  replaceItems(),
  deleteItems(),
  readItem(),
  replaceItem(),
  deleteItem(),
];

function asksForKeys(query: { readonly additional?: unknown }): boolean {
  return ((query.additional as readonly string[] | undefined) ?? []).includes('lookupKey');
}

function written(
  call: RevisionCall,
  write: (tx: Tx, revision: StoredRevision) => Promise<Row>,
): Promise<Row> {
  return inTransaction(call.ctx.db, async (tx) => write(tx, await lockedRevision(tx, call, REVISION)));
}
