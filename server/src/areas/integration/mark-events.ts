import { sql } from 'kysely';
import { z } from 'zod';
import { list, reference } from '../../api/fields.ts';
import { rowsMustBeAllowed } from '../../api/item-permission.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Row } from '../../store/database.ts';
import { EVENT_COLUMNS, type EventRow, eventAnswer, eventSchema, liveEvents } from './event-row.ts';

const MAX_IDS = 200;
const permission = { action: 'config:update', resource: 'config:event' };

/** Marks an event as dealt with; the first time counts (spec 60 §1.2). */
export const markEvent = defineOperation({
  id: 'PutEventActioned',
  method: 'PUT',
  path: '/events/{id}/actioned',
  summary: 'mark an event as dealt with',
  tag: 'Event',
  permission,
  response: eventSchema,
  answers: 'whole',
  handle: (call) => onlyEvent(writeMark(call, [idOf(call.params)], true)),
});

/** Takes the mark back. */
export const unmarkEvent = defineOperation({
  id: 'DeleteEventActioned',
  method: 'DELETE',
  path: '/events/{id}/actioned',
  summary: 'mark an event as not dealt with',
  tag: 'Event',
  permission,
  response: eventSchema,
  answers: 'whole',
  handle: (call) => onlyEvent(writeMark(call, [idOf(call.params)], false)),
});

/** Marks several events as dealt with and answers them; unknown ids are passed over. */
export const markEvents = defineOperation({
  id: 'PostEventsActioned',
  method: 'POST',
  path: '/events/actioned',
  summary: 'mark events as dealt with',
  tag: 'Event',
  permission,
  body: z.object({ ids: list(reference('Event'), { min: 1, max: MAX_IDS }) }),
  response: z.object({ data: list(eventSchema) }),
  answers: 'whole',
  handle: async (call) => {
    const { ids } = call.body();
    await rowsMustBeAllowed(call, permission, { table: 'event', ids });
    return { data: await writeMark(call, ids, true) };
  },
});

async function writeMark(
  { ctx, orgId }: AnyCall,
  ids: readonly string[],
  isActioned: boolean,
): Promise<readonly Row[]> {
  const now = ctx.clock.now();
  const mark = isActioned ? sql`coalesce(dt_actioned, ${now}::timestamptz)` : sql`null`;
  const { rows } = await sql<EventRow>`update event set dt_actioned = ${mark}
    where ${liveEvents(orgId, now)} and id = any(${ids}::uuid[]) returning ${EVENT_COLUMNS}`.execute(ctx.db);
  return rows.map(eventAnswer);
}

async function onlyEvent(writing: Promise<readonly Row[]>): Promise<Row> {
  const [event] = await writing;
  if (!event) throw new ApiError('NOT_FOUND', 'there is no Event with this id');
  return event;
}
