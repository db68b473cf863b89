import { sql } from 'kysely';
import { z } from 'zod';
import { answerOf } from '../../api/entity-writes.ts';
import { dateTime, integer, oneOf, optional, reference, text, textMap } from '../../api/fields.ts';
import { type AnyCall, defineOperation, type Operation } from '../../api/operation.ts';
import { entityPage, pageParameters } from '../../api/page.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError, refusal } from '../../kernel/errors.ts';
import type { Row, Tx } from '../../store/database.ts';
import { deleteEntity, findEntity, lockEntity } from '../../store/entity-store.ts';
import { inTransaction } from '../../store/transaction.ts';
import { insertJob } from './insert-lookup-table-job.ts';
import { refuseItemWrite } from './lookup-table-items.ts';
import {
  archivedFileKey,
  fileEnding,
  LOOKUP_FILE_TYPES,
  type LookupTableJob,
  lookupFileKey,
  lookupTableJob,
  newLookupJob,
} from './lookup-table-job.ts';
import { isSameShape, lookupTableRevision, type StoredRevision } from './lookup-table-revision.ts';
import {
  existingRevision,
  insertRevision,
  lockedRevision,
  type RevisionCall,
} from './lookup-table-revision-operations.ts';

const DATA = '/lookuptables/{lookupTableId}/revisions/{lookupTableRevisionId}/data';
const REVISION = 'lookupTableRevisionId';
const MAX_FILE_BYTES = 104_857_600;
const UPLOAD_LINK = { minutes: 1 };
const ARCHIVED_LINK = { hours: 1 };

const link = { url: text({ max: 10_000 }) };

function declared(verb: 'create' | 'retrieve' | 'update' | 'delete') {
  return {
    tag: 'LookupTableRevisionData',
    permission: { action: `config:${verb}`, resource: lookupTableRevision.permission },
    answers: 'whole' as const,
  };
}

function generateUploadUrl(): Operation {
  return defineOperation({
    ...declared('update'),
    id: 'GenerateLookupTableDataUploadUrl',
    method: 'POST',
    path: `${DATA}/generateuploadurl`,
    summary: 'get a link to upload items of a lookup table revision to',
    body: z.object({
      fileName: text({ max: 100 }),
      contentType: oneOf(LOOKUP_FILE_TYPES),
      contentLength: integer({ min: 1, max: MAX_FILE_BYTES }),
      version: optional(integer()),
    }),
    response: z.object({ jobId: text(), ...link, headers: textMap() }),
    handle: async (call) => {
      const now = call.ctx.clock.now();
      const expires = now.add(UPLOAD_LINK);
      const job = await inTransaction(call.ctx.db, async (tx) => {
        const revision = await lockedRevision(tx, call, REVISION);
        const { version, ...file } = call.body();
        await refuseItemWrite(tx, revision, version);
        const values = { ...file, type: 'UPLOAD', itemsVersion: version, linkEnds: expires };
        return insertJob(tx, call, newLookupJob(revision, values));
      });
      const terms = { contentType: String(job.contentType), sizeBytes: job.contentLength ?? 0, now, expires };
      const { url, headers } = await call.ctx.files.uploadLink(lookupFileKey(job), terms);
      return { jobId: job.id, url, headers };
    },
  });
}

function triggerDownload(): Operation {
  return defineOperation({
    ...declared('retrieve'),
    id: 'TriggerLookupTableRevisionDataDownloadJob',
    method: 'POST',
    path: `${DATA}/jobs/download`,
    summary: 'write the items of a lookup table revision to a file',
    body: z.object({ contentType: oneOf(LOOKUP_FILE_TYPES) }),
    response: z.object({ jobId: text() }),
    handle: async (call) => {
      const revision = await existingRevision(call.ctx.db, call, REVISION);
      const { contentType } = call.body();
      const fileName = `lookup-table.${fileEnding(contentType)}`;
      const values = { type: 'DOWNLOAD', contentType, fileName };
      const job = await inTransaction(call.ctx.db, (tx) =>
        insertJob(tx, call, newLookupJob(revision, values)),
      );
      return { jobId: job.id };
    },
  });
}

