import { sql } from 'kysely';
import { z } from 'zod';
import { answerOf, changeOf, insertChecked, replaceChecked, scopeOf } from '../../api/entity-writes.ts';
import { list } from '../../api/fields.ts';
import { idsParameter } from '../../api/filters.ts';
import { type AnyCall, defineOperation, type Operation } from '../../api/operation.ts';
import { listIdentityOf, pageOf, pageParameters } from '../../api/page.ts';
import { nextTokenOf, positionFromToken } from '../../api/paging.ts';
import { placed } from '../../api/placed-dates.ts';
import { type AnyResource, idOf } from '../../api/resource.ts';
import type { CheckScope } from '../../api/resource-spec.ts';
import { versionMustEqual, versionOf } from '../../api/version.ts';
import { ApiError } from '../../kernel/errors.ts';
import { refusalFromDelete, refusalFromWrite } from '../../store/constraint.ts';
import type { Condition, Row, Tx } from '../../store/database.ts';
import { deleteEntity, findEntity, lockEntity, type Stored } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { type HeldBalance, lockBalances } from './balance-moves.ts';
import { existingBalance } from './list-balance-transactions.ts';

/** What a schedule makes in one transaction; the job catches up on a longer past, part by part. */
export const MAX_MADE_AT_ONCE = 500;

/** One kind of schedule below a balance: what it makes is its own, the six operations are the same. */
export type ScheduleKind = {
  readonly resource: Omit<AnyResource, 'operations'>;
  /** Name of the six operations of the public API. */
  readonly ids: Readonly<Record<'create' | 'list' | 'get' | 'update' | 'delete' | 'preview', string>>;
  /**
   * Makes what is due at the writer's time, writes down how far it is, when the next is due and by which
   * calendar; the balance is locked. Answers whether there may be more than fits into one transaction.
   */
  readonly run: (tx: Tx, scope: RunScope, schedule: Stored) => Promise<boolean>;
  /** Some of what a schedule is going to make, from a number on, in order of time. */
  readonly preview: (tx: Tx, wanted: Previewing) => Promise<readonly Row[]>;
  readonly previewFields: z.ZodObject;
};

export type RunScope = {
  readonly writer: CheckScope['writer'];
  readonly balance: HeldBalance;
  readonly requestId: string | null;
};

export type Previewing = {
  readonly values: Row;
  readonly balance: Stored;
  readonly from: number;
  readonly limit: number;
};

type Call = AnyCall & { readonly params: Record<string, string> };

/** Create, list, get, update, delete and preview of a kind. */
export function scheduleOperations(kind: ScheduleKind): readonly Operation[] {
  return [create, listAll, preview, read, update, remove].map((operation) => operation(kind));
}

function declared({ resource }: ScheduleKind, verb: 'create' | 'retrieve' | 'update' | 'delete') {
  return {
    tag: resource.name,
    permission: { action: `config:${verb}`, resource: resource.permission },
    response: resource.response,
  };
}

function create(kind: ScheduleKind): Operation {
  const { resource, ids } = kind;
  return defineOperation({
    ...declared(kind, 'create'),
    id: ids.create,
    method: 'POST',
    path: `/${resource.path}`,
    summary: `create ${resource.summary}`,
    body: resource.body,
    handle: (call) =>
      written(kind, call, async (tx, balance) => {
        const values = await placed(resource, call, call.body() as Row);
        const made = await insertChecked(resource, { tx, call, values });
        return afterRun(kind, { tx, call, balance }, made.id);
      }),
  });
}

function update(kind: ScheduleKind): Operation {
  const { resource, ids } = kind;
  return defineOperation({
    ...declared(kind, 'update'),
    id: ids.update,
    method: 'PUT',
    path: `/${resource.path}/{id}`,
    summary: `update ${resource.summary}`,
    body: resource.body,
    handle: (call) =>
      written(kind, call, async (tx, balance) => {
        const before = await lockedSchedule(kind, tx, call);
        const values = await placed(resource, call, call.body() as Row);
        versionMustEqual(versionOf(call), before.version);
        await replaceChecked(resource, { tx, call, values }, before as never);
        return afterRun(kind, { tx, call, balance }, before.id);
      }),
  });
}

function remove(kind: ScheduleKind): Operation {
  const { resource, ids } = kind;
  return defineOperation({
    ...declared(kind, 'delete'),
    id: ids.delete,
    method: 'DELETE',
    path: `/${resource.path}/{id}`,
    summary: `delete ${resource.summary}`,
    handle: (call) =>
      written(kind, call, async (tx) => {
        const before = await lockedSchedule(kind, tx, call);
        await deleteEntity(tx, resource.entityTable, before);
        const change = changeOf(resource, call, { before: before as never, after: null });
        await recordChange(tx, scopeOf(tx, call).writer, change);
        return before;
      }),
  });
}

function read(kind: ScheduleKind): Operation {
  const { resource, ids } = kind;
  return defineOperation({
    ...declared(kind, 'retrieve'),
    id: ids.get,
    method: 'GET',
    path: `/${resource.path}/{id}`,
    summary: `get ${resource.summary}`,
    handle: async (call) => {
      const balance = await existingBalance(call, idOf(call.params, 'balanceId'));
      const key = { orgId: call.orgId, id: idOf(call.params) };
      const found = await findEntity(call.ctx.db, resource.entityTable, key);
      return answerOf(resource, scheduleOf(kind, found, balance.id) as never);
    },
  });
}

