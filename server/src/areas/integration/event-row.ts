import { sql } from 'kysely';
import { z } from 'zod';
import { dateTime, freeObject, optional, reference, text } from '../../api/fields.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Condition, Row } from '../../store/database.ts';

/** An event as it is stored. */
export type EventRow = {
  readonly id: string;
  readonly eventName: string;
  readonly eventTime: Instant;
  readonly m3terEvent: Row;
  readonly dtActioned: Instant | null;
};

export const EVENT_COLUMNS = sql`id, event_name, event_time, m3ter_event, dt_actioned`;

/** An event in answers: it has no version and no principals. */
export const eventSchema = z.object({
  id: reference('Event'),
  eventName: text(),
  eventTime: dateTime(),
  m3terEvent: freeObject(),
  dtActioned: optional(dateTime()),
});

/** Written as null, where a plain null would be left out. */
const SHOWN_NULL = { toJSON: () => null };

/** Whether somebody has dealt with the event is always said (spec 60 §1.1). */
export function eventAnswer({ id, eventName, eventTime, m3terEvent, dtActioned }: EventRow): Row {
  return { id, eventName, eventTime, m3terEvent, dtActioned: dtActioned ?? SHOWN_NULL };
}

const RETENTION_HOURS = 28 * 24;

/** The moment of the newest events that are over: they are not shown, and are deleted (spec 60 §1.1). */
export function eventsEnd(now: Instant): string {
  return String(now.subtract({ hours: RETENTION_HOURS }));
}

/** The events of an organization that are not over. */
export function liveEvents(orgId: string, now: Instant): Condition {
  return sql`org_id = ${orgId} and event_time > ${eventsEnd(now)}::timestamptz`;
}
