import { sql } from 'kysely';
import { assigned, code, dateTime, integer, oneOf, optional, text } from '../../api/fields.ts';
import { anyId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import type { CheckScope, EntityOf, Values } from '../../api/resource-spec.ts';
import { NAMED_PERIODS } from '../../engine/calendar/named-periods.ts';
import { refusal } from '../../kernel/errors.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Tx } from '../../store/database.ts';
import { checkedContent, contentFields } from './export-fields.ts';
import { requestOfSchedule } from './export-request.ts';
import { cronRefusal, type Rhythm, runsAround } from './schedule-times.ts';
import { startExport } from './start-export.ts';

const fields = {
  name: text({ max: 200 }),
  code: code(),
  ...contentFields(),
  scheduleType: optional(oneOf(['HOUR', 'DAY', 'MINUTE'])),
  period: optional(integer({ min: 1 })),
  offset: optional(integer({ min: 1 })),
  cronExpression: optional(text({ max: 200 })),
  timePeriod: optional(oneOf(NAMED_PERIODS)),
  anchorAt: assigned(dateTime(), null, { hidden: true }),
  nextRunAt: assigned(dateTime(), null, { hidden: true }),
};

export type ExportSchedule = EntityOf<typeof fields>;
type ScheduleValues = Values<typeof fields>;

/** Exports that are made again and again (spec 60 §8.2). */
export const exportSchedule = defineResource({
  name: 'DataExportSchedule',
  path: 'dataexports/schedules',
  summary: 'an export schedule',
  table: 'export_schedule',
  permission: 'config:exportschedule',
  event: null,
  maxPageSize: 100,
  fields,
  filters: { ids: anyId('id') },
  immutable: ['sourceType'],
  example: {
    name: 'Accounts every day',
    code: 'accounts_daily',
    sourceType: 'OPERATIONAL',
    operationalDataTypes: ['ACCOUNTS'],
    scheduleType: 'DAY',
    period: 1,
    offset: 6,
  },
  ids: {
    create: 'CreateSchedule',
    list: 'listSchedules',
    get: 'GetSchedule',
    update: 'UpdateSchedule',
    delete: 'DeleteSchedule',
  },
  complete: async (values, _before, { tx, orgId, now }) => {
    const rhythm = checkedRhythm(values, now);
    const content = await checkedContent(tx, orgId, values);
    const timePeriod = values.sourceType === 'USAGE' ? values.timePeriod : null;
    if (values.sourceType === 'USAGE' && timePeriod === null) {
      throw refusal('VALIDATION_FAILED', 'timePeriod', 'is required');
    }
    // A change begins a new rhythm (spec 60 §8.2).
    const nextRunAt = runsAround(rhythm, { anchor: now, at: now }).next;
    return { ...content, timePeriod, anchorAt: now, nextRunAt };
  },
  check: async (scope, next, before) => {
    await linkDestinations(scope.tx, next);
    if (before === null && next.cronExpression === null) await startFirst(scope, next);
  },
});

/** The schedule's rhythm. */
export function rhythmOf(schedule: ScheduleValues): Rhythm {
  const { scheduleType, period, offset, cronExpression } = schedule;
  if (scheduleType !== null && period !== null) return { scheduleType, period, offset };
  return { cronExpression: cronExpression ?? '' };
}

const MINUTES = { MINUTE: 1, HOUR: 60, DAY: 24 * 60 } as const;
const MIN_PERIOD_MINUTES = 15;
const MAX_PERIOD_DAYS = 31;

function checkedRhythm(values: ScheduleValues, now: Instant): Rhythm {
  const { scheduleType, period, cronExpression } = values;
  if (cronExpression !== null) return checkedCron(values, now);
  if (scheduleType === null) {
    throw refusal('VALIDATION_FAILED', 'scheduleType', 'is required, or cronExpression');
  }
  if (period === null) throw refusal('VALIDATION_FAILED', 'period', 'is required');
  const minutes = period * MINUTES[scheduleType];
  if (minutes < MIN_PERIOD_MINUTES || minutes > MAX_PERIOD_DAYS * MINUTES.DAY) {
    throw refusal('VALIDATION_FAILED', 'period', 'must make at least 15 minutes and at most 31 days');
  }
  offsetMustFit(values);
  return rhythmOf(values);
}

function checkedCron(values: ScheduleValues, now: Instant): Rhythm {
  for (const field of ['scheduleType', 'period', 'offset'] as const) {
    if (values[field] !== null) {
      throw refusal('VALIDATION_FAILED', field, 'cannot be combined with cronExpression');
    }
  }
  const refused = cronRefusal(values.cronExpression ?? '', now);
  if (refused !== null) throw refusal('VALIDATION_FAILED', 'cronExpression', refused);
  return rhythmOf(values);
}

/** Hours of a day, or minutes of an hour; spec 60 §8.2. */
function offsetMustFit({ scheduleType, offset }: ScheduleValues): void {
  if (offset === null) return;
  if (scheduleType === 'MINUTE') {
    throw refusal('VALIDATION_FAILED', 'offset', 'cannot be combined with MINUTE');
  }
  const end = scheduleType === 'DAY' ? 24 : 60;
  if (offset >= end) throw refusal('VALIDATION_FAILED', 'offset', `must be less than ${end}`);
}

/** Keeps the rows with which the database guards the destinations. */
async function linkDestinations(tx: Tx, { orgId, id, destinationIds }: ExportSchedule): Promise<void> {
  await sql`delete from export_schedule_destination where org_id = ${orgId} and id = ${id}`.execute(tx);
  await sql`insert into export_schedule_destination (org_id, id, destination_id)
    select ${orgId}, ${id}, unnest(${destinationIds}::uuid[])`.execute(tx);
}

/** The first job of a rhythm without cron expression runs at once. */
async function startFirst({ tx, writer }: CheckScope, schedule: ExportSchedule): Promise<void> {
  await startExport(tx, writer, {
    scheduleId: schedule.id,
    sourceType: schedule.sourceType,
    request: requestOfSchedule(schedule, writer.now),
  });
}
