import { sql } from 'kysely';
import { z } from 'zod';
import { answerOf, writerOf } from '../../api/entity-writes.ts';
import { type AnyCall, defineOperation, type Operation } from '../../api/operation.ts';
import { pageOf, pageParameters } from '../../api/page.ts';
import { placed } from '../../api/placed-dates.ts';
import { idOf } from '../../api/resource.ts';
import { versionMustEqual, versionOf } from '../../api/version.ts';
import { ApiError } from '../../kernel/errors.ts';
import { refusalFromWrite } from '../../store/constraint.ts';
import type { Row, Tx } from '../../store/database.ts';
import {
  deleteEntity,
  findEntity,
  insertEntity,
  lockEntity,
  replaceEntity,
} from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { refuseLocked } from './bill-actions.ts';
import { existingBill } from './get-bill.ts';
import { type HeldBill, holdBill, lineOfMemo, replaceMemoLine } from './memo-bill.ts';
import {
  CREDIT_MEMO,
  DEBIT_MEMO,
  type MemoKind,
  memoResponse,
  type SentMemo,
  type StoredMemo,
} from './memo-line.ts';
import { memoValues, reasonMustBeLive, referencesMustFit } from './memo-values.ts';

/** Create, list, get, update and delete credits and debits of a bill (spec 40 §12, 50 §10.2). */
export const memoOperations: readonly Operation[] = [CREDIT_MEMO, DEBIT_MEMO].flatMap((kind) => [
  createMemo(kind),
  listMemos(kind),
  readMemo(kind),
  updateMemo(kind),
  deleteMemo(kind),
]);

type Verb = 'create' | 'retrieve' | 'update' | 'delete';

/** What the five operations of a kind have in common. */
function declared(kind: MemoKind, verb: Verb) {
  const { name, permission } = kind.resource;
  return {
    tag: name,
    permission: { action: `config:${verb}`, resource: permission },
    response: memoResponse(kind),
  };
}

function createMemo(kind: MemoKind): Operation {
  const { resource } = kind;
  return defineOperation({
    ...declared(kind, 'create'),
    id: `Post${resource.name}`,
    method: 'POST',
    path: `/${resource.path}`,
    summary: `create ${resource.summary}`,
    body: resource.body,
    handle: (call) =>
      written(kind, call, async (tx, held) => {
        const values = memoValues(kind, await sentMemo(kind, call, call.body()), held.bill);
        const row = await insertEntity(tx, resource.entityTable, { writer: writerOf(call), values });
        return { before: null, after: row as unknown as StoredMemo };
      }),
  });
}

function updateMemo(kind: MemoKind): Operation {
  const { resource } = kind;
  return defineOperation({
    ...declared(kind, 'update'),
    id: `Put${resource.name}`,
    method: 'PUT',
    path: `/${resource.path}/{id}`,
    summary: `update ${resource.summary}`,
    body: resource.body,
    handle: (call) =>
      written(kind, call, async (tx, held) => {
        const before = await lockedMemo(tx, kind, { held, id: idOf(call.params) });
        const values = memoValues(kind, await sentMemo(kind, call, call.body()), held.bill);
        versionMustEqual(versionOf(call), before.version);
        const replacement = { writer: writerOf(call), id: before.id, values };
        const row = await replaceEntity(tx, resource.entityTable, replacement);
        return { before, after: row as unknown as StoredMemo };
      }),
  });
}

function deleteMemo(kind: MemoKind): Operation {
  const { resource } = kind;
  return defineOperation({
    ...declared(kind, 'delete'),
    id: `Delete${resource.name}`,
    method: 'DELETE',
    path: `/${resource.path}/{id}`,
    summary: `delete ${resource.summary}`,
    handle: (call) =>
      written(kind, call, async (tx, held) => {
        const before = await lockedMemo(tx, kind, { held, id: idOf(call.params) });
        await deleteEntity(tx, resource.entityTable, before);
        return { before, after: null };
      }),
  });
}

