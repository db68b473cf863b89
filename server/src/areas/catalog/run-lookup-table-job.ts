import { sql } from 'kysely';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { enqueue } from '../../jobs/enqueue.ts';
import { defineTask, type Task } from '../../jobs/task.ts';
import { ApiError } from '../../kernel/errors.ts';
import { currentInstant } from '../../kernel/time.ts';
import { FileFault } from '../../ports/files/text-lines.ts';
import { pauseBeforeNextLook } from '../../ports/files/upload-wait.ts';
import type { Tx } from '../../store/database.ts';
import { findEntity, lockEntity } from '../../store/entity-store.ts';
import { inTransaction } from '../../store/transaction.ts';
import { lookupFileContent, lookupFileRows, type PlacedItem } from './lookup-table-file.ts';
import { keyedItems } from './lookup-table-item.ts';
import { type ItemWriting, putItems, refuseItemWrite, stampWrite } from './lookup-table-items.ts';
import {
  archivedFileKey,
  LOOKUP_FILE_TYPES,
  type LookupTableJob,
  lookupFileKey,
  lookupTableJob,
} from './lookup-table-job.ts';
import { lookupTableRevision, type StoredRevision } from './lookup-table-revision.ts';

const PORTION = 2000;
const DOWNLOAD_HOURS = 24;

const payload = z.object({ orgId: z.string(), id: z.string() });
type JobKey = z.output<typeof payload>;

/**
 * Does the work of a job on the rows of a revision: reads an uploaded file once it has arrived, writes files,
 * copies rows (spec 20 §15.5). A job that was deleted meanwhile is not there any more. What cannot be done
 * fails the job with its reason, and nothing has been changed.
 */
export const runLookupTableJob: Task<JobKey> = defineTask({
  name: 'runLookupTableJob',
  payload,
  run: async (ctx, key) => {
    const job = (await findEntity(ctx.db, lookupTableJob.entityTable, key)) as LookupTableJob | null;
    if (job?.status !== 'PENDING') return;
    try {
      if (job.type === 'UPLOAD') await takeUpload(ctx, job);
      else if (job.type === 'COPY') await copyItems(ctx, job);
      else await writeFiles(ctx, job);
    } catch (error) {
      if (!(error instanceof FileFault) && !(error instanceof ApiError)) throw error;
      await endJob(ctx.db as Tx, job, { status: 'FAILED', failureReason: error.message.slice(0, 1000) });
    }
  },
});

type Ending = {
  readonly status: 'SUCCEEDED' | 'FAILED';
  readonly failureReason?: string;
  readonly downloadEnds?: string;
};

async function endJob(tx: Tx, { orgId, id }: JobKey, ending: Ending): Promise<void> {
  await sql`update lookup_table_job set status = ${ending.status}, version = version + 1,
      dt_last_modified = now(), failure_reason = ${ending.failureReason ?? null},
      download_ends = ${ending.downloadEnds ?? null}
    where org_id = ${orgId} and id = ${id} and status = 'PENDING'`.execute(tx);
}

async function takeUpload(ctx: Context, job: LookupTableJob): Promise<void> {
  const content = await ctx.files.read(lookupFileKey(job));
  if (content === null) return lookLater(ctx, job);
  try {
    await inTransaction(ctx.db, async (tx) => {
      if (!(await holdJob(tx, job))) return;
      const revision = await heldRevision(tx, job.orgId, job.lookupTableRevisionId);
      await refuseItemWrite(tx, revision, job.itemsVersion);
      const contentType = job.contentType ?? 'application/jsonl';
      await putPortions(tx, revision, lookupFileRows(content, revision, contentType));
      await stampWrite(tx, writingOf(ctx, job), revision);
      await endJob(tx, job, { status: 'SUCCEEDED' });
    });
  } finally {
    content.destroy();
  }
}

