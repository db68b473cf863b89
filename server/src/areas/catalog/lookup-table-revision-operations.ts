import { sql } from 'kysely';
import { z } from 'zod';
import {
  answerOf,
  changeOf,
  insertChecked,
  replaceChecked,
  scopeOf,
  writerOf,
} from '../../api/entity-writes.ts';
import { oneOf } from '../../api/fields.ts';
import { anyId } from '../../api/filters.ts';
import { type AnyCall, defineOperation, type Operation } from '../../api/operation.ts';
import { pageOf, pageParameters } from '../../api/page.ts';
import { placed } from '../../api/placed-dates.ts';
import { idOf } from '../../api/resource.ts';
import { versionMustEqual, versionOf } from '../../api/version.ts';
import { ApiError } from '../../kernel/errors.ts';
import { refusalFromWrite } from '../../store/constraint.ts';
import type { Db, Row, Tx } from '../../store/database.ts';
import { deleteEntity, findEntity, lockEntity, replaceEntity } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { insertArchiveJob } from './insert-lookup-table-job.ts';
import { lookupTableRevision, REVISION_STATUSES, type StoredRevision } from './lookup-table-revision.ts';

const BASE = `/${lookupTableRevision.path}`;

type Verb = 'create' | 'retrieve' | 'update' | 'delete';

function declared(verb: Verb) {
  return {
    tag: lookupTableRevision.name,
    permission: { action: `config:${verb}`, resource: lookupTableRevision.permission },
    response: lookupTableRevision.response,
  };
}

function createRevision(): Operation {
  return defineOperation({
    ...declared('create'),
    id: 'CreateLookupTableRevision',
    method: 'POST',
    path: BASE,
    summary: 'create a lookup table revision',
    body: lookupTableRevision.body,
    handle: (call) =>
      written(call, async (tx, lookupTableId) => {
        const values = await placed(lookupTableRevision, call, call.body() as Row);
        return insertRevision(tx, call, { lookupTableId, values });
      }),
  });
}

function listRevisions(): Operation {
  return defineOperation({
    ...declared('retrieve'),
    id: 'ListLookupTableRevision',
    method: 'GET',
    path: BASE,
    summary: 'list lookup table revisions',
    query: z.object({ ...pageParameters(lookupTableRevision.maxPageSize), ids: anyId('id').schema }),
    answers: 'page',
    handle: async (call) => {
      const { db } = call.ctx;
      const { rows } = await tableQuery(call).execute(db);
      if (rows.length === 0) throw noTable();
      const ids = call.query.ids as string[] | undefined;
      const chosen = ids ? [anyId('id').where(ids, { orgId: call.orgId, zone: 'UTC' })] : [];
      const ofTable = sql<boolean>`lookup_table_id = ${idOf(call.params, 'lookupTableId')}`;
      return pageOf(lookupTableRevision, call, [ofTable, ...chosen]);
    },
  });
}

function readRevision(): Operation {
  return defineOperation({
    ...declared('retrieve'),
    id: 'GetLookupTableRevision',
    method: 'GET',
    path: `${BASE}/{id}`,
    summary: 'get a lookup table revision',
    handle: async (call) => answerOf(lookupTableRevision, await existingRevision(call.ctx.db, call, 'id')),
  });
}

function updateRevision(): Operation {
  return defineOperation({
    ...declared('update'),
    id: 'UpdateLookupTableRevision',
    method: 'PUT',
    path: `${BASE}/{id}`,
    summary: 'update a lookup table revision',
    body: lookupTableRevision.body,
    handle: (call) =>
      written(call, async (tx) => {
        const before = await lockedRevision(tx, call, 'id');
        const values = await placed(lookupTableRevision, call, call.body() as Row);
        versionMustEqual(versionOf(call), before.version);
        return (await replaceChecked(lookupTableRevision, { tx, call, values }, before)) as StoredRevision;
      }),
  });
}

function deleteRevision(): Operation {
  return defineOperation({
    ...declared('delete'),
    id: 'DeleteLookupTableRevision',
    method: 'DELETE',
    path: `${BASE}/{id}`,
    summary: 'delete a lookup table revision',
    handle: (call) =>
      written(call, async (tx) => {
        const before = await lockedRevision(tx, call, 'id');
        if (before.status === 'PUBLISHED') {
          throw new ApiError('ENTITY_IN_USE', 'a revision that is PUBLISHED cannot be deleted');
        }
        await deleteEntity(tx, lookupTableRevision.entityTable, before);
        await recordChange(tx, writerOf(call), changeOf(lookupTableRevision, call, { before, after: null }));
        return before;
      }),
  });
}

