import { isDeepStrictEqual } from 'node:util';
import { refusal } from '../kernel/errors.ts';
import { writeJson } from '../kernel/json.ts';
import { refusalFromWrite } from '../store/constraint.ts';
import type { Row, Tx } from '../store/database.ts';
import { insertAhead, replaceAhead } from '../store/entity-ahead.ts';
import type { Stored, Writer } from '../store/entity-store.ts';
import { type Change, recordChange } from '../store/outbox.ts';
import { inTransaction } from '../store/transaction.ts';
import { fieldFacts } from './fields.ts';
import type { AnyCall } from './operation.ts';
import type { CheckScope, Declared, EntityOf, Fields, Values } from './resource-spec.ts';

/** Creates an entity the way its POST does; for operations that make one as part of something larger. */
export async function createEntity<F extends Fields>(
  resource: Declared<F>,
  call: AnyCall,
  values: Row,
): Promise<EntityOf<F>> {
  try {
    return await inTransaction(call.ctx.db, (tx) => insertChecked(resource, { tx, call, values }));
  } catch (error) {
    throw refusalFromWrite(error, resource.table);
  }
}

type Write = { readonly tx: Tx; readonly call: AnyCall; readonly values: Row };

export async function insertChecked<F extends Fields>(
  resource: Declared<F>,
  write: Write,
): Promise<EntityOf<F>> {
  const { tx, call } = write;
  const scope = scopeOf(tx, call);
  const { writer } = scope;
  const given = { ...write.values, ...assignedValues(resource, null) } as Values<F>;
  const values = (await resource.complete?.(given, null, scope)) ?? given;
  const next = (await insertAhead(tx, resource.tableAt(writer.now), {
    writer,
    values,
  })) as unknown as EntityOf<F>;
  await resource.check?.(scope, next, null);
  await recordChange(tx, writer, changeOf(resource, call, { before: null, after: next }));
  return next;
}

/** Replaces an entity that the caller has locked: immutable fields, write, rules, audit and event. */
export async function replaceChecked<F extends Fields>(
  resource: Declared<F>,
  write: Write,
  before: EntityOf<F>,
): Promise<EntityOf<F>> {
  const { tx, call } = write;
  const scope = scopeOf(tx, call);
  const { writer } = scope;
  const kept = keepImmutable(resource, write.values, before as unknown as Row);
  const given = { ...kept, ...assignedValues(resource, before) } as Values<F>;
  const values = (await resource.complete?.(given, before, scope)) ?? given;
  const after = (await replaceAhead(tx, resource.tableAt(writer.now), {
    writer,
    before: before as unknown as Stored,
    values,
  })) as unknown as EntityOf<F>;
  await resource.check?.(scope, after, before);
  await recordChange(tx, writer, changeOf(resource, call, { before, after }));
  return after;
}

/** The entity as the API answers it: its fields and the envelope, without the organization. */
export function answerOf<F extends Fields>(resource: Declared<F>, entity: EntityOf<F>): Row {
  if (resource.answer) return resource.answer(entity);
  const { orgId: _, ...answer } = entity as Row;
  for (const [name, schema] of Object.entries(resource.fields)) {
    if (fieldFacts.get(schema)?.assigned?.hidden) delete answer[name];
  }
  return answer;
}

type Entities<F extends Fields> = { before: EntityOf<F> | null; after: EntityOf<F> | null };

export function changeOf<F extends Fields>(
  resource: Declared<F>,
  call: AnyCall,
  entities: Entities<F>,
): Change {
  return changeRecord(resource, { orgId: call.orgId, requestId: call.request.id }, entities);
}

/** As `changeOf`, for changes that no request may have asked for. */
export function changeRecord<F extends Fields>(
  resource: Declared<F>,
  { orgId, requestId }: { readonly orgId: string; readonly requestId: string | null },
  { before, after }: Entities<F>,
): Change {
  const shown = (entity: EntityOf<F> | null) => entity && { orgId, ...answerOf(resource, entity) };
  return {
    entityType: resource.name,
    entityId: (after ?? before)?.id ?? '',
    action: before === null ? 'created' : after === null ? 'deleted' : 'updated',
    event: resource.event,
    before: shown(before),
    after: shown(after),
    requestId,
  };
}

export function writerOf({ ctx, orgId, principal, request }: AnyCall): Writer {
  return { orgId, principalId: principal.id, now: ctx.clock.now(), ip: request.ip };
}

/** What rules of a write see. */
export function scopeOf(tx: Tx, call: AnyCall): CheckScope {
  const writer = writerOf(call);
  return { call, tx, orgId: call.orgId, now: writer.now, writer };
}

/** Fields that no request sets: as stored, or as they begin. */
function assignedValues<F extends Fields>(resource: Declared<F>, before: EntityOf<F> | null): Row {
  const values: Row = {};
  for (const [name, schema] of Object.entries(resource.fields)) {
    const assigned = fieldFacts.get(schema)?.assigned;
    if (assigned) values[name] = before ? (before as Row)[name] : assigned.initial;
  }
  return values;
}

function keepImmutable<F extends Fields>(resource: Declared<F>, values: Row, before: Row): Row {
  const kept = { ...values };
  for (const name of resource.immutable ?? []) {
    const [given, stored] = [values[name], before[name]];
    if (given === null || given === undefined) kept[name] = stored;
    else if (!isDeepStrictEqual(plain(given), plain(stored))) {
      throw refusal('IMMUTABLE_FIELD', name, 'cannot be changed');
    }
  }
  return kept;
}

/** A value as its JSON says, so that objects are compared whatever the order of their keys. */
function plain(value: unknown): unknown {
  return JSON.parse(writeJson(value));
}
