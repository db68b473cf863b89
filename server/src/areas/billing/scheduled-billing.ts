import { sql } from 'kysely';
import { z } from 'zod';
import { answerOf } from '../../api/entity-writes.ts';
import type { Context } from '../../context.ts';
import { runAtOrBefore } from '../../engine/calendar/billing-schedule.ts';
import { enqueue } from '../../jobs/enqueue.ts';
import { defineTask } from '../../jobs/task.ts';
import { SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import { type Instant, isBefore } from '../../kernel/time.ts';
import type { Tx } from '../../store/database.ts';
import { insertEntity, type Writer } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { type BillJob, billJob } from './bill-job.ts';
import { type StoredSchedule, scheduleOf } from './load-organization.ts';
import { runBillJob } from './run-bill-job.ts';

type ScheduledOrganization = StoredSchedule & { readonly orgId: string; readonly dtLastModified: Instant };

/**
 * Starts the bill jobs of organizations whose scheduled time has come, one for each time however often and
 * wherever this runs (spec 40 §7.6). Times that were missed are not made up for: a run of the latest one
 * calculates whatever is open.
 */
export const startScheduledBilling = defineTask({
  name: 'startScheduledBilling',
  payload: z.object({}),
  run: async (ctx) => {
    const { rows } = await sql<ScheduledOrganization>`
      select org_id, dt_last_modified, timezone, scheduled_bill_interval, scheduled_bill_offset
      from organization_config where scheduled_bill_interval > 0 order by org_id`.execute(ctx.db);
    for (const organization of rows) await startRun(ctx, organization);
  },
});

/** Every minute; the shortest interval is a quarter of an hour. */
export const START_SCHEDULED_BILLING = `* * * * * ${startScheduledBilling.name} ?jobKey=scheduledBilling`;

async function startRun(ctx: Context, organization: ScheduledOrganization): Promise<void> {
  const { orgId, timezone, dtLastModified } = organization;
  const schedule = scheduleOf(organization);
  const now = ctx.clock.now();
  if (schedule === null) return;
  const scheduledAt = runAtOrBefore(schedule, now);
  await inTransaction(ctx.db, async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`schedule of ${orgId}`}, 0))`.execute(tx);
    const latest = await latestRun(tx, orgId);
    // A schedule that has just been configured begins with its next time.
    if (latest === null && isBefore(scheduledAt, dtLastModified)) return;
    if (latest !== null && (latest.isOpen || !isBefore(latest.scheduledAt, scheduledAt))) return;
    await insertRun(tx, { orgId, principalId: SYSTEM_PRINCIPAL, now }, { scheduledAt, timezone });
  });
}

type Run = { readonly scheduledAt: Instant; readonly isOpen: boolean };

/** A run that is still at work is waited for, so that slow runs do not pile up. */
async function latestRun(tx: Tx, orgId: string): Promise<Run | null> {
  const { rows } = await sql<Run>`
    select scheduled_at, status not in ('COMPLETE', 'CANCELLED') as is_open from bill_job
    where org_id = ${orgId} and scheduled_at is not null order by scheduled_at desc limit 1`.execute(tx);
  return rows[0] ?? null;
}

type NewRun = { readonly scheduledAt: Instant; readonly timezone: string };

async function insertRun(tx: Tx, writer: Writer, { scheduledAt, timezone }: NewRun): Promise<void> {
  const state = { type: 'CREATE', status: 'PENDING', total: 0, pendingAtEnd: 0 };
  const values = { ...state, scheduledAt, timezone, currencyConversions: [] };
  const job = (await insertEntity(tx, billJob.entityTable, { writer, values })) as unknown as BillJob;
  await recordChange(tx, writer, {
    entityType: 'BillJob',
    entityId: job.id,
    action: 'created',
    event: 'billing.billjob',
    before: null,
    after: { ...answerOf(billJob, job), orgId: writer.orgId },
    requestId: null,
  });
  await enqueue(tx, { task: runBillJob, payload: { orgId: writer.orgId, billJobId: job.id } });
}
