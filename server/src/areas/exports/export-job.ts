import { sql } from 'kysely';
import {
  assigned,
  dateTime,
  freeObject,
  group,
  integer,
  list,
  oneOf,
  reference,
  text,
} from '../../api/fields.ts';
import { anyId, enumParameter, equalId, momentParameter } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import type { EntityOf } from '../../api/resource-spec.ts';
import { type Instant, type PlainDate, startOfDate, Temporal } from '../../kernel/time.ts';

export const EXPORT_STATUSES = ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED'] as const;
const KEPT_DAYS = 90;

const fields = {
  scheduleId: assigned(reference('DataExportSchedule'), null),
  sourceType: assigned(oneOf(['USAGE', 'OPERATIONAL']), null),
  status: assigned(oneOf(EXPORT_STATUSES), 'PENDING'),
  startedAt: assigned(dateTime(), null),
  finishedAt: assigned(dateTime(), null, { hidden: true }),
  failures: assigned(integer(), 0, { hidden: true }),
  request: assigned(freeObject(), null, { hidden: true }),
  files: assigned(list(group({ name: text(), key: text() })), [], { hidden: true }),
};

export type ExportJob = EntityOf<typeof fields>;

/** One export: its files are made in the background (spec 60 §8.5). */
export const exportJob = defineResource({
  name: 'ExportJob',
  path: 'dataexports/jobs',
  summary: 'an export job',
  table: 'export_job',
  permission: 'config:exportjob',
  event: null,
  maxPageSize: 100,
  fields,
  computed: { dateCreated: { schema: dateTime(), sql: sql`export_job.dt_created` } },
  filters: {
    ids: anyId('id'),
    scheduleId: equalId('scheduleId'),
    status: {
      schema: enumParameter(EXPORT_STATUSES),
      where: (status: string) => sql`status = ${status}`,
    },
    dateCreatedStart: {
      schema: momentParameter(),
      where: (moment: Instant | PlainDate) => sql`export_job.dt_created >= ${inUtc(moment)}::timestamptz`,
    },
    dateCreatedEnd: {
      schema: momentParameter(),
      where: (moment: Instant | PlainDate) => sql`export_job.dt_created < ${inUtc(moment)}::timestamptz`,
    },
  },
  listRules: (_query, now) => [sql`export_job.dt_created > ${jobsEnd(now)}::timestamptz`],
  except: ['create', 'update', 'delete'],
  example: {},
  ids: { list: 'listJobStatuses', get: 'GetJob' },
});

/** Jobs made until then are over (spec 60 §8.5). */
export function jobsEnd(now: Instant): string {
  return String(now.subtract({ hours: 24 * KEPT_DAYS }));
}

/** Everything of exports is in UTC, whatever the organization's zone (spec 60 §8). */
export function inUtc(moment: Instant | PlainDate): string {
  return String(moment instanceof Temporal.PlainDate ? startOfDate(moment, 'UTC') : moment);
}
