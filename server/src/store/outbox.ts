import { CompiledQuery } from 'kysely';
import { newId } from '../kernel/ids.ts';
import { writeJsonWithout } from '../kernel/json.ts';
import type { Row, Tx } from './database.ts';
import type { Writer } from './entity-store.ts';
import { type EventRow, eventRows, type NewEvent } from './event-rows.ts';
import { insertRows } from './insert-rows.ts';
import { WITH_NEXT } from './value-client.ts';

export type Change = {
  /** Entity type in the API's spelling, for the audit log. */
  readonly entityType: string;
  readonly entityId: string;
  readonly action: 'created' | 'updated' | 'deleted';
  /** Event name without its last part, such as `configuration.plan`; null when the entity raises none. */
  readonly event: string | null;
  readonly before: Row | null;
  readonly after: Row | null;
  readonly requestId: string | null;
};

/**
 * Writes the audit row and the event row of one change inside the transaction that makes it, so that neither
 * can be missing or stand alone (spec 10 §22, 60 §1).
 */
export async function recordChange(tx: Tx, writer: Writer, change: Change): Promise<void> {
  await recordChanges(tx, writer, { changes: [change] });
}

/**
 * As `recordChange` for many changes in one statement. Fields named in `onlyInEvents` are left out of the
 * audit log.
 */
export async function recordChanges(
  tx: Tx,
  writer: Writer,
  { changes, onlyInEvents = [] }: { changes: readonly Change[]; onlyInEvents?: readonly string[] },
): Promise<void> {
  const raising = changes.filter(({ event }) => event !== null);
  const rows = await eventRows(tx, writer.orgId, raising.map(eventOfChange));
  const events = new Map(raising.map((change, at) => [change, rows[at] ?? null]));
  const hidden = new Set(onlyInEvents);
  const records = changes.map((change) => ({
    audit: { auditId: newId(), change, hidden },
    event: events.get(change) ?? null,
  }));
  await insertRecords(tx, writer, records);
}

function eventOfChange({ event, action, before, after, entityId }: Change): NewEvent {
  const payload = { newDto: after ?? undefined, oldDto: before ?? undefined };
  return { name: `${event}.${action}`, payload, resourceId: entityId };
}

/**
 * Writes an event that is not the change of one entity and answers its id; `attributes` lie directly in
 * `eventData`.
 */
export async function recordEvent(tx: Tx, writer: Writer, event: PlainEvent): Promise<string> {
  const [id = ''] = await recordEvents(tx, writer, [event]);
  return id;
}

/** Writes many events at once and answers their ids, which grow in the order given. */
export async function recordEvents(
  tx: Tx,
  writer: Writer,
  events: readonly PlainEvent[],
): Promise<readonly string[]> {
  const given = events.map(({ name, attributes }) => ({ name, payload: attributes, resourceId: null }));
  const rows = await eventRows(tx, writer.orgId, given);
  await insertRecords(
    tx,
    writer,
    rows.map((event) => ({ audit: null, event })),
  );
  return rows.map(({ eventId }) => eventId);
}

type PlainEvent = { readonly name: string; readonly attributes: Row };

type Audit = {
  readonly auditId: string;
  readonly change: Change;
  /** Fields of the entity that are left out. */
  readonly hidden: ReadonlySet<string>;
};
type Recorded = { readonly audit: Audit | null; readonly event: EventRow | null };

/**
 * Writes audit, events and the queue of those that somebody waits for: a rule, an integration or the product
 * itself.
 */
async function insertRecords(tx: Tx, writer: Writer, records: readonly Recorded[]): Promise<void> {
  const [first, ...others] = records;
  if (first === undefined) return;
  if (others.length === 0) await insertRecord(tx, writer, first);
  else await copyRecords(tx, writer, records);
}

/** Most requests write one record, for which one statement is enough. */
async function insertRecord(
  tx: Tx,
  { orgId, now, principalId, ip }: Writer,
  record: Recorded,
): Promise<void> {
  const values = COLUMNS.map(({ valueIn }) => valueIn(record) ?? null);
  const text = isNewAlert(record) ? ONE_RECORD.withAlert : ONE_RECORD.plain;
  await tx.executeQuery(CompiledQuery.raw(text, [orgId, now, principalId, ip ?? null, ...values]));
}

type Column = {
  readonly name: string;
  readonly type: 'uuid' | 'text' | 'boolean' | 'json';
  readonly valueIn: (record: Recorded) => string | boolean | null | undefined;
};

/** A record's columns. */
const COLUMNS: readonly Column[] = [
  { name: 'audit_id', type: 'uuid', valueIn: ({ audit }) => audit?.auditId },
  { name: 'entity_type', type: 'text', valueIn: ({ audit }) => audit?.change.entityType },
  { name: 'entity_id', type: 'uuid', valueIn: ({ audit }) => audit?.change.entityId },
  { name: 'action', type: 'text', valueIn: ({ audit }) => audit?.change.action },
  { name: 'before', type: 'json', valueIn: ({ audit }) => audit && entityText(audit, 'before') },
  { name: 'after', type: 'json', valueIn: ({ audit }) => audit && entityText(audit, 'after') },
  { name: 'request_id', type: 'text', valueIn: ({ audit }) => audit?.change.requestId },
  { name: 'event_id', type: 'uuid', valueIn: ({ event }) => event?.eventId },
  { name: 'event_name', type: 'text', valueIn: ({ event }) => event?.eventName },
  { name: 'payload', type: 'json', valueIn: ({ event }) => event?.text() },
  { name: 'account_id', type: 'uuid', valueIn: ({ event }) => event?.accountId },
  { name: 'resource_id', type: 'uuid', valueIn: ({ event }) => event?.resourceId },
  { name: 'noun', type: 'text', valueIn: ({ event }) => event?.noun },
  { name: 'is_awaited', type: 'boolean', valueIn: ({ event }) => event?.isAwaited },
];

