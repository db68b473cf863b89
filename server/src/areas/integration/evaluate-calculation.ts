import { sql } from 'kysely';
import { z } from 'zod';
import { flag, optional, reference, text } from '../../api/fields.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { ApiError, refusal } from '../../kernel/errors.ts';
import type { Row } from '../../store/database.ts';
import { EVENT_COLUMNS, type EventRow, liveEvents } from './event-row.ts';
import { notification } from './notification.ts';
import { notificationTestError, notificationVerdict } from './notification-calculation.ts';
import { organizationEventFields } from './organization-events.ts';

/**
 * Tells whether a calculation could be a rule about a kind of event or, evaluated too, about one that has
 * happened; not what its value is. Nothing fires (spec 60 §3.4).
 */
export const evaluateCalculation = defineOperation({
  id: 'EvaluateCalculation',
  method: 'POST',
  path: '/notifications/evaluate',
  summary: 'check a calculation of a notification rule',
  tag: notification.name,
  permission: { action: 'config:retrieve', resource: notification.permission },
  body: z.object({
    eventId: optional(reference('Event')),
    eventName: optional(text()),
    calculation: text({ max: 5000 }),
  }),
  response: z.object({ success: flag(), errorMessage: optional(text({ max: 10_000 })) }),
  answers: 'whole',
  handle: async (call) => {
    const { eventId, eventName, calculation } = call.body();
    const error =
      eventName !== null
        ? await errorOnName(call, calculation, eventName)
        : await errorOnEvent(call, calculation, await eventOf(call, eventId));
    return { success: error === null, errorMessage: error ?? SHOWN_NULL };
  },
});

/** Written as null, where a plain null would be left out. */
const SHOWN_NULL = { toJSON: () => null };

async function errorOnName(
  { ctx, orgId }: AnyCall,
  calculation: string,
  eventName: string,
): Promise<string | null> {
  const fields = await organizationEventFields({ tx: ctx.db, orgId }, eventName);
  if (fields === null) return `Unknown event ${eventName}`;
  return capitalized(notificationTestError(calculation, fields));
}

async function errorOnEvent(call: AnyCall, calculation: string, event: EventRow): Promise<string | null> {
  const error = await errorOnName(call, calculation, event.eventName);
  if (error !== null) return error;
  const payload = event.m3terEvent['eventData'] as Row;
  const verdict = notificationVerdict(calculation, payload, call.ctx.clock.now());
  return verdict.kind === 'error' ? capitalized(verdict.message) : null;
}

async function eventOf({ ctx, orgId }: AnyCall, id: string | null): Promise<EventRow> {
  if (id === null) throw refusal('VALIDATION_FAILED', 'eventName', 'is required when there is no eventId');
  const { rows } = await sql<EventRow>`select ${EVENT_COLUMNS} from event
    where ${liveEvents(orgId, ctx.clock.now())} and id = ${id}`.execute(ctx.db);
  const [event] = rows;
  if (!event) throw new ApiError('NOT_FOUND', 'there is no Event with this id');
  return event;
}

function capitalized(message: string | null): string | null {
  return message && message.charAt(0).toUpperCase() + message.slice(1);
}
