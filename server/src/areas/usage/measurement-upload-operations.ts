import { sql } from 'kysely';
import { z } from 'zod';
import { insertChecked } from '../../api/entity-writes.ts';
import { text, textMap } from '../../api/fields.ts';
import { ignoredParameter, momentParameter } from '../../api/filters.ts';
import { allowedConditions } from '../../api/item-permission.ts';
import { type AnyCall, defineOperation, type Operation } from '../../api/operation.ts';
import { organizationZone } from '../../api/organization-zone.ts';
import { entityPage, pageParameters } from '../../api/page.ts';
import { idOf } from '../../api/resource.ts';
import { enqueue } from '../../jobs/enqueue.ts';
import { present } from '../../kernel/assert.ts';
import { ApiError } from '../../kernel/errors.ts';
import { type Instant, type PlainDate, startOfDate, Temporal } from '../../kernel/time.ts';
import type { Condition, Row } from '../../store/database.ts';
import { findEntity } from '../../store/entity-store.ts';
import { inTransaction } from '../../store/transaction.ts';
import { awaitMeasurementUpload } from './await-measurement-upload.ts';
import { type MeasurementUpload, measurementUpload, uploadFileKey } from './measurement-upload.ts';

const JOBS = '/fileuploads/measurements/jobs';
const DOWNLOAD_LINK = { minutes: 5 };

const declared = {
  tag: 'Measurements',
  permission: { action: 'measurements:fileupload', resource: 'measurements:fileupload' },
};
const link = z.object({ jobId: text(), url: text({ max: 10_000 }), headers: textMap() });

function generateUploadUrl(): Operation {
  return defineOperation({
    ...declared,
    id: 'GenerateUploadUrl',
    method: 'POST',
    path: '/fileuploads/measurements/generateUploadUrl',
    summary: 'get a link to upload a file of measurements to',
    body: measurementUpload.body,
    response: link,
    answers: 'whole',
    handle: async (call) => {
      const values = call.body() as Row;
      const upload = await inTransaction(call.ctx.db, async (tx) => {
        const made = await insertChecked(measurementUpload, { tx, call, values });
        const { orgId, id } = made;
        await enqueue(tx, { task: awaitMeasurementUpload, payload: { orgId, id } });
        return made;
      });
      const terms = {
        contentType: upload.contentType,
        sizeBytes: upload.contentLength,
        now: upload.dtCreated,
        expires: present(upload.linkEnds, 'the end of the link'),
      };
      const { url, headers } = await call.ctx.files.uploadLink(uploadFileKey(upload), terms);
      return { jobId: upload.id, url, headers };
    },
  });
}

function listUploads(): Operation {
  return defineOperation({
    ...declared,
    id: 'ListJobs',
    method: 'GET',
    path: JOBS,
    summary: 'list file upload jobs',
    query: z.object({
      ...pageParameters(measurementUpload.maxPageSize),
      dateCreatedStart: momentParameter(),
      dateCreatedEnd: momentParameter(),
      fileKey: ignoredParameter({ type: 'string' }),
    }),
    response: measurementUpload.response,
    answers: 'page',
    handle: async (call) => {
      const zone = await organizationZone(call.ctx.db, call.orgId);
      const { dateCreatedStart, dateCreatedEnd } = call.query;
      const conditions: Condition[] = [...allowedConditions(call, declared.permission, measurementUpload)];
      if (dateCreatedStart !== undefined) {
        conditions.push(sql`dt_created >= ${placed(dateCreatedStart, zone)}::timestamptz`);
      }
      if (dateCreatedEnd !== undefined) {
        conditions.push(sql`dt_created < ${placed(dateCreatedEnd, zone)}::timestamptz`);
      }
      const page = await entityPage(measurementUpload, call, conditions);
      return { ...page, data: page.data.map((upload) => measurementUpload.answer?.(upload)) };
    },
  });
}

function readUpload(): Operation {
  return defineOperation({
    ...declared,
    id: 'GetUploadJobResponse',
    method: 'GET',
    path: `${JOBS}/{id}`,
    summary: 'get a file upload job',
    response: measurementUpload.response,
    handle: async (call) => measurementUpload.answer?.(await existingUpload(call, idOf(call.params))),
  });
}

function originalFileUrl(): Operation {
  return defineOperation({
    ...declared,
    permission: { action: 'measurements:retrieve', resource: 'measurements:fileupload' },
    id: 'GetJobOriginalFileDownloadUrl',
    method: 'GET',
    path: `${JOBS}/{id}/original`,
    summary: 'get a link to the uploaded file',
    response: link,
    answers: 'whole',
    handle: async (call) => {
      const upload = await existingUpload(call, idOf(call.params));
      const { files, clock } = call.ctx;
      const key = uploadFileKey(upload);
      if ((await files.size(key)) === null) throw new ApiError('NOT_FOUND', 'no file has been uploaded');
      const now = clock.now();
      const { fileName, contentType } = upload;
      const { url, headers } = await files.downloadLink(key, {
        fileName,
        contentType,
        now,
        expires: now.add(DOWNLOAD_LINK),
      });
      return { jobId: upload.id, url, headers };
    },
  });
}

/** Upload links for files of measurements, and what became of the files (spec 20 §9). */
export const measurementUploadOperations: readonly Operation[] = [
  generateUploadUrl(),
  listUploads(),
  readUpload(),
  originalFileUrl(),
];

function placed(moment: Instant | PlainDate, zone: string): string {
  return String(moment instanceof Temporal.PlainDate ? startOfDate(moment, zone) : moment);
}

async function existingUpload({ ctx, orgId }: AnyCall, id: string): Promise<MeasurementUpload> {
  const found = await findEntity(ctx.db, measurementUpload.entityTable, { orgId, id });
  if (!found) throw new ApiError('NOT_FOUND', 'there is no file upload job with this id');
  return found as unknown as MeasurementUpload;
}
