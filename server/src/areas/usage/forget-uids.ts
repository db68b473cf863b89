import { z } from 'zod';
import { defineTask } from '../../jobs/task.ts';
import { forgetOldUids } from './uid-claims.ts';

/** Forgets the uids of all organizations whose 35 days are over (spec 20 §7.6). */
export const forgetUids = defineTask({
  name: 'forgetUids',
  payload: z.object({}),
  run: ({ db, clock }) => forgetOldUids(db, clock.now()),
});

/** Once a day, when little else goes on. */
export const FORGET_UIDS_DAILY = `20 3 * * * ${forgetUids.name}`;
