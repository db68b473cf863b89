import { writerOf } from '../../api/entity-writes.ts';
import type { AnyCall } from '../../api/operation.ts';
import { enqueue } from '../../jobs/enqueue.ts';
import type { Row, Tx } from '../../store/database.ts';
import { insertEntity } from '../../store/entity-store.ts';
import { type LookupTableJob, lookupTableJob, newLookupJob } from './lookup-table-job.ts';
import type { StoredRevision } from './lookup-table-revision.ts';
import { runLookupTableJob } from './run-lookup-table-job.ts';

/** A revision that becomes archived: its items are to be written to files. */
export async function insertArchiveJob(tx: Tx, call: AnyCall, revision: StoredRevision): Promise<void> {
  await insertJob(tx, call, newLookupJob(revision, { type: 'ARCHIVE' }));
}

/** Stores a job and puts its work into the queue. */
export async function insertJob(tx: Tx, call: AnyCall, values: Row): Promise<LookupTableJob> {
  const made = await insertEntity(tx, lookupTableJob.entityTable, { writer: writerOf(call), values });
  const { orgId, id } = made;
  await enqueue(tx, { task: runLookupTableJob, payload: { orgId, id } });
  return made as unknown as LookupTableJob;
}
