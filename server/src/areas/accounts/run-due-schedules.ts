import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import { SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import { lockEntity } from '../../store/entity-store.ts';
import { inTransaction } from '../../store/transaction.ts';
import { lockBalances } from './balance-moves.ts';
import type { ScheduleKind } from './balance-schedule-operations.ts';
import { CALENDAR_TEXT } from './organization-calendar.ts';

/** Schedules that one query names. */
const BATCH = 100;

type DueSchedule = { readonly orgId: string; readonly id: string; readonly balanceId: string };

/**
 * Runs the schedules of a kind whose time has come, of all organizations, each in a transaction of its own:
 * what it makes and how far it is are written together, so that a run that was killed or two at once make
 * everything once. So are unfinished ones that were counted by another zone or other epochs than the
 * organization has now: the time of those may be another.
 */
export async function runDueSchedules(ctx: Context, kind: ScheduleKind): Promise<void> {
  let after: string | null = null;
  for (;;) {
    const due = await dueSchedules(ctx, kind, after);
    for (const schedule of due) await runOne(ctx, kind, schedule);
    const last = due.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

async function dueSchedules(
  { db, clock }: Context,
  { resource }: ScheduleKind,
  after: string | null,
): Promise<readonly DueSchedule[]> {
  const { rows } = await sql<DueSchedule>`
    select s.org_id, s.id, s.balance_id from ${sql.table(resource.table)} s
    join organization_config c on c.org_id = s.org_id
    where s.next_run is not null
      and (s.next_run <= ${String(clock.now())} or s.counted_by is distinct from ${CALENDAR_TEXT})
      and (${after}::uuid is null or s.id > ${after}::uuid)
    order by s.id limit ${BATCH}`.execute(db);
  return rows;
}

/** As long as something is due of it: a part of a long past at a time. */
async function runOne(ctx: Context, kind: ScheduleKind, due: DueSchedule): Promise<void> {
  while (await runPart(ctx, kind, due));
}

/** Whether more may be due. A schedule that fails is left to the next run and holds up no other. */
async function runPart(ctx: Context, kind: ScheduleKind, due: DueSchedule): Promise<boolean> {
  const { orgId, id, balanceId } = due;
  const writer = { orgId, principalId: SYSTEM_PRINCIPAL, now: ctx.clock.now() };
  try {
    return await inTransaction(ctx.db, async (tx) => {
      const [balance] = await lockBalances(tx, writer, [balanceId]);
      const schedule = balance && (await lockEntity(tx, kind.resource.entityTable, { orgId, id }));
      if (!schedule) return false;
      return kind.run(tx, { writer, balance, requestId: null }, schedule);
    });
  } catch (error) {
    ctx.log.error({ err: error, scheduleId: id }, 'a schedule of a balance failed');
    return false;
  }
}
