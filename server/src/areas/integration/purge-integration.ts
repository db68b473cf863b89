import { sql } from 'kysely';
import { z } from 'zod';
import { defineTask } from '../../jobs/task.ts';

const RUN_DAYS = 400;
const LOG_DAYS = 28;
const ALERT_DAYS = 90;

/** Deletes runs, logs of runs and alerts of all organizations that are over (spec 60 §2.2, §6.6). */
export const purgeIntegration = defineTask({
  name: 'purgeIntegration',
  payload: z.object({}),
  run: async ({ db, clock }) => {
    const ago = (days: number) => sql`${String(clock.now().subtract({ hours: 24 * days }))}::timestamptz`;
    await sql`delete from integration_run where org_id in (select id from organization)
      and dt_created <= ${ago(RUN_DAYS)}`.execute(db);
    await sql`delete from integration_run_log where org_id in (select id from organization)
      and dt_created <= ${ago(LOG_DAYS)}`.execute(db);
    await sql`delete from alert where org_id in (select id from organization)
      and dt_last_modified <= ${ago(ALERT_DAYS)}`.execute(db);
  },
});

/** Once a day, when little else goes on. */
export const PURGE_INTEGRATION_DAILY = `50 3 * * * ${purgeIntegration.name}`;
