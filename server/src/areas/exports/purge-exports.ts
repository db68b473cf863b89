import { sql } from 'kysely';
import { z } from 'zod';
import { defineTask } from '../../jobs/task.ts';
import type { Db } from '../../store/database.ts';
import { FILE_HOURS } from './export-download.ts';
import { type ExportJob, jobsEnd } from './export-job.ts';

const PAGE = 200;

/** Removes the files of exports after a day and the jobs after 90 days (spec 60 §8.5). */
export const purgeExports = defineTask({
  name: 'purgeExports',
  payload: z.object({}),
  run: async ({ db, clock, files }) => {
    const now = clock.now();
    const finishedUntil = String(now.subtract({ hours: FILE_HOURS }));
    for (;;) {
      const jobs = await jobsWithFiles(db, finishedUntil);
      for (const job of jobs) {
        for (const { key } of job.files) await files.remove(key);
        await forgetFiles(db, job);
      }
      if (jobs.length < PAGE) break;
    }
    await sql`delete from export_job where org_id in (select id from organization)
      and status in ('SUCCEEDED', 'FAILED') and dt_created <= ${jobsEnd(now)}::timestamptz`.execute(db);
  },
});

/** Once a day, when little else goes on. */
export const PURGE_EXPORTS_DAILY = `50 3 * * * ${purgeExports.name}`;

type Finished = Pick<ExportJob, 'orgId' | 'id'> & { readonly files: readonly { readonly key: string }[] };

async function jobsWithFiles(db: Db, finishedUntil: string): Promise<Finished[]> {
  const { rows } = await sql<Finished>`select org_id, id, files from export_job
    where org_id in (select id from organization) and files <> '[]'
      and finished_at <= ${finishedUntil}::timestamptz limit ${PAGE}`.execute(db);
  return rows;
}

async function forgetFiles(db: Db, { orgId, id }: Finished): Promise<void> {
  await sql`update export_job set files = '[]' where org_id = ${orgId} and id = ${id}`.execute(db);
}
