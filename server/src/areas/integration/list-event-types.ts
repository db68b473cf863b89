import { z } from 'zod';
import { freeObject, list, text } from '../../api/fields.ts';
import { textParameter } from '../../api/filters.ts';
import { defineOperation } from '../../api/operation.ts';
import { refusal } from '../../kernel/errors.ts';
import type { EventFieldType } from './event-fields.ts';
import { organizationEventFields, organizationEventNames } from './organization-events.ts';

const permission = { action: 'config:retrieve', resource: 'config:event' };

/** The names of events that rules can be made for (spec 60 §1.2). */
export const listEventTypes = defineOperation({
  id: 'ListEventTypes',
  method: 'GET',
  path: '/events/types',
  summary: 'list the names of events',
  tag: 'Event',
  permission,
  response: z.object({ events: list(text()) }),
  answers: 'whole',
  handle: async ({ ctx, orgId }) => ({ events: await organizationEventNames({ tx: ctx.db, orgId }) }),
});

/** What calculations can use of the events of one name, or of all: fields and their types (spec 60 §1.6). */
export const listEventFields = defineOperation({
  id: 'ListEventFields',
  method: 'GET',
  path: '/events/fields',
  summary: 'list the fields of events',
  tag: 'Event',
  permission,
  query: z.object({ eventName: textParameter() }),
  response: z.object({ events: freeObject() }),
  answers: 'whole',
  handle: async ({ ctx, orgId, query }) => {
    const scope = { tx: ctx.db, orgId };
    const names = query.eventName === undefined ? await organizationEventNames(scope) : [query.eventName];
    const events: Record<string, Record<string, EventFieldType>> = {};
    for (const name of names) {
      const fields = await organizationEventFields(scope, name);
      if (fields === null) throw refusal('VALIDATION_FAILED', 'eventName', 'is no name of an event');
      events[name] = listedFields(fields);
    }
    return { events };
  },
});

/** Without the synonyms that calculations may write instead of a bare name. */
function listedFields(fields: ReadonlyMap<string, EventFieldType>): Record<string, EventFieldType> {
  const listed = [...fields].filter(([name]) => !name.startsWith('new.') || !fields.has(name.slice(4)));
  return Object.fromEntries(listed.sort(([a], [b]) => (a < b ? -1 : 1)));
}
