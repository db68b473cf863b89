import { sql } from 'kysely';
import { newId } from '../kernel/ids.ts';
import { writeJson } from '../kernel/json.ts';
import type { Row, Tx } from './database.ts';
import type { Writer } from './entity-store.ts';
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
  const before = change.before && writeJson(change.before);
  const after = change.after && writeJson(change.after);
  const audit = sql`insert into audit_entry
    (org_id, id, dt_created, principal_id, ip, request_id, entity_type, entity_id, action, before, after)
    values (${writer.orgId}, ${newId()}, ${writer.now}, ${writer.principalId}, ${writer.ip ?? null},
            ${change.requestId}, ${change.entityType}, ${change.entityId}, ${change.action},
            ${before}::jsonb, ${after}::jsonb)`;
  if (change.event === null) {
    await sql`${sql.raw(WITH_NEXT)}${audit}`.execute(tx);
    return;
  }
  const payload = `{"eventData":{${[after && `"newDto":${after}`, before && `"oldDto":${before}`]
    .filter(Boolean)
    .join(',')}}}`;
  await sql`${sql.raw(WITH_NEXT)}with audit as (${audit}) insert into event
    (org_id, id, event_name, event_time, m3ter_event, resource_id)
    values (${writer.orgId}, ${newId()}, ${`${change.event}.${change.action}`}, ${writer.now},
            ${payload}::jsonb, ${change.entityId})`.execute(tx);
}

/**
 * As `recordChange` for many changes of one kind of entity in one statement. Fields named in `onlyInEvents`
 * are left out of the audit log.
 */
export async function recordChanges(
  tx: Tx,
  writer: Writer,
  { changes, onlyInEvents = [] }: { changes: readonly Change[]; onlyInEvents?: readonly string[] },
): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map(({ event, ...change }) => ({
    ...change,
    auditId: newId(),
    eventId: newId(),
    eventName: event && `${event}.${change.action}`,
  }));
  await sql`
    with change as materialized (
      select * from jsonb_to_recordset(${writeJson(rows)}::jsonb) as r ("entityType" text, "entityId" uuid,
        action text, "eventName" text, before jsonb, after jsonb, "requestId" text,
        "auditId" uuid, "eventId" uuid)
    ), audit as (
      insert into audit_entry
        (org_id, id, dt_created, principal_id, ip, request_id, entity_type, entity_id, action, before, after)
      select ${writer.orgId}::uuid, "auditId", ${writer.now}::timestamptz, ${writer.principalId}::uuid,
        ${writer.ip ?? null}::text, "requestId", "entityType", "entityId", action,
        before - ${onlyInEvents}::text[],
        after - ${onlyInEvents}::text[]
      from change
    )
    insert into event (org_id, id, event_name, event_time, m3ter_event, resource_id)
    select ${writer.orgId}::uuid, "eventId", "eventName", ${writer.now}::timestamptz,
      jsonb_build_object('eventData',
        case when after is null then '{}' else jsonb_build_object('newDto', after) end
        || case when before is null then '{}' else jsonb_build_object('oldDto', before) end),
      "entityId"
    from change where "eventName" is not null order by "eventId"`.execute(tx);
}

/** Writes an event that is not the change of one entity; `attributes` lie directly in `eventData`. */
export async function recordEvent(
  tx: Tx,
  writer: Writer,
  event: { name: string; attributes: Row },
): Promise<string> {
  const id = newId();
  await sql`insert into event (org_id, id, event_name, event_time, m3ter_event)
    values (${writer.orgId}, ${id}, ${event.name}, ${writer.now},
            ${writeJson({ eventData: event.attributes })}::jsonb)`.execute(tx);
  return id;
}

/** Writes many events at once; their ids grow in the order given. */
export async function recordEvents(
  tx: Tx,
  writer: Writer,
  events: readonly { readonly name: string; readonly attributes: Row }[],
): Promise<void> {
  if (events.length === 0) return;
  const ids = events.map(() => newId());
  const names = events.map((event) => event.name);
  const payloads = events.map((event) => writeJson({ eventData: event.attributes }));
  await sql`insert into event (org_id, id, event_name, event_time, m3ter_event)
    select ${writer.orgId}, made.id, made.name, ${writer.now}, made.payload::jsonb
    from unnest(${ids}::uuid[], ${names}::text[], ${payloads}::text[]) as made (id, name, payload)`.execute(
    tx,
  );
}