function listAll(kind: ScheduleKind): Operation {
  const { resource, ids } = kind;
  return defineOperation({
    ...declared(kind, 'retrieve'),
    id: ids.list,
    method: 'GET',
    path: `/${resource.path}`,
    summary: `list ${resource.summary}s`,
    query: z.object({ ids: idsParameter(), ...pageParameters(resource.maxPageSize) }),
    answers: 'page',
    handle: async (call) => {
      const balance = await existingBalance(call, idOf(call.params, 'balanceId'));
      const conditions: Condition[] = [sql`balance_id = ${balance.id}`];
      if (call.query.ids) conditions.push(sql`id = any(${call.query.ids}::uuid[])`);
      return pageOf(resource, call, conditions);
    },
  });
}

/** What the schedule would make; the first item is repeated beside the list (spec 50 §7). */
function preview(kind: ScheduleKind): Operation {
  const { resource, ids, previewFields } = kind;
  return defineOperation({
    ...declared(kind, 'create'),
    id: ids.preview,
    method: 'POST',
    path: `/${resource.path}/preview`,
    summary: `preview ${resource.summary}`,
    query: z.object(pageParameters(resource.maxPageSize)),
    body: resource.body,
    response: previewFields.partial().extend({ data: list(previewFields), nextToken: z.string().optional() }),
    answers: 'whole',
    handle: async (call) => {
      const balance = await existingBalance(call, idOf(call.params, 'balanceId'));
      const body = await placed(resource, call, call.body() as Row);
      return inTransaction(call.ctx.db, async (tx) => {
        const whole = { ...body, lastOccurrence: null };
        const values = (await resource.complete?.(whole as never, null, scopeOf(tx, call))) ?? whole;
        return previewPage(kind, { call, tx, values: values as Row, balance });
      });
    },
  });
}

type PreviewPage = {
  readonly call: AnyCall & {
    readonly query: { pageSize?: number | undefined; nextToken?: string | undefined };
  };
  readonly tx: Tx;
  readonly values: Row;
  readonly balance: Stored;
};

async function previewPage(kind: ScheduleKind, { call, tx, values, balance }: PreviewPage): Promise<Row> {
  const { pageSize, nextToken } = call.query;
  const size = pageSize ?? kind.resource.maxPageSize;
  const identity = listIdentityOf(call);
  const signer = { secretKey: call.ctx.secretKey, now: call.ctx.clock.now() };
  const position = nextToken === undefined ? [] : positionFromToken(nextToken, identity, signer);
  const from = Number.parseInt(position[0] ?? '0', 10);
  const items = await kind.preview(tx, { values, balance, from, limit: size + 1 });
  const data = items.slice(0, size);
  const page = { ...data[0], data };
  if (items.length <= size) return page;
  return { ...page, nextToken: nextTokenOf([String(from + size)], identity, signer) };
}

type Running = { readonly tx: Tx; readonly call: AnyCall; readonly balance: HeldBalance };

/** What is due is made at once; answers the schedule as it stands then. */
async function afterRun(kind: ScheduleKind, { tx, call, balance }: Running, id: string): Promise<Stored> {
  const { writer } = scopeOf(tx, call);
  const key = { orgId: call.orgId, id };
  const schedule = (await findEntity(tx, kind.resource.entityTable, key)) as Stored;
  await kind.run(tx, { writer, balance, requestId: call.request.id }, schedule);
  return (await findEntity(tx, kind.resource.entityTable, key)) as Stored;
}

/** Every write locks the balance first and the schedule then, as the job does. */
async function written(
  kind: ScheduleKind,
  call: Call,
  write: (tx: Tx, balance: HeldBalance) => Promise<Stored>,
): Promise<Row> {
  const balanceId = idOf(call.params, 'balanceId');
  try {
    return await inTransaction(call.ctx.db, async (tx) => {
      const [balance] = await lockBalances(tx, scopeOf(tx, call).writer, [balanceId]);
      if (!balance) throw new ApiError('NOT_FOUND', 'there is no Balance with this id');
      return answerOf(kind.resource, (await write(tx, balance)) as never);
    });
  } catch (error) {
    const refusal = refusalFromWrite(error, kind.resource.table);
    throw call.request.method === 'DELETE' ? await refusalFromDelete(call.ctx.db, error, balanceId) : refusal;
  }
}

async function lockedSchedule(kind: ScheduleKind, tx: Tx, call: Call): Promise<Stored> {
  const key = { orgId: call.orgId, id: idOf(call.params) };
  const found = await lockEntity(tx, kind.resource.entityTable, key);
  return scheduleOf(kind, found, idOf(call.params, 'balanceId'));
}

/** A schedule of another balance does not exist on this one. */
function scheduleOf({ resource }: ScheduleKind, found: Stored | null, balanceId: string): Stored {
  if (found?.['balanceId'] === balanceId) return found;
  throw new ApiError('NOT_FOUND', `there is no ${resource.name} with this id on this balance`);
}

/** The balance that the path of a write names. */
export function balanceIdOf({ call }: CheckScope): string {
  return idOf((call as Call).params, 'balanceId');
}
