import { writerOf } from '../../../api/entity-writes.ts';
import type { AnyCall } from '../../../api/operation.ts';
import type { Context } from '../../../context.ts';
import type { Row, Tx } from '../../../store/database.ts';
import { insertEntity, lockEntity, replaceEntity, type Writer } from '../../../store/entity-store.ts';
import { recordChanges } from '../../../store/outbox.ts';
import { type StatementFormat, statementUrl } from './statement-files.ts';
import { type StatementJob, statementJob, statementJobAnswer } from './statement-job.ts';

type JobKey = { readonly orgId: string; readonly id: string };

/** The job, which nobody else can write until the transaction ends; null when there is none of that id. */
export async function lockStatementJob(tx: Tx, key: JobKey): Promise<StatementJob | null> {
  return (await lockEntity(tx, statementJob.entityTable, key)) as unknown as StatementJob | null;
}

/** A job as it is answered: once it is COMPLETE with links to its files that are good for 15 minutes. */
export async function linkedAnswer(ctx: Context, job: StatementJob): Promise<Row> {
  const answer = statementJobAnswer(job);
  if (job.statementJobStatus !== 'COMPLETE') return answer;
  const urlOf = (format: StatementFormat) => statementUrl(ctx, job, format);
  return {
    ...answer,
    presignedJsonStatementUrl: await urlOf('json'),
    ...(job.includeCsvFormat && { presignedCsvStatementUrl: await urlOf('csv') }),
  };
}

/** Who writes a job, and for which request. */
export type JobWriting = {
  readonly ctx: Context;
  readonly writer: Writer;
  readonly requestId: string | null;
};

/** What writes for a request. */
export function writingOf(call: AnyCall): JobWriting {
  return { ctx: call.ctx, writer: writerOf(call), requestId: call.request.id };
}

/** Stores a new job with audit and event. */
export async function insertStatementJob(tx: Tx, writing: JobWriting, values: Row): Promise<StatementJob> {
  const { writer } = writing;
  const fresh = { statementJobStatus: 'PENDING', attempts: 0, billContentVersion: null };
  const row = await insertEntity(tx, statementJob.entityTable, { writer, values: { ...values, ...fresh } });
  const job = row as unknown as StatementJob;
  await recordJob(tx, writing, { before: null, after: job });
  return job;
}

type Progress = Partial<
  Pick<StatementJob, 'statementJobStatus' | 'attempts'> & { readonly billContentVersion: number }
>;

/** Writes the progress of a job, which the transaction has locked, with audit and event (spec 60 §1.3). */
export async function updateStatementJob(
  tx: Tx,
  writing: JobWriting,
  { before, progress }: { readonly before: StatementJob; readonly progress: Progress },
): Promise<StatementJob> {
  const { writer } = writing;
  const values = { ...before, ...progress };
  const row = await replaceEntity(tx, statementJob.entityTable, { writer, id: before.id, values });
  const after = row as unknown as StatementJob;
  await recordJob(tx, writing, { before, after });
  return after;
}

type States = { readonly before: StatementJob | null; readonly after: StatementJob };

/** Links are for whoever gets the event: the audit log keeps none. */
async function recordJob(tx: Tx, writing: JobWriting, { before, after }: States): Promise<void> {
  const { ctx, writer, requestId } = writing;
  const change = {
    entityType: 'StatementJob',
    entityId: after.id,
    action: before === null ? ('created' as const) : ('updated' as const),
    event: 'billing.statementjob',
    before: before && statementJobAnswer(before),
    after: await linkedAnswer(ctx, after),
    requestId,
  };
  const onlyInEvents = ['presignedJsonStatementUrl', 'presignedCsvStatementUrl'];
  await recordChanges(tx, writer, { changes: [change], onlyInEvents });
}
