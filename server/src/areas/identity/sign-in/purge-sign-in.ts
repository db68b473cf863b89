import { sql } from 'kysely';
import { z } from 'zod';
import { defineTask } from '../../../jobs/task.ts';

/** Deletes what has ended: records of sign-ins, answers that were kept for their Idempotency-Key. */
export const purgeSignIn = defineTask({
  name: 'purgeSignIn',
  payload: z.object({}),
  run: async ({ db, clock }) => {
    await sql`delete from oidc_record where dt_expires <= now()`.execute(db);
    await sql`delete from idempotent_request where org_id in (select id from organization)
      and dt_expires <= ${String(clock.now())}::timestamptz`.execute(db);
  },
});

export const PURGE_SIGN_IN_HOURLY = `25 * * * * ${purgeSignIn.name}`;
