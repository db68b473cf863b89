import { sql } from 'kysely';
import type { Db, Tx } from '../../store/database.ts';
import type { EventFieldType } from './event-fields.ts';
import { eventFields, eventNames } from './event-names.ts';
import { eventOfEntity } from './scheduled-event-rules.ts';

type Scope = { readonly tx: Db | Tx; readonly orgId: string };

/** The names of all events that an organization can have: those of the product, then its scheduled ones. */
export async function organizationEventNames({ tx, orgId }: Scope): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`select name from scheduled_event
    where org_id = ${orgId} order by name collate "C"`.execute(tx);
  return [...eventNames(), ...rows.map(({ name }) => name)];
}

/**
 * As `eventFields`, also for the scheduled events of an organization, which carry the entity as `new.`. In
 * the transaction of a write, the scheduled event cannot be deleted or renamed until it ends.
 */
export async function organizationEventFields(
  { tx, orgId }: Scope,
  eventName: string,
): Promise<ReadonlyMap<string, EventFieldType> | null> {
  const known = eventFields(eventName);
  if (known !== null) return known;
  const { rows } = await sql<{ entity: string }>`select entity from scheduled_event
    where org_id = ${orgId} and name = ${eventName} for share`.execute(tx);
  const event = eventOfEntity(rows[0]?.entity ?? '');
  return event === null ? null : eventFields(`${event}.created`);
}
