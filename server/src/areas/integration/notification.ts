import { sql } from 'kysely';
import { code, flag, longText, name, optional, text, withDefault } from '../../api/fields.ts';
import { anyId, flagParameter, textParameter } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import { refusal } from '../../kernel/errors.ts';
import { notificationCalculationError } from './notification-calculation.ts';
import { organizationEventFields } from './organization-events.ts';

/** A rule: which events, under which condition, are worth telling somebody (spec 60 §3). */
export const notification = defineResource({
  name: 'Notification',
  path: 'notifications/configurations',
  summary: 'a notification rule',
  table: 'notification',
  permission: 'config:notification',
  event: null,
  maxPageSize: 100,
  fields: {
    name: name(),
    description: longText(),
    code: code(),
    eventName: text({ max: 200 }),
    active: withDefault(flag(), false),
    alwaysFireEvent: withDefault(flag(), false),
    calculation: optional(text({ max: 5000 })),
  },
  filters: {
    ids: anyId('id'),
    active: { schema: flagParameter(), where: (active: boolean) => sql`active = ${active}` },
    eventName: { schema: textParameter(), where: (eventName: string) => sql`event_name = ${eventName}` },
  },
  example: {
    name: 'More seats',
    description: 'Tells when a counter has been changed',
    code: 'more_seats',
    eventName: 'configuration.counter.updated',
    calculation: 'new.unit != old.unit',
  },
  ids: { create: 'CreateNotification', update: 'UpdateNotification' },
  complete: async (values, _before, scope) => {
    const { eventName, alwaysFireEvent, calculation } = values;
    const fields = await organizationEventFields(scope, eventName);
    if (fields === null) throw refusal('VALIDATION_FAILED', 'eventName', 'is no name of an event');
    if (calculation === null) {
      if (!alwaysFireEvent) throw refusal('VALIDATION_FAILED', 'calculation', 'is required');
      return values;
    }
    const error = notificationCalculationError(calculation, fields);
    if (error !== null) throw refusal('VALIDATION_FAILED', 'calculation', error);
    return values;
  },
});
