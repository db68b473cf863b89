import { sql } from 'kysely';
import { deleteOwned } from '../../../api/delete-owned.ts';
import type { CheckScope } from '../../../api/resource-spec.ts';
import { enqueue } from '../../../jobs/enqueue.ts';
import { removeFiles } from '../temporary-file.ts';
import { statementKey, type Written } from './statement-files.ts';
import { statementJob } from './statement-job.ts';

/** Deletes the statement jobs of a bill, which is to be deleted next, and has their files removed. */
export async function forgetStatements(scope: CheckScope, billId: string): Promise<void> {
  const { tx, orgId } = scope;
  const { rows } = await sql<Written>`select org_id, bill_id, id, attempts from statement_job
    where org_id = ${orgId} and bill_id = ${billId} and attempts > 0`.execute(tx);
  await deleteOwned(statementJob, scope, sql`bill_id = ${billId}`);
  if (rows.length === 0) return;
  const keys = rows.flatMap((job) => [statementKey(job, 'json'), statementKey(job, 'csv')]);
  await enqueue(tx, { task: removeFiles, payload: { keys } });
}