function updateRevisionStatus(): Operation {
  return defineOperation({
    ...declared('update'),
    id: 'UpdateLookupTableRevisionStatus',
    method: 'PUT',
    path: `${BASE}/{id}/status`,
    summary: 'publish or archive a lookup table revision',
    body: z.object({ status: oneOf(REVISION_STATUSES) }),
    handle: (call) =>
      written(call, async (tx) => {
        const before = await lockedRevision(tx, call, 'id');
        const { status } = call.body();
        versionMustEqual(versionOf(call), before.version);
        if (!isTransition(before.status, status)) {
          throw new ApiError('ILLEGAL_STATE', `a revision that is ${before.status} cannot become ${status}`);
        }
        if (status === 'PUBLISHED') await archivePublished(tx, call, before.lookupTableId);
        return withStatus(tx, call, { before, status });
      }),
  });
}

/** The operations of revisions of lookup tables (spec 20 §15.2, §15.3). */
export const lookupTableRevisionOperations: readonly Operation[] = [
  createRevision(),
  listRevisions(),
  readRevision(),
  updateRevision(),
  deleteRevision(),
  updateRevisionStatus(),
];

type Status = (typeof REVISION_STATUSES)[number];
export type RevisionCall = AnyCall & { readonly params: Record<string, string> };

function isTransition(from: Status | null, to: Status): boolean {
  return (from === 'DRAFT' && to !== 'DRAFT') || (from === 'PUBLISHED' && to === 'ARCHIVED');
}

async function archivePublished(tx: Tx, call: AnyCall, lookupTableId: string): Promise<void> {
  const { rows } = await sql<StoredRevision>`
    select * from lookup_table_revision
    where org_id = ${call.orgId} and lookup_table_id = ${lookupTableId} and status = 'PUBLISHED'
    for update`.execute(tx);
  for (const before of rows) await withStatus(tx, call, { before, status: 'ARCHIVED' });
}

async function withStatus(
  tx: Tx,
  call: AnyCall,
  { before, status }: { readonly before: StoredRevision; readonly status: Status },
): Promise<StoredRevision> {
  const { writer } = scopeOf(tx, call);
  const replacement = { writer, id: before.id, values: { ...before, status } };
  const after = await replaceEntity(tx, lookupTableRevision.entityTable, replacement);
  const revision = after as unknown as StoredRevision;
  await recordChange(tx, writer, changeOf(lookupTableRevision, call, { before, after: revision }));
  if (status === 'ARCHIVED') await insertArchiveJob(tx, call, revision);
  return revision;
}

type NewRevision = { readonly lookupTableId: string; readonly values: Row };

/** Inserts a DRAFT revision of a table that the caller holds. Throws VALIDATION_FAILED for a bad shape. */
export async function insertRevision(
  tx: Tx,
  call: AnyCall,
  { lookupTableId, values }: NewRevision,
): Promise<StoredRevision> {
  const ofTable: typeof lookupTableRevision = {
    ...lookupTableRevision,
    complete: async (given, before, scope) => {
      const completed = (await lookupTableRevision.complete?.(given, before, scope)) ?? given;
      return { ...completed, lookupTableId };
    },
  };
  return (await insertChecked(ofTable, { tx, call, values })) as StoredRevision;
}

/** Runs a write while the table is held, so that its revisions change one after the other. */
async function written(
  call: RevisionCall,
  write: (tx: Tx, lookupTableId: string) => Promise<StoredRevision>,
): Promise<Row> {
  try {
    return await inTransaction(call.ctx.db, async (tx) => {
      const { rows } = await sql<{ id: string }>`${tableQuery(call)} for update`.execute(tx);
      const [table] = rows;
      if (!table) throw noTable();
      return answerOf(lookupTableRevision, await write(tx, table.id));
    });
  } catch (error) {
    throw refusalFromWrite(error, lookupTableRevision.table);
  }
}

function tableQuery({ orgId, params }: RevisionCall) {
  return sql<{ id: string }>`
    select id from lookup_table where org_id = ${orgId} and id = ${idOf(params, 'lookupTableId')}`;
}

function noTable(): ApiError {
  return new ApiError('NOT_FOUND', 'there is no LookupTable with this id');
}

/** The revision that the parameter of the path names, of the table that the path names; else NOT_FOUND. */
export async function existingRevision(
  db: Db | Tx,
  call: RevisionCall,
  parameter: string,
): Promise<StoredRevision> {
  const key = { orgId: call.orgId, id: idOf(call.params, parameter) };
  return ofPath(call, await findEntity(db, lookupTableRevision.entityTable, key));
}

/** As `existingRevision`, and nobody else writes it or its items until the transaction ends. */
export async function lockedRevision(tx: Tx, call: RevisionCall, parameter: string): Promise<StoredRevision> {
  const key = { orgId: call.orgId, id: idOf(call.params, parameter) };
  return ofPath(call, await lockEntity(tx, lookupTableRevision.entityTable, key));
}

function ofPath({ params }: RevisionCall, found: Row | null): StoredRevision {
  if (found?.['lookupTableId'] === idOf(params, 'lookupTableId')) return found as unknown as StoredRevision;
  throw new ApiError('NOT_FOUND', 'there is no LookupTableRevision with this id in this table');
}