function readMemo(kind: MemoKind): Operation {
  const { resource } = kind;
  return defineOperation({
    ...declared(kind, 'retrieve'),
    id: `Get${resource.name}`,
    method: 'GET',
    path: `/${resource.path}/{id}`,
    summary: `get ${resource.summary}`,
    handle: async ({ ctx, orgId, params }) => {
      const [billId, id] = [idOf(params, 'billId'), idOf(params)];
      const found = await findEntity(ctx.db, resource.entityTable, { orgId, id });
      return answerOf(resource, memoOfBill(kind, found, billId));
    },
  });
}

function listMemos(kind: MemoKind): Operation {
  const { resource } = kind;
  return defineOperation({
    ...declared(kind, 'retrieve'),
    id: `List${resource.name}s`,
    method: 'GET',
    path: `/${resource.path}`,
    summary: `list ${resource.name}s`,
    query: z.object(pageParameters(resource.maxPageSize)),
    answers: 'page',
    handle: async (call) => {
      const bill = await existingBill(call.ctx.db, call.orgId, idOf(call.params, 'billId'));
      return pageOf(resource, call, [sql`bill_id = ${bill.id}`]);
    },
  });
}

type WritingCall = AnyCall & { readonly params: Record<string, string> };

/** A memo before and after a write; null where there is none. */
type Written = { readonly before: StoredMemo | null; readonly after: StoredMemo | null };

/**
 * What every write has around it: the bill is held, and after the memo has been written the rules are
 * checked, in the order of spec 10 §9, and the bill follows. Answers the memo.
 */
async function written(
  kind: MemoKind,
  call: WritingCall,
  write: (tx: Tx, held: HeldBill) => Promise<Written>,
): Promise<Row> {
  try {
    return await inTransaction(call.ctx.db, async (tx) => {
      const held = await holdBill(tx, call.orgId, idOf(call.params, 'billId'));
      const { before, after } = await write(tx, held);
      const memo = (after ?? before) as StoredMemo;
      if (after) {
        await referencesMustFit(tx, { orgId: call.orgId, unitId: held.unitId, memo: after, before });
        await reasonMustBeLive(tx, call.orgId, { kind, after, before });
      }
      refuseLocked(held.bill);
      const line = after && (await lineOfMemo(tx, kind, { memo: after, bill: held.bill }));
      await replaceMemoLine(tx, call, { held, memoId: memo.id, line });
      await recordMemo(tx, call, { kind, before, after });
      return answerOf(kind.resource, memo);
    });
  } catch (error) {
    throw refusalFromWrite(error, kind.resource.table);
  }
}

/** The audit of a memo: all of its fields, also those that are not answered. It raises no event. */
async function recordMemo(tx: Tx, call: AnyCall, { kind, before, after }: Written & { kind: MemoKind }) {
  await recordChange(tx, writerOf(call), {
    entityType: kind.resource.name,
    entityId: (after ?? before)?.id ?? '',
    action: before === null ? 'created' : after === null ? 'deleted' : 'updated',
    event: null,
    before,
    after,
    requestId: call.request.id,
  });
}

async function sentMemo(kind: MemoKind, call: AnyCall, body: unknown): Promise<SentMemo> {
  return (await placed(kind.resource, call, body as Row)) as SentMemo;
}

type MemoOnBill = { readonly held: HeldBill; readonly id: string };

async function lockedMemo(tx: Tx, kind: MemoKind, { held, id }: MemoOnBill): Promise<StoredMemo> {
  const { orgId } = held.bill;
  return memoOfBill(kind, await lockEntity(tx, kind.resource.entityTable, { orgId, id }), held.bill.id);
}

/** A memo of another bill does not exist on this one. */
function memoOfBill(kind: MemoKind, found: Row | null, billId: string): StoredMemo {
  if (found?.['billId'] === billId) return found as StoredMemo;
  throw new ApiError('NOT_FOUND', `there is no ${kind.resource.name} with this id on this bill`);
}
