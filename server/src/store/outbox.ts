import { CompiledQuery } from 'kysely';
import { newId } from '../kernel/ids.ts';
import { writeJson, writeJsonWithout } from '../kernel/json.ts';
import type { Row, Tx } from './database.ts';
import type { Writer } from './entity-store.ts';
import { type EventRow, eventRows, type NewEvent } from './event-rows.ts';
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
 * One statement for audit, events and the queue of those that somebody waits for: a rule, an integration or
 * the product itself.
 */
async function insertRecords(tx: Tx, writer: Writer, records: readonly Recorded[]): Promise<void> {
  if (records.length === 0) return;
  const { orgId, now } = writer;
  const columns = COLUMNS.map((column) => columnText(column, records));
  const parameters = [orgId, now, writer.principalId, writer.ip ?? null, ...columns];
  const from = records.length === 1 ? ONE_RECORD : MANY_RECORDS;
  const text = records.some(isNewAlert) ? from.withAlerts : from.plain;
  await tx.executeQuery(CompiledQuery.raw(text, parameters));
}

type Column = {
  readonly name: string;
  readonly type: 'uuid' | 'text' | 'boolean' | 'json';
  /** Without line breaks, which end a value. Nothing stands for null. */
  readonly textIn: (record: Recorded) => string | null | undefined;
};

/**
 * A record's columns. Each goes out as one text with a line per record: inside of one JSON document for all
 * of them, PostgreSQL would parse every entity three times.
 */
const COLUMNS: readonly Column[] = [
  { name: 'audit_id', type: 'uuid', textIn: ({ audit }) => audit?.auditId },
  { name: 'entity_type', type: 'text', textIn: ({ audit }) => audit?.change.entityType },
  { name: 'entity_id', type: 'uuid', textIn: ({ audit }) => audit?.change.entityId },
  { name: 'action', type: 'text', textIn: ({ audit }) => audit?.change.action },
  { name: 'before', type: 'json', textIn: ({ audit }) => audit && entityText(audit, 'before') },
  { name: 'after', type: 'json', textIn: ({ audit }) => audit && entityText(audit, 'after') },
  { name: 'request_id', type: 'text', textIn: ({ audit }) => audit?.change.requestId },
  { name: 'event_id', type: 'uuid', textIn: ({ event }) => event?.eventId },
  { name: 'event_name', type: 'text', textIn: ({ event }) => event?.eventName },
  { name: 'payload', type: 'json', textIn: ({ event }) => event && writeJson({ eventData: event.payload }) },
  { name: 'account_id', type: 'uuid', textIn: ({ event }) => event?.accountId },
  { name: 'resource_id', type: 'uuid', textIn: ({ event }) => event?.resourceId },
  { name: 'noun', type: 'text', textIn: ({ event }) => event?.noun },
  { name: 'is_awaited', type: 'boolean', textIn: ({ event }) => event && String(event.isAwaited) },
];

function columnText({ textIn }: Column, records: readonly Recorded[]): string {
  const texts: string[] = [];
  for (const record of records) texts.push(textIn(record) ?? '');
  return texts.join('\n');
}

function entityText({ change, hidden }: Audit, version: 'before' | 'after'): string | null {
  const entity = change[version];
  return entity && writeJsonWithout(hidden, entity);
}

const FIRST_PARAMETER = 5;
const NAMES = COLUMNS.map(({ name }) => name).join(', ');
const LISTS = COLUMNS.map(
  ({ type }, at) => `string_to_array($${at + FIRST_PARAMETER}, e'\\n', '')::${type}[]`,
).join(', ');
const VALUES = COLUMNS.map(
  ({ type, name }, at) => `nullif($${at + FIRST_PARAMETER}, '')::${type} as ${name}`,
).join(', ');

/** Recording that an alert was created stores it: every area can, without knowing who keeps alerts. */
const ALERTS = `), alerted as (
    insert into alert (org_id, id, version, dt_created, dt_last_modified, created_by, last_modified_by,
      type, severity, status, description, entity_type, entity_id)
    select $1::uuid, record.entity_id, 1, $2::timestamptz, $2::timestamptz, $3::uuid, $3::uuid,
      a.type, a.severity, a.status, a.description, a."entityType", a."entityId"
    from record, json_to_record(record.after) as a (type text, severity text, status text, description text,
      "entityType" text, "entityId" text)
    where record.entity_type = 'Alert' and record.action = 'created'
  `;

const MANY_RECORDS = textsInsertingFrom(`select * from unnest(${LISTS}) as r (${NAMES})`);
/** Taking lists apart is too much for one record, which most requests write. */
const ONE_RECORD = textsInsertingFrom(`select ${VALUES}`);

function isNewAlert({ audit }: Recorded): boolean {
  return audit?.change.entityType === 'Alert' && audit.change.action === 'created';
}

function textsInsertingFrom(records: string) {
  return { plain: insertingFrom(records, ''), withAlerts: insertingFrom(records, ALERTS) };
}

function insertingFrom(records: string, alerts: string): string {
  return `${WITH_NEXT}with record as materialized (
    ${records}
  ), audit as (
    insert into audit_entry
      (org_id, id, dt_created, principal_id, ip, request_id, entity_type, entity_id, action, before, after)
    select $1::uuid, audit_id, $2::timestamptz, $3::uuid, $4::text, request_id, entity_type, entity_id,
      action, before, after
    from record where audit_id is not null
  ), added as (
    insert into event (org_id, id, event_name, event_time, m3ter_event, account_id, resource_id)
    select $1::uuid, event_id, event_name, $2::timestamptz, payload, account_id, resource_id
    from record where event_id is not null order by event_id
  ${alerts})
  insert into event_dispatch (org_id, event_id)
  select $1::uuid, event_id from record
  where event_id is not null and (is_awaited
    or exists (select from notification n
      where n.org_id = $1::uuid and n.event_name = record.event_name and n.active)
    or exists (select from integration_config c
      where c.org_id = $1::uuid and c.enabled and event_noun(c.entity_type) = record.noun))
  order by event_id`;
}
