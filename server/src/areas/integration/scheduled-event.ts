import { sql } from 'kysely';
import { assigned, dateTime, integer, text } from '../../api/fields.ts';
import { anyId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import { ApiError, refusal } from '../../kernel/errors.ts';
import { SCHEDULED_NAME, scheduledEventError } from './scheduled-event-rules.ts';

/** Ten years either way. */
const MAX_OFFSET_DAYS = 3650;

/**
 * An event that happens some days before or after a date of an entity, under a name of its own (spec 60 §4).
 */
export const scheduledEvent = defineResource({
  name: 'ScheduledEventConfiguration',
  path: 'scheduledevents/configurations',
  summary: 'a scheduled event configuration',
  table: 'scheduled_event',
  permission: 'config:scheduledevent',
  event: null,
  maxPageSize: 100,
  fields: {
    name: text({
      max: 200,
      pattern: SCHEDULED_NAME,
      says: 'must be scheduled.<entity in lower case>.<letters, digits, _ and ->',
    }),
    entity: text({ max: 80 }),
    field: text({ max: 80 }),
    offset: integer({ min: -MAX_OFFSET_DAYS, max: MAX_OFFSET_DAYS }),
    checkedUntil: assigned(dateTime(), null, { hidden: true }),
  },
  filters: { ids: anyId('id') },
  example: { name: 'scheduled.bill.overdue', entity: 'Bill', field: 'dueDate', offset: 5 },
  ids: { create: 'CreateScheduledEventConfiguration', update: 'UpdateScheduledEventConfiguration' },
  complete: (values) => {
    const error = scheduledEventError(values);
    if (error !== null) throw refusal('VALIDATION_FAILED', error.field, error.message);
    return values;
  },
  beforeDelete: async ({ tx, orgId }, { name }) => {
    const { rows } = await sql<{ id: string }>`select id from notification
      where org_id = ${orgId} and active and event_name = ${name} order by id limit 1`.execute(tx);
    const [rule] = rows;
    if (rule) throw new ApiError('ENTITY_IN_USE', `it is still in use by notification ${rule.id}`);
  },
});
