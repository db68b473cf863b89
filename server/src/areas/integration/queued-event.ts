import type { Row } from '../../store/database.ts';
import type { EventRow } from './event-row.ts';

/** An event with what the database has found out about it. */
export type QueuedEvent = EventRow & {
  readonly orgId: string;
  readonly accountId: string | null;
  readonly resourceId: string | null;
};

/** What an event tells; attributes and entities lie directly in it. */
export function payloadOf(event: QueuedEvent): Row {
  return event.m3terEvent['eventData'] as Row;
}
