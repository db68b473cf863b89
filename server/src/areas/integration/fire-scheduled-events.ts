import { sql } from 'kysely';
import { z } from 'zod';
import { organizationZone } from '../../api/organization-zone.ts';
import type { Context } from '../../context.ts';
import { defineTask, type Task } from '../../jobs/task.ts';
import { SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import { type Instant, isBefore, Temporal } from '../../kernel/time.ts';
import { columnName } from '../../store/column-name.ts';
import type { Condition, Row, Tx } from '../../store/database.ts';
import { recordEvent } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import type { ScheduledEntity } from './scheduled-entities.ts';
import {
  datesDue,
  dueInstant,
  type FieldValue,
  isWithin,
  momentsDue,
  type Schedule,
} from './scheduled-event-due.ts';
import { eventOfEntity } from './scheduled-event-rules.ts';

/** A scheduled event configuration that is looked after. */
type Scheduled = Schedule & {
  readonly id: string;
  readonly orgId: string;
  readonly version: number;
  readonly name: string;
  readonly field: string;
  readonly entity: ScheduledEntity;
  readonly checkedUntil: Instant;
};

type Due = {
  readonly scheduled: Scheduled;
  readonly entityId: string;
  readonly value: FieldValue;
  readonly due: Instant;
};

const NAME = 'fireScheduledEvents';

/** Every minute. */
export const FIRE_SCHEDULED_EVENTS_MINUTELY = `* * * * * ${NAME}`;

/**
 * The task that raises the scheduled events that have become due since it last looked, in the order in which
 * they were due (spec 60 §4). What it raised is remembered, so running it twice, or again after a crash,
 * raises nothing twice; how far it looked is written last.
 */
export function scheduledEventTask(entities: readonly ScheduledEntity[]): Task<Record<string, never>> {
  return defineTask({
    name: NAME,
    payload: z.object({}),
    run: async (ctx) => {
      const now = ctx.clock.now();
      const all = await allScheduled(ctx, entities);
      const found: Due[] = [];
      for (const scheduled of all) found.push(...(await dueNow(ctx, scheduled, now)));
      found.sort((a, b) => Temporal.Instant.compare(a.due, b.due));
      for (const due of found) await fire(ctx, due);
      for (const scheduled of all) await markChecked(ctx, scheduled, now);
    },
  });
}

type StoredScheduled = Omit<Scheduled, 'entity' | 'zone'> & { readonly entity: string };

async function allScheduled(ctx: Context, entities: readonly ScheduledEntity[]): Promise<Scheduled[]> {
  const { rows } = await sql<StoredScheduled>`
    select id, org_id, version, name, entity, field, "offset",
      coalesce(checked_until, dt_created) as checked_until
    from scheduled_event order by org_id, id`.execute(ctx.db);
  const all: Scheduled[] = [];
  for (const row of rows) {
    const event = eventOfEntity(row.entity)?.replace('balanceamount', 'balance');
    const entity = entities.find((candidate) => candidate.event === event);
    if (entity) all.push({ ...row, entity, zone: await organizationZone(ctx.db, row.orgId) });
  }
  return all;
}

/** What an entity calls a field where its column is named after another one. */
const COLUMNS: Readonly<Record<string, string>> = { createdDate: 'dt_created' };

async function dueNow(ctx: Context, scheduled: Scheduled, now: Instant): Promise<readonly Due[]> {
  const { orgId, field, entity, checkedUntil } = scheduled;
  const column = COLUMNS[field] ?? columnName(field);
  const window = { after: checkedUntil, until: now };
  const condition = candidates(await typeOfColumn(ctx, entity.table, column), column, { scheduled, window });
  if (condition === null) return [];
  const { rows } = await sql<{ id: string; value: FieldValue }>`
    select id, ${sql.ref(column)} as value from ${sql.table(entity.table)}
    where org_id = ${orgId} and ${condition}`.execute(ctx.db);
  return rows
    .map(({ id, value }) => ({ scheduled, entityId: id, value, due: dueInstant(value, scheduled) }))
    .filter(({ due }) => isWithin(due, window));
}

/** Null when the table has no such column. */
async function typeOfColumn(ctx: Context, table: string, column: string): Promise<string | null> {
  const { rows } = await sql<{ type: string }>`select data_type as type from information_schema.columns
    where table_schema = 'public' and table_name = ${table} and column_name = ${column}`.execute(ctx.db);
  return rows[0]?.type ?? null;
}

type Looking = { readonly scheduled: Scheduled; readonly window: { after: Instant; until: Instant } };

/** Rows whose events may be due; null when none can be. */
function candidates(type: string | null, column: string, { scheduled, window }: Looking): Condition | null {
  if (type === 'date') {
    const dates = datesDue(window, scheduled).map(String);
    return dates.length === 0 ? null : sql`${sql.ref(column)} = any(${dates}::date[])`;
  }
  if (type === null) return null;
  const { after, until } = momentsDue(window, scheduled);
  const moment = sql.ref(column);
  return sql`${moment} > ${String(after)}::timestamptz and ${moment} <= ${String(until)}::timestamptz`;
}

/** Raises one event, unless that was done before or the entity has been changed or deleted since. */
async function fire(ctx: Context, { scheduled, entityId, value, due }: Due): Promise<void> {
  const { orgId, id, name, field, entity } = scheduled;
  const current = await entity.currentState(ctx, { orgId, id: entityId });
  if (current === null || String(current[field]) !== String(value)) return;
  await inTransaction(ctx.db, async (tx) => {
    if (await cameLater(tx, { scheduled, current, due })) return;
    const { rows } = await sql`insert into scheduled_event_firing
      (org_id, scheduled_event_id, entity_id, value)
      select org_id, id, ${entityId}, ${String(value)} from scheduled_event
      where org_id = ${orgId} and id = ${id}
      on conflict do nothing returning entity_id`.execute(tx);
    if (rows.length === 0) return;
    const writer = { orgId, principalId: SYSTEM_PRINCIPAL, now: due };
    await recordEvent(tx, writer, { name, attributes: { newDto: { ...current, orgId } } });
  });
}

type Fired = { readonly scheduled: Scheduled; readonly current: Row; readonly due: Instant };

/** Whether the entity got the value only after the event was due, which then is not made up (spec 60 §4). */
async function cameLater(tx: Tx, { scheduled, current, due }: Fired): Promise<boolean> {
  const { orgId, field, entity } = scheduled;
  if (!isBefore(due, current['dtLastModified'] as Instant)) return false;
  const [after, before] = ['newDto', 'oldDto'].map(
    (part) => sql`m3ter_event #>> ${['eventData', part, field]}::text[]`,
  );
  const names = [`${entity.event}.created`, `${entity.event}.updated`];
  const { rows } = await sql`select from event
    where org_id = ${orgId} and resource_id = ${current['id']} and event_name = any(${names}::text[])
      and event_time > ${String(due)}::timestamptz and ${after} is distinct from ${before}
    limit 1`.execute(tx);
  return rows.length > 0;
}

/** A configuration that was changed in between is looked at again. */
async function markChecked(ctx: Context, { orgId, id, version }: Scheduled, now: Instant): Promise<void> {
  await sql`update scheduled_event set checked_until = ${now}
    where org_id = ${orgId} and id = ${id} and version = ${version}
      and coalesce(checked_until, dt_created) < ${now}`.execute(ctx.db);
}