function entityText({ change, hidden }: Audit, version: 'before' | 'after'): string | null {
  const entity = change[version];
  return entity && writeJsonWithout(hidden, entity);
}

function isNewAlert({ audit }: Recorded): boolean {
  return audit?.change.entityType === 'Alert' && audit.change.action === 'created';
}

const AWAITED = `is_awaited
    or exists (select from notification n
      where n.org_id = $1::uuid and n.event_name = record.event_name and n.active)
    or exists (select from integration_config c
      where c.org_id = $1::uuid and c.enabled and event_noun(c.entity_type) = record.noun)`;

/** Recording that an alert was created stores it: every area can, without knowing who keeps alerts. */
const ALERT = `), alerted as (
    insert into alert (org_id, id, version, dt_created, dt_last_modified, created_by, last_modified_by,
      type, severity, status, description, entity_type, entity_id)
    select $1::uuid, record.entity_id, 1, $2::timestamptz, $2::timestamptz, $3::uuid, $3::uuid,
      a.type, a.severity, a.status, a.description, a."entityType", a."entityId"
    from record, json_to_record(record.after) as a (type text, severity text, status text, description text,
      "entityType" text, "entityId" text)
  `;

/** Behind what the writer gives. */
const FIRST_PARAMETER = 5;

const ONE_RECORD = { plain: insertingOne(''), withAlert: insertingOne(ALERT) };

function insertingOne(alert: string): string {
  const values = COLUMNS.map(({ type, name }, at) => `$${at + FIRST_PARAMETER}::${type} as ${name}`);
  return `${WITH_NEXT}with record as materialized (
    select ${values.join(', ')}
  ), audit as (
    insert into audit_entry
      (org_id, id, dt_created, principal_id, ip, request_id, entity_type, entity_id, action, before, after)
    select $1::uuid, audit_id, $2::timestamptz, $3::uuid, $4::text, request_id, entity_type, entity_id,
      action, before, after
    from record where audit_id is not null
  ), added as (
    insert into event (org_id, id, event_name, event_time, m3ter_event, account_id, resource_id)
    select $1::uuid, event_id, event_name, $2::timestamptz, payload, account_id, resource_id
    from record where event_id is not null
  ${alert})
  insert into event_dispatch (org_id, event_id)
  select $1::uuid, event_id from record where event_id is not null and (${AWAITED})`;
}

/** A bill job writes a thousand at a time; texts of entities are made when their row is written. */
async function copyRecords(tx: Tx, writer: Writer, records: readonly Recorded[]): Promise<void> {
  const audits = records.flatMap(({ audit }) => audit ?? []);
  const events = records.flatMap(({ event }) => event ?? []);
  const alerts = records.filter(isNewAlert).map(({ audit }) => audit?.change.after ?? {});
  await insertRows(tx, 'audit_entry', auditRows(writer, audits));
  await insertRows(tx, 'alert', alerts);
  await insertRows(tx, 'event', storedEvents(writer, events));
  await queueEvents(tx, writer, events);
}

function* auditRows({ orgId, now, principalId, ip }: Writer, audits: readonly Audit[]): Iterable<Row> {
  for (const audit of audits) {
    const { requestId, entityType, entityId, action } = audit.change;
    yield {
      orgId,
      id: audit.auditId,
      dtCreated: now,
      principalId,
      requestId,
      entityType,
      entityId,
      action,
      before: entityText(audit, 'before'),
      after: entityText(audit, 'after'),
      ip: ip ?? null,
    };
  }
}

function* storedEvents({ orgId, now }: Writer, events: readonly EventRow[]): Iterable<Row> {
  for (const { eventId, eventName, text, resourceId, accountId } of events) {
    yield { orgId, id: eventId, eventName, eventTime: now, m3terEvent: text(), resourceId, accountId };
  }
}

async function queueEvents(tx: Tx, { orgId }: Writer, events: readonly EventRow[]): Promise<void> {
  if (events.length === 0) return;
  const lists = [
    events.map(({ eventId }) => eventId),
    events.map(({ eventName }) => eventName),
    events.map(({ noun }) => noun ?? ''),
    events.map(({ isAwaited }) => isAwaited),
  ].map((list) => list.join('\n'));
  await tx.executeQuery(CompiledQuery.raw(QUEUE_EVENTS, [orgId, ...lists]));
}

/** Lists are texts with a line for each event. */
const QUEUE_EVENTS = `${WITH_NEXT}insert into event_dispatch (org_id, event_id)
  select $1::uuid, event_id
  from unnest(string_to_array($2, e'\\n')::uuid[], string_to_array($3, e'\\n')::text[],
    string_to_array($4, e'\\n', '')::text[], string_to_array($5, e'\\n')::boolean[])
    as record (event_id, event_name, noun, is_awaited)
  where ${AWAITED} order by event_id`;
