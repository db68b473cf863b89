import { sql } from 'kysely';
import { z } from 'zod';
import { defineTask } from '../../jobs/task.ts';

/** How long the audit log is kept (spec 10 §22). */
const KEPT_HOURS = 400 * 24;

/** Deletes what is over in the audit logs of all organizations. */
export const purgeAudit = defineTask({
  name: 'purgeAudit',
  payload: z.object({}),
  run: async ({ db, clock }) => {
    const end = clock.now().subtract({ hours: KEPT_HOURS });
    await sql`delete from audit_entry where org_id in (select id from organization)
      and dt_created < ${String(end)}::timestamptz`.execute(db);
  },
});

/** Once a day, when little else goes on. */
export const PURGE_AUDIT_DAILY = `50 3 * * * ${purgeAudit.name}`;
