import { sql } from 'kysely';
import type { z } from 'zod';
import { answerOf } from '../../../api/entity-writes.ts';
import {
  assigned,
  flag,
  group,
  integer,
  list,
  oneOf,
  optional,
  reference,
  text,
  withDefault,
} from '../../../api/fields.ts';
import { declaredResource } from '../../../api/resource.ts';
import type { EntityOf } from '../../../api/resource-spec.ts';

export const STATEMENT_JOB_STATUSES = ['PENDING', 'RUNNING', 'COMPLETE', 'CANCELLED', 'FAILED'] as const;
/** Something still happens to a job in one of these. */
export const ACTIVE_STATUSES: readonly string[] = ['PENDING', 'RUNNING'];

/** What a request says about the files that it wants. */
export function statementTerms() {
  return {
    includeCsvFormat: withDefault(flag(), false),
    filters: optional(group({ meterIds: withDefault(list(reference('Meter'), { max: 10 }), []) })),
  };
}

/** Whether a finished job's file of a format is the newest, and shows the bill as it is (spec 40 §10.2). */
function statusOf(format: 'JSON' | 'CSV') {
  const own = format === 'JSON' ? sql`true` : sql`statement_job.include_csv_format`;
  const other = format === 'JSON' ? sql`true` : sql`n.include_csv_format`;
  return {
    schema: optional(oneOf(['LATEST', 'STALE', 'INVALIDATED'])) as z.ZodType,
    sql: sql`case
      when statement_job.statement_job_status <> 'COMPLETE' or not ${own} then null
      when exists (select from statement_job n
        where n.org_id = statement_job.org_id and n.bill_id = statement_job.bill_id and ${other}
          and n.statement_job_status = 'COMPLETE'
          and (n.dt_created, n.id) > (statement_job.dt_created, statement_job.id)) then 'INVALIDATED'
      when exists (select from bill b
        where b.org_id = statement_job.org_id and b.id = statement_job.bill_id
          and b.content_version <> statement_job.bill_content_version) then 'STALE'
      else 'LATEST' end`,
  };
}

/**
 * An order to write the statement of a bill as it is then (spec 40 §10.2). Links to its files are made for
 * each answer, so the operations are written out: `statement-job-operations.ts`.
 */
export const statementJob = declaredResource({
  name: 'StatementJob',
  path: 'statementjobs',
  summary: 'a statement job',
  table: 'statement_job',
  permission: 'billing:statementjob',
  event: 'billing.statementjob',
  maxPageSize: 100,
  fields: {
    billId: reference('Bill'),
    ...statementTerms(),
    statementJobStatus: assigned(oneOf(STATEMENT_JOB_STATUSES), 'PENDING'),
    attempts: assigned(integer(), 0, { hidden: true }),
    billContentVersion: assigned(integer(), null, { hidden: true }),
  },
  computed: { jsonStatementStatus: statusOf('JSON'), csvStatementStatus: statusOf('CSV') },
  example: { billId: '{Bill}' },
});

/** A stored job. `billContentVersion` is null until its files are begun. */
export type StatementJob = Omit<EntityOf<typeof statementJob.fields>, 'billContentVersion'> & {
  readonly orgId: string;
  readonly billContentVersion: number | null;
};

/** A job as it is answered, without links. */
export function statementJobAnswer(job: StatementJob): Record<string, unknown> {
  return { ...answerOf(statementJob, job as EntityOf<typeof statementJob.fields>), orgId: job.orgId };
}

/** The answer of every operation on jobs. */
export const statementJobResponse = statementJob.response.extend({
  orgId: text(),
  presignedJsonStatementUrl: optional(text()),
  presignedCsvStatementUrl: optional(text()),
});
