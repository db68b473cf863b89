import { z } from 'zod';
import { dateTime, text } from '../../api/fields.ts';
import { defineOperation } from '../../api/operation.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError } from '../../kernel/errors.ts';
import { isBefore } from '../../kernel/time.ts';
import { findEntity } from '../../store/entity-store.ts';
import { type ExportJob, exportJob } from './export-job.ts';

/** How long the files of a job can be fetched, and one link to them (spec 60 §8.5). */
export const FILE_HOURS = 24;
const LINK_MINUTES = 15;

/** `GET dataexports/jobs/{jobId}/getdownloadurl`: a link to the job's file, or to a zip of its files. */
export const exportDownloadUrl = defineOperation({
  id: 'GenerateDataExportFileDownloadUrl',
  method: 'GET',
  path: '/dataexports/jobs/{jobId}/getdownloadurl',
  summary: 'get the download address of an export',
  tag: 'ExportJob',
  permission: { action: 'exports:download', resource: 'exports:job' },
  response: z.object({ url: text({ max: 10_000 }), expirationTime: dateTime() }),
  answers: 'whole',
  handle: async ({ ctx, orgId, params }) => {
    const now = ctx.clock.now();
    const key = { orgId, id: idOf(params, 'jobId') };
    const job = (await findEntity(ctx.db, exportJob.entityTable, key)) as unknown as ExportJob | null;
    if (!job) throw new ApiError('NOT_FOUND', 'there is no ExportJob with this id');
    if (job.status !== 'SUCCEEDED') {
      throw new ApiError('ILLEGAL_STATE', `the job is ${job.status}: only a job that SUCCEEDED has files`);
    }
    const [file] = job.files ?? [];
    const start = now.subtract({ hours: FILE_HOURS });
    if (!file || job.finishedAt === null || isBefore(job.finishedAt, start)) {
      throw new ApiError('ILLEGAL_STATE', `files are kept for ${FILE_HOURS} hours`);
    }
    const expires = now.add({ minutes: LINK_MINUTES });
    const contentType = file.name.endsWith('.zip') ? 'application/zip' : 'application/gzip';
    const terms = { fileName: file.name, contentType, now, expires };
    const { url } = await ctx.files.downloadLink(file.key, terms);
    return { url, expirationTime: expires };
  },
});