async function lookLater(ctx: Context, job: LookupTableJob): Promise<void> {
  const pauseMs = job.linkEnds && pauseBeforeNextLook(job.linkEnds, ctx.clock.now());
  if (pauseMs === null) throw new FileFault('no file has been uploaded');
  const runAt = currentInstant().add({ milliseconds: pauseMs });
  const { orgId, id } = job;
  await inTransaction(ctx.db, (tx) =>
    enqueue(tx, { task: runLookupTableJob, payload: { orgId, id }, runAt }),
  );
}

async function putPortions(tx: Tx, revision: StoredRevision, rows: AsyncIterable<PlacedItem>): Promise<void> {
  let portion: PlacedItem[] = [];
  const put = async () => {
    const place = (index: number) => `row ${portion[index]?.number}`;
    const items = portion.map(({ item }) => item);
    await putItems(tx, revision, keyedItems(revision, items, place));
    portion = [];
  };
  for await (const row of rows) {
    portion.push(row);
    if (portion.length === PORTION) await put();
  }
  if (portion.length > 0) await put();
}

/** Locks the job; false when it was deleted or done meanwhile. */
async function holdJob(tx: Tx, job: LookupTableJob): Promise<boolean> {
  const held = (await lockEntity(tx, lookupTableJob.entityTable, job)) as LookupTableJob | null;
  return held?.status === 'PENDING';
}

async function heldRevision(tx: Tx, orgId: string, id: string | null): Promise<StoredRevision> {
  const found = await lockEntity(tx, lookupTableRevision.entityTable, { orgId, id: id ?? '' });
  if (!found) throw new FileFault('the revision has been deleted');
  return found as unknown as StoredRevision;
}

function writingOf(ctx: Context, job: LookupTableJob): ItemWriting {
  const writer = { orgId: job.orgId, principalId: job.createdBy, now: ctx.clock.now() };
  return { writer, requestId: null };
}

async function copyItems(ctx: Context, job: LookupTableJob): Promise<void> {
  await inTransaction(ctx.db, async (tx) => {
    if (!(await holdJob(tx, job))) return;
    const target = await heldRevision(tx, job.orgId, job.destinationLookupTableRevisionId);
    await refuseItemWrite(tx, target, undefined);
    await sql`insert into lookup_table_item (org_id, revision_id, key_hash, lookup_key, item)
      select org_id, ${target.id}, key_hash, lookup_key, item from lookup_table_item
      where org_id = ${job.orgId} and revision_id = ${job.lookupTableRevisionId}
      on conflict (org_id, revision_id, key_hash)
        do update set lookup_key = excluded.lookup_key, item = excluded.item`.execute(tx);
    await stampWrite(tx, writingOf(ctx, job), target);
    await endJob(tx, job, { status: 'SUCCEEDED' });
  });
}

/** A download in the form that was asked for; an archive in each. */
async function writeFiles(ctx: Context, job: LookupTableJob): Promise<void> {
  const { orgId, lookupTableRevisionId } = job;
  const key = { orgId, id: lookupTableRevisionId ?? '' };
  const found = await findEntity(ctx.db, lookupTableRevision.entityTable, key);
  if (!found) throw new FileFault('the revision has been deleted');
  const revision = found as unknown as StoredRevision;
  const chosen = job.contentType === null ? LOOKUP_FILE_TYPES : [job.contentType];
  for (const contentType of chosen) {
    const isArchive = job.type === 'ARCHIVE';
    const fileKey = isArchive
      ? archivedFileKey({ orgId, revisionId: revision.id }, contentType)
      : lookupFileKey(job);
    await ctx.files.write(fileKey, lookupFileContent(ctx.db, revision, contentType));
  }
  const downloadEnds = String(ctx.clock.now().add({ hours: DOWNLOAD_HOURS }));
  const ending = { status: 'SUCCEEDED' as const };
  await endJob(ctx.db as Tx, job, job.type === 'ARCHIVE' ? ending : { ...ending, downloadEnds });
}
