import { sql } from 'kysely';
import { z } from 'zod';
import { defineTask } from '../../jobs/task.ts';
import { forgetOldUids } from './uid-claims.ts';

/** Failure files live as long as the events that name them (spec 60 §1.1). */
const FAILURE_FILE_DAYS = 28;

/** Deletes what ingest remembers for a time: uids after their window (spec 20 §7.6) and files of failures. */
export const purgeIngest = defineTask({
  name: 'purgeIngest',
  payload: z.object({}),
  run: async ({ db, clock }) => {
    const now = clock.now();
    await forgetOldUids(db, now);
    const end = String(now.subtract({ hours: 24 * FAILURE_FILE_DAYS }));
    await sql`delete from failed_measurement where org_id in (select id from organization)
      and received_at <= ${end}::timestamptz`.execute(db);
    await sql`delete from measurement_group_failure where insert_id not in
      (select insert_id from measurement_batch where insert_id is not null)`.execute(db);
  },
});

/** Once a day, when little else goes on. */
export const PURGE_INGEST_DAILY = `20 3 * * * ${purgeIngest.name}`;
