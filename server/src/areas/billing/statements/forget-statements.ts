import { sql } from 'kysely';
import { enqueue } from '../../../jobs/enqueue.ts';
import type { Tx } from '../../../store/database.ts';
import { removeFiles } from '../temporary-file.ts';
import { statementKey, type Written } from './statement-files.ts';

/** Has the files of a bill's statements removed; its jobs go with the bill, which is to be deleted next. */
export async function forgetStatements(tx: Tx, orgId: string, billId: string): Promise<void> {
  const { rows } = await sql<Written>`select org_id, bill_id, id, attempts from statement_job
    where org_id = ${orgId} and bill_id = ${billId} and attempts > 0`.execute(tx);
  if (rows.length === 0) return;
  const keys = rows.flatMap((job) => [statementKey(job, 'json'), statementKey(job, 'csv')]);
  await enqueue(tx, { task: removeFiles, payload: { keys } });
}