function copyItems(): Operation {
  return defineOperation({
    ...declared('update'),
    id: 'CopyLookupTableRevisionData',
    method: 'POST',
    path: `${DATA}/copy`,
    summary: 'copy the items of a lookup table revision to another one',
    body: z.object({ revisionId: optional(reference('LookupTableRevision')) }),
    response: z.object({ jobId: text(), revisionId: text() }),
    handle: async (call) =>
      inTransaction(call.ctx.db, async (tx) => {
        const revision = await lockedRevision(tx, call, REVISION);
        const { revisionId } = call.body();
        const target =
          revisionId === null
            ? await newCopy(tx, call, revision)
            : await copyTarget(tx, { call, revision, revisionId });
        const values = { type: 'COPY', destinationLookupTableRevisionId: target.id };
        const job = await insertJob(tx, call, newLookupJob(revision, values));
        return { jobId: job.id, revisionId: target.id };
      }),
  });
}

const COPY_SUFFIX = ' Copy';
const MAX_NAME = 200;

async function newCopy(tx: Tx, call: AnyCall, revision: StoredRevision): Promise<StoredRevision> {
  const { lookupTableId, startDate, fields, keys, customFields } = revision;
  const name = `${[...revision.name].slice(0, MAX_NAME - COPY_SUFFIX.length).join('')}${COPY_SUFFIX}`;
  const values = { name, startDate, fields, keys, customFields };
  return insertRevision(tx, call, { lookupTableId, values });
}

type CopyTarget = {
  readonly call: AnyCall;
  readonly revision: StoredRevision;
  readonly revisionId: string;
};

/** The revision to copy to, of any table of the organization; throws for one that is not fit. */
async function copyTarget(tx: Tx, { call, revision, revisionId }: CopyTarget): Promise<StoredRevision> {
  const key = { orgId: call.orgId, id: revisionId };
  const found = (await lockEntity(tx, lookupTableRevision.entityTable, key)) as StoredRevision | null;
  if (!found) throw refusal('REFERENCE_NOT_FOUND', 'revisionId', 'names no lookup table revision');
  if (found.id === revision.id) throw refusal('VALIDATION_FAILED', 'revisionId', 'is the revision itself');
  if (!isSameShape(found, revision)) {
    throw refusal('VALIDATION_FAILED', 'revisionId', 'names a revision with other fields or keys');
  }
  await refuseItemWrite(tx, found, undefined);
  return found;
}

function archivedUrl(): Operation {
  return defineOperation({
    ...declared('retrieve'),
    id: 'GetLookupTableRevisionArchivedDataUrl',
    method: 'POST',
    path: `${DATA}/archived`,
    summary: 'get a link to the items of an archived lookup table revision',
    body: z.object({ contentType: oneOf(LOOKUP_FILE_TYPES) }),
    response: z.object({ ...link, expiry: dateTime() }),
    handle: async (call) => {
      const revision = await existingRevision(call.ctx.db, call, REVISION);
      const { contentType } = call.body();
      if (revision.status !== 'ARCHIVED') {
        throw new ApiError('ILLEGAL_STATE', `the revision is ${revision.status}, not ARCHIVED`);
      }
      const { files, clock } = call.ctx;
      const key = archivedFileKey({ orgId: call.orgId, revisionId: revision.id }, contentType);
      if ((await files.size(key)) === null) {
        throw new ApiError('ILLEGAL_STATE', 'the items are being archived, ask again in a moment');
      }
      const now = clock.now();
      const expires = now.add(ARCHIVED_LINK);
      const fileName = `lookup-table.${fileEnding(contentType)}`;
      const { url } = await files.downloadLink(key, { fileName, contentType, now, expires });
      return { url, expiry: expires };
    },
  });
}

