import { sql } from 'kysely';
import { z } from 'zod';
import { defineTask } from '../../jobs/task.ts';
import { SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Tx } from '../../store/database.ts';
import { inTransaction } from '../../store/transaction.ts';
import { requestOfSchedule } from './export-request.ts';
import { type ExportSchedule, rhythmOf } from './export-schedule.ts';
import { runsAround } from './schedule-times.ts';
import { startExport, unfinishedJobs } from './start-export.ts';

/** One in work and one behind it (spec 60 §8.2). */
const MAX_UNFINISHED_JOBS = 2;

/**
 * Starts a job of every schedule that is due. Of several runs that were missed, the latest is made up for. A
 * run that finds one job in work and one waiting is left out.
 */
export const startDueExports = defineTask({
  name: 'startDueExports',
  payload: z.object({}),
  run: async ({ db, clock }) => {
    const now = clock.now();
    while (await inTransaction(db, (tx) => startNextDue(tx, now)));
  },
});

/** Every minute, since schedules run at whole minutes at the earliest 15 minutes apart. */
export const START_DUE_EXPORTS = `* * * * * ${startDueExports.name}`;

/** False when no schedule is due. */
async function startNextDue(tx: Tx, now: Instant): Promise<boolean> {
  const { rows } = await sql<ExportSchedule>`select * from export_schedule
    where org_id in (select id from organization) and next_run_at <= ${now}::timestamptz
    order by next_run_at, id limit 1 for update skip locked`.execute(tx);
  const [schedule] = rows;
  if (!schedule) return false;
  const { orgId, id } = schedule;
  const anchor = schedule.anchorAt as Instant;
  const { latest, next } = runsAround(rhythmOf(schedule), { anchor, at: now });
  if ((await unfinishedJobs(tx, orgId, id)) < MAX_UNFINISHED_JOBS) {
    await startExport(
      tx,
      { orgId, principalId: SYSTEM_PRINCIPAL, now },
      {
        scheduleId: id,
        sourceType: schedule.sourceType,
        request: requestOfSchedule(schedule, latest ?? now),
      },
    );
  }
  await sql`update export_schedule set next_run_at = ${String(next)}::timestamptz
    where org_id = ${orgId} and id = ${id}`.execute(tx);
  return true;
}
