import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { list, optional, text } from '../../api/fields.ts';
import { flagParameter, idsParameter, textParameter, uuidParameter } from '../../api/filters.ts';
import { allowedConditions } from '../../api/item-permission.ts';
import { defineOperation } from '../../api/operation.ts';
import { listIdentityOf, pageParameters } from '../../api/page.ts';
import { nextTokenOf, positionFromToken } from '../../api/paging.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError, refusal } from '../../kernel/errors.ts';
import type { Condition } from '../../store/database.ts';
import { EVENT_COLUMNS, type EventRow, eventAnswer, eventSchema, liveEvents } from './event-row.ts';

const MAX_PAGE_SIZE = 100;
const permission = { action: 'config:retrieve', resource: 'config:event' };

/** The event that a rule raises when it fires (spec 60 §3.5). */
export const RULE_FIRED = 'notification.triggered';

/** Kinds of events that lists can be narrowed to, by their names in lower case (spec 60 §1.2). */
const EVENT_TYPES: ReadonlyMap<string, Condition> = new Map([
  ['notification', sql<boolean>`event_name = ${RULE_FIRED}`],
  ['integrationevent', sql<boolean>`event_name like 'integration.%'`],
  ['ingestvalidationfailure', sql<boolean>`event_name = 'ingest.validation.failure'`],
  ['dataexportjobfailure', sql<boolean>`event_name = 'dataexport.job.failure'`],
]);

const FILTERS = {
  ids: idsParameter(),
  eventName: textParameter(),
  eventType: textParameter(),
  notificationId: uuidParameter(),
  notificationCode: textParameter(),
  accountId: uuidParameter(),
  resourceId: uuidParameter(),
  includeActioned: flagParameter(),
};

type Filters = z.output<z.ZodObject<typeof FILTERS>>;

/** What has happened, latest first; what somebody has dealt with only when asked for (spec 60 §1.2). */
export const listEvents = defineOperation({
  id: 'ListEvents',
  method: 'GET',
  path: '/events',
  summary: 'list events',
  tag: 'Event',
  permission,
  query: z.object({ ...FILTERS, ...pageParameters(MAX_PAGE_SIZE) }),
  response: z.object({ data: list(eventSchema), nextToken: optional(text({ max: 1024 })) }),
  answers: 'whole',
  handle: async (call) => {
    const { pageSize: size = MAX_PAGE_SIZE, nextToken, ...filters } = call.query;
    const identity = listIdentityOf(call);
    const signer = { secretKey: call.ctx.secretKey, now: call.ctx.clock.now() };
    const readable = allowedConditions(call, permission, { table: 'event' });
    const conditions = [liveEvents(call.orgId, signer.now), ...filterConditions(filters), ...readable];
    if (nextToken !== undefined) conditions.push(behind(positionFromToken(nextToken, identity, signer)));
    const { rows } = await sql<EventRow>`
      select ${EVENT_COLUMNS} from event where ${sql.join(conditions, sql` and `)}
      order by event_time desc, id desc limit ${size + 1}`.execute(call.ctx.db);
    const data = rows.slice(0, size).map(eventAnswer);
    const last = rows.length > size ? rows[size - 1] : undefined;
    if (!last) return { data };
    return { data, nextToken: nextTokenOf([String(last.eventTime), last.id], identity, signer) };
  },
});

/** One event, dealt with or not. */
export const getEvent = defineOperation({
  id: 'GetEvent',
  method: 'GET',
  path: '/events/{id}',
  summary: 'get an event',
  tag: 'Event',
  permission,
  response: eventSchema,
  answers: 'whole',
  handle: async ({ ctx, orgId, params }) => {
    const id = idOf(params);
    const { rows } = await sql<EventRow>`select ${EVENT_COLUMNS} from event
      where ${liveEvents(orgId, ctx.clock.now())} and id = ${id}`.execute(ctx.db);
    const [event] = rows;
    if (!event) throw new ApiError('NOT_FOUND', 'there is no Event with this id');
    return eventAnswer(event);
  },
});

function filterConditions({ ids, includeActioned, ...filters }: Filters): Condition[] {
  const given = Object.entries(filters).filter(([, value]) => value !== undefined);
  if (ids !== undefined) {
    if (given.length > 0 || includeActioned !== undefined) {
      throw refusal('VALIDATION_FAILED', 'ids', 'cannot be combined with another filter');
    }
    return [sql`id = any(${ids}::uuid[])`];
  }
  const conditions = given.map(([name, value]) => WHERE[name as keyof typeof WHERE](value as string));
  return includeActioned === true ? conditions : [...conditions, sql`dt_actioned is null`];
}

const WHERE: {
  readonly [name in keyof Omit<Filters, 'ids' | 'includeActioned'>]-?: (v: string) => Condition;
} = {
  eventName: (name) => sql`event_name = ${name}`,
  eventType: ofType,
  notificationId: (id) => ofRule('id', id),
  notificationCode: (code) => ofRule('code', code),
  accountId: (id) => sql`account_id = ${id}`,
  resourceId: (id) => sql`resource_id = ${id}`,
};

function ofType(given: string): Condition {
  const condition = EVENT_TYPES.get(given.toLowerCase());
  if (condition) return condition;
  const names = 'Notification, IntegrationEvent, IngestValidationFailure, DataExportJobFailure';
  throw refusal('VALIDATION_FAILED', 'eventType', `must be one of ${names}`);
}

function ofRule(property: 'id' | 'code', value: string): RawBuilder<boolean> {
  const path = sql`${['eventData', 'notification', property]}::text[]`;
  return sql`event_name = ${RULE_FIRED} and m3ter_event #>> ${path} = ${value}`;
}

function behind([eventTime = '', id = '']: readonly string[]): Condition {
  return sql`(event_time, id) < (${eventTime}::timestamptz, ${id}::uuid)`;
}
