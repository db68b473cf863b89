import { sql } from 'kysely';
import type { Context } from '../../../context.ts';
import { ApiError } from '../../../kernel/errors.ts';
import { downloadUrl } from '../download-link.ts';
import type { StatementJob } from './statement-job.ts';

export type StatementFormat = 'json' | 'csv';

/** A job whose files are asked for; each attempt writes files of its own, and the last one begun counts. */
export type Written = Pick<StatementJob, 'orgId' | 'billId' | 'id' | 'attempts'>;

/** Where a job keeps its file of a format. */
export function statementKey({ orgId, billId, id, attempts }: Written, format: StatementFormat): string {
  return `${orgId}/statements/${billId}/${id}-${attempts}.${format}`;
}

type BillKey = { readonly orgId: string; readonly billId: string };

const CONTENT_TYPES = { json: 'application/json', csv: 'text/csv; charset=utf-8' } as const;

/** A link to the job's file for the next 15 minutes. */
export function statementUrl(ctx: Context, job: Written, format: StatementFormat): Promise<string> {
  return downloadUrl(ctx, statementKey(job, format), {
    fileName: `statement-${job.billId}.${format}`,
    contentType: CONTENT_TYPES[format],
  });
}

/** The newest finished job of a bill with a file of that format; null when there is none. */
export async function newestStatement(
  { db }: Pick<Context, 'db'>,
  { orgId, billId }: BillKey,
  format: StatementFormat,
): Promise<Written | null> {
  const { rows } = await sql<Written>`
    select org_id, bill_id, id, attempts from statement_job
    where org_id = ${orgId} and bill_id = ${billId} and statement_job_status = 'COMPLETE'
      and (${format === 'json'} or include_csv_format)
    order by dt_created desc, id desc limit 1`.execute(db);
  return rows[0] ?? null;
}

/** As `newestStatement`; throws NOT_FOUND when there is none. */
export async function existingStatement(
  ctx: Context,
  bill: BillKey,
  format: StatementFormat,
): Promise<Written> {
  const found = await newestStatement(ctx, bill, format);
  if (found) return found;
  throw new ApiError('NOT_FOUND', `the bill has no ${format.toUpperCase()} statement yet`);
}

/** Removes what a job has written that nobody will ask for. */
export async function removeStatement({ files }: Context, job: Written): Promise<void> {
  await files.remove(statementKey(job, 'json'));
  await files.remove(statementKey(job, 'csv'));
}
