import { sql } from 'kysely';
import { answerOf } from '../../api/entity-writes.ts';
import type { Tx } from '../../store/database.ts';
import { findEntity, replaceEntity, type Writer } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { withNext } from '../../store/value-client.ts';
import { type BillJob, billJob } from './bill-job.ts';

type JobKey = { readonly orgId: string; readonly id: string };

/**
 * The job, which nobody else can write until the transaction ends; null when there is none of that id. Runs
 * that name it in their rows do not wait: two of them would wait for each other when both come to the end.
 */
export async function lockBillJob(tx: Tx, { orgId, id }: JobKey): Promise<BillJob | null> {
  await sql`${withNext}select from bill_job where org_id = ${orgId} and id = ${id}
    for no key update`.execute(tx);
  return (await findEntity(tx, billJob.entityTable, { orgId, id })) as unknown as BillJob | null;
}

type Progress = Partial<Pick<BillJob, 'status' | 'total' | 'pendingAtEnd'>>;

/** Writes a change of status with audit and event (spec 60 §1.3). The transaction has locked the job. */
export async function updateBillJob(
  tx: Tx,
  writer: Writer,
  { before, progress, requestId = null }: { before: BillJob; progress: Progress; requestId?: string | null },
): Promise<BillJob> {
  const values = { ...before, ...progress };
  const after = (await replaceEntity(tx, billJob.entityTable, {
    writer,
    id: before.id,
    values,
  })) as unknown as BillJob;
  const shown = (job: BillJob) => ({ ...answerOf(billJob, job), orgId: writer.orgId });
  await recordChange(tx, writer, {
    entityType: 'BillJob',
    entityId: before.id,
    action: 'updated',
    event: 'billing.billjob',
    before: shown(before),
    after: shown(after),
    requestId,
  });
  return after;
}

/** How many units the job has still to calculate. */
export async function openUnits(tx: Tx, { orgId, id }: JobKey): Promise<number> {
  const { rows } = await sql<{ open: number }>`
    select count(*) as open from bill_job_unit where org_id = ${orgId} and bill_job_id = ${id}`.execute(tx);
  return rows[0]?.open ?? 0;
}
