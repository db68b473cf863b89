import { sql } from 'kysely';
import { refusal } from '../../kernel/errors.ts';
import { writeJson } from '../../kernel/json.ts';
import type { Tx } from '../../store/database.ts';
import { insertEntity, type Writer } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { type ExportJob, exportJob } from './export-job.ts';
import type { ExportRequest } from './export-request.ts';
import { enqueueExport } from './run-export-job.ts';

export type NewExport = {
  readonly scheduleId: string | null;
  readonly sourceType: 'USAGE' | 'OPERATIONAL';
  readonly request: ExportRequest;
};

/**
 * Makes a job and has it run; answers its id. One whose schedule has an unfinished job waits for its end
 * (`run-export-job.ts` starts it then), so the caller holds the lock of the schedule.
 */
export async function startExport(tx: Tx, writer: Writer, wanted: NewExport): Promise<string> {
  const waits = wanted.scheduleId !== null && (await unfinishedJobs(tx, writer.orgId, wanted.scheduleId)) > 0;
  const values = { ...wanted, status: 'PENDING', failures: 0, files: [] };
  const job = (await insertEntity(tx, exportJob.entityTable, { writer, values })) as unknown as ExportJob;
  await recordChange(tx, writer, {
    entityType: exportJob.name,
    entityId: job.id,
    action: 'created',
    event: null,
    before: null,
    after: { id: job.id, version: 1, ...wanted, request: JSON.parse(writeJson(wanted.request)) },
    requestId: null,
  });
  if (!waits) await enqueueExport(tx, { orgId: writer.orgId, jobId: job.id, failures: 0 });
  return job.id;
}

/** How many jobs of a schedule are waiting or running. */
export async function unfinishedJobs(tx: Tx, orgId: string, scheduleId: string): Promise<number> {
  const { rows } = await sql<{ unfinished: number }>`select count(*) as unfinished from export_job
    where org_id = ${orgId} and schedule_id = ${scheduleId} and status in ('PENDING', 'RUNNING')`.execute(tx);
  return rows[0]?.unfinished ?? 0;
}

/** Throws REFERENCE_NOT_FOUND for the first id that names no destination of the organization. */
export async function destinationsMustExist(tx: Tx, orgId: string, ids: readonly string[]): Promise<void> {
  const { rows } = await sql<{ id: string }>`select id from export_destination
    where org_id = ${orgId} and id = any(${ids}::uuid[])`.execute(tx);
  const known = new Set(rows.map(({ id }) => id));
  const unknown = ids.findIndex((id) => !known.has(id));
  if (unknown >= 0) {
    throw refusal('REFERENCE_NOT_FOUND', `destinationIds[${unknown}]`, 'names no destination');
  }
}
