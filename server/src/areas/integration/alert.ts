import { sql } from 'kysely';
import { assigned, integer, longText, oneOf, text } from '../../api/fields.ts';
import { enumParameter } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import { ALERT_SEVERITIES, ALERT_TYPES } from '../organization/index.ts';

export const ALERT_STATUSES = ['NEW', 'IN_PROGRESS', 'DONE'] as const;

/**
 * A warning for people (spec 60 §2.2). Alerts are raised by recording the change `Alert created`, which any
 * area can do; the table follows the audit log. People only say how far they have got with one.
 */
export const alert = defineResource({
  name: 'Alert',
  path: 'alerts',
  summary: 'a system alert',
  table: 'alert',
  permission: 'config:alert',
  event: 'configuration.alert',
  maxPageSize: 100,
  fields: {
    type: assigned(oneOf(ALERT_TYPES), null),
    severity: assigned(oneOf(ALERT_SEVERITIES), null),
    status: oneOf(ALERT_STATUSES),
    description: assigned(longText(), null),
    entityType: assigned(text(), null),
    entityId: assigned(text(), null),
    dedupeKey: assigned(text({ max: 1000 }), null, { hidden: true }),
    occurrences: assigned(integer(), null, { hidden: true }),
  },
  filters: {
    status: { schema: enumParameter(ALERT_STATUSES), where: (status: string) => sql`status = ${status}` },
    severity: {
      schema: enumParameter(ALERT_SEVERITIES),
      where: (severity: string) => sql`severity = ${severity}`,
    },
    type: { schema: enumParameter(ALERT_TYPES), where: (type: string) => sql`type = ${type}` },
  },
  except: ['create', 'update', 'delete'],
  example: {},
});
