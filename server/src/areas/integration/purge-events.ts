import { sql } from 'kysely';
import { z } from 'zod';
import { defineTask } from '../../jobs/task.ts';
import { eventsEnd } from './event-row.ts';

/** Deletes the events of all organizations that are over (spec 60 §1.1). */
export const purgeEvents = defineTask({
  name: 'purgeEvents',
  payload: z.object({}),
  run: async ({ db, clock }) => {
    await sql`delete from event where org_id in (select id from organization)
      and event_time <= ${eventsEnd(clock.now())}::timestamptz`.execute(db);
  },
});

/** Once a day, when little else goes on. */
export const PURGE_EVENTS_DAILY = `40 3 * * * ${purgeEvents.name}`;