function listJobs(): Operation {
  return defineOperation({
    ...declared('retrieve'),
    id: 'ListLookupTableRevisionDataJobs',
    method: 'GET',
    path: `${DATA}/jobs`,
    summary: 'list the jobs on the items of a lookup table revision',
    query: z.object(pageParameters(lookupTableJob.maxPageSize)),
    response: jobResponse(),
    answers: 'page',
    handle: async (call) => {
      const revision = await existingRevision(call.ctx.db, call, REVISION);
      const ofRevision = sql<boolean>`lookup_table_revision_id = ${revision.id}`;
      const page = await entityPage(lookupTableJob, call, [ofRevision]);
      return { ...page, data: await Promise.all(page.data.map((job) => jobAnswer(call, job))) };
    },
  });
}

function readJob(): Operation {
  return defineOperation({
    ...declared('retrieve'),
    id: 'GetLookupTableRevisionDataJobResponse',
    method: 'GET',
    path: `${DATA}/jobs/{id}`,
    summary: 'get a job on the items of a lookup table revision',
    response: jobResponse(),
    answers: 'object',
    handle: async (call) => {
      const revision = await existingRevision(call.ctx.db, call, REVISION);
      const key = { orgId: call.orgId, id: idOf(call.params) };
      return jobAnswer(call, jobOf(revision, await findEntity(call.ctx.db, lookupTableJob.entityTable, key)));
    },
  });
}

function deleteJob(): Operation {
  return defineOperation({
    ...declared('delete'),
    id: 'DeleteLookupTableRevisionDataJobResponse',
    method: 'DELETE',
    path: `${DATA}/jobs/{id}`,
    summary: 'delete a job on the items of a lookup table revision, with its file',
    response: jobResponse(),
    answers: 'object',
    handle: async (call) => {
      const gone = await inTransaction(call.ctx.db, async (tx) => {
        const revision = await existingRevision(tx, call, REVISION);
        const key = { orgId: call.orgId, id: idOf(call.params) };
        const job = jobOf(revision, await lockEntity(tx, lookupTableJob.entityTable, key));
        await deleteEntity(tx, lookupTableJob.entityTable, key);
        return job;
      });
      await call.ctx.files.remove(lookupFileKey(gone));
      return jobAnswer(call, { ...gone, downloadEnds: null });
    },
  });
}

/** Files and jobs of the items of a revision (spec 20 §15.5). */
export const lookupTableJobOperations: readonly Operation[] = [
  generateUploadUrl(),
  copyItems(),
  archivedUrl(),
  triggerDownload(),
  listJobs(),
  readJob(),
  deleteJob(),
];

function jobOf(revision: StoredRevision, found: Row | null): LookupTableJob {
  if (found?.['lookupTableRevisionId'] === revision.id) return found as unknown as LookupTableJob;
  throw new ApiError('NOT_FOUND', 'there is no job with this id on this revision');
}

function jobResponse() {
  return lookupTableJob.response.extend({
    jobDate: dateTime(),
    downloadUrl: optional(text({ max: 10_000 })),
    downloadUrlExpiry: optional(dateTime()),
  });
}

async function jobAnswer(call: RevisionCall, job: LookupTableJob): Promise<Row> {
  const shown = { ...answerOf(lookupTableJob, job), jobDate: job.dtCreated };
  const now = call.ctx.clock.now();
  const { downloadEnds, contentType, fileName } = job;
  if (!downloadEnds || !contentType || downloadEnds.epochMilliseconds <= now.epochMilliseconds) return shown;
  const terms = { fileName: fileName ?? 'lookup-table', contentType, now, expires: downloadEnds };
  const { url } = await call.ctx.files.downloadLink(lookupFileKey(job), terms);
  return { ...shown, downloadUrl: url, downloadUrlExpiry: downloadEnds };
}
