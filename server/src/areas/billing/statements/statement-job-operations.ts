import { sql } from 'kysely';
import { z } from 'zod';
import { fieldsRefused } from '../../../api/body.ts';
import { withEnvelope } from '../../../api/envelope.ts';
import { list, reference } from '../../../api/fields.ts';
import { enumParameter, flagParameter, uuidParameter } from '../../../api/filters.ts';
import { type AnyCall, defineOperation, type Operation } from '../../../api/operation.ts';
import { pageOf, pageParameters } from '../../../api/page.ts';
import { idOf } from '../../../api/resource.ts';
import { ApiError, refusal } from '../../../kernel/errors.ts';
import type { Condition, Row, Tx } from '../../../store/database.ts';
import { findEntity } from '../../../store/entity-store.ts';
import { inTransaction } from '../../../store/transaction.ts';
import { startStatementJob } from './order-statements.ts';
import {
  ACTIVE_STATUSES,
  STATEMENT_JOB_STATUSES,
  type StatementJob,
  statementJob,
  statementJobResponse,
  statementTerms,
} from './statement-job.ts';
import { linkedAnswer, lockStatementJob, updateStatementJob, writingOf } from './statement-job-status.ts';

/** Create, create several, list, get and cancel (spec 40 §10.2). */
export const statementJobOperations: readonly Operation[] = [
  createJob(),
  createJobs(),
  listJobs(),
  readJob(),
  cancelJob(),
];

function declared(verb: 'create' | 'retrieve' | 'update') {
  const { name, permission } = statementJob;
  return {
    tag: name,
    permission: { action: `config:${verb}`, resource: permission },
    response: statementJobResponse,
  };
}

function createJob(): Operation {
  return defineOperation({
    ...declared('create'),
    id: 'CreateStatementJob',
    method: 'POST',
    path: '/statementjobs',
    summary: 'start a statement job',
    body: z.object({ billId: reference('Bill'), ...statementTerms() }),
    handle: async (call) => {
      const { billId, ...terms } = call.body();
      const [job] = await started(call, { fieldOf: () => 'billId', billIds: [billId], terms });
      return job;
    },
  });
}

function createJobs(): Operation {
  return defineOperation({
    ...declared('create'),
    id: 'CreateStatementJobBatch',
    method: 'POST',
    path: '/statementjobs/batch',
    summary: 'start statement jobs of several bills',
    body: z.object({ billIds: list(reference('Bill'), { min: 1, max: 10 }), ...statementTerms() }),
    response: z.array(withEnvelope(statementJobResponse)),
    answers: 'whole',
    handle: (call) => {
      const { billIds, ...terms } = call.body();
      return started(call, { fieldOf: (at) => `billIds[${at}]`, billIds, terms });
    },
  });
}

type Started = {
  readonly billIds: readonly string[];
  /** What the bill at a place is called in the request. */
  readonly fieldOf: (at: number) => string;
  readonly terms: { readonly filters: { readonly meterIds: readonly string[] } | null } & Row;
};

/** All of the jobs or none. */
async function started(call: AnyCall, { billIds, fieldOf, terms }: Started): Promise<Row[]> {
  const jobs = await inTransaction(call.ctx.db, async (tx) => {
    const { orgId } = call;
    await mustExist(tx, { orgId, table: 'bill', ids: billIds, fieldOf });
    const meterIds = terms.filters?.meterIds ?? [];
    const meterField = (at: number) => `filters.meterIds[${at}]`;
    await mustExist(tx, { orgId, table: 'meter', ids: meterIds, fieldOf: meterField });
    const made: StatementJob[] = [];
    for (const billId of billIds)
      made.push(await startStatementJob(tx, writingOf(call), { billId, ...terms }));
    return made;
  });
  return Promise.all(jobs.map((job) => linkedAnswer(call.ctx, job)));
}

type Named = {
  readonly orgId: string;
  readonly table: 'bill' | 'meter';
  readonly ids: readonly string[];
  readonly fieldOf: (at: number) => string;
};

/** The rows stay until the transaction ends. */
async function mustExist(tx: Tx, { orgId, table, ids, fieldOf }: Named): Promise<void> {
  if (ids.length === 0) return;
  const { rows } = await sql<{ id: string }>`
    select id from ${sql.table(table)} where org_id = ${orgId} and id = any(${ids}::uuid[])
    order by id for key share`.execute(tx);
  const known = new Set(rows.map((row) => row.id));
  const unknown = ids.findIndex((id) => !known.has(id));
  if (unknown >= 0) throw refusal('REFERENCE_NOT_FOUND', fieldOf(unknown), 'names nothing that exists');
}

function listJobs(): Operation {
  return defineOperation({
    ...declared('retrieve'),
    id: 'ListStatementJobs',
    method: 'GET',
    path: '/statementjobs',
    summary: 'list statement jobs',
    query: z.object({
      ...pageParameters(statementJob.maxPageSize),
      active: flagParameter(),
      status: enumParameter(STATEMENT_JOB_STATUSES),
      billId: uuidParameter(),
    }),
    answers: 'page',
    handle: async (call) => {
      const { data, ...page } = await pageOf(linkable, call, filterConditions(call.query));
      const jobs = data as readonly StatementJob[];
      return { ...page, data: await Promise.all(jobs.map((job) => linkedAnswer(call.ctx, job))) };
    },
  });
}

/** Pages of jobs as they are stored, since their links are made one by one. */
const linkable = { ...statementJob, answer: (job: object) => job as Row };

type JobFilters = {
  readonly active?: boolean | undefined;
  readonly status?: string | undefined;
  readonly billId?: string | undefined;
};

/** At most one filter (spec 40 §10.2). */
function filterConditions({ active, status, billId }: JobFilters): Condition[] {
  const given = Object.entries({ active, status, billId }).filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    const message = 'cannot be combined with another filter';
    throw fieldsRefused(given.map(([field]) => ({ field, message })));
  }
  const conditions: Condition[] = [];
  if (active) conditions.push(sql`statement_job_status = any(${[...ACTIVE_STATUSES]}::text[])`);
  if (status !== undefined) conditions.push(sql`statement_job_status = ${status}`);
  if (billId !== undefined) conditions.push(sql`bill_id = ${billId}`);
  return conditions;
}

function readJob(): Operation {
  return defineOperation({
    ...declared('retrieve'),
    id: 'GetStatementJob',
    method: 'GET',
    path: '/statementjobs/{id}',
    summary: 'get a statement job',
    handle: async ({ ctx, orgId, params }) => {
      const found = await findEntity(ctx.db, statementJob.entityTable, { orgId, id: idOf(params) });
      return linkedAnswer(ctx, existing(found as StatementJob | null));
    },
  });
}

function existing(found: StatementJob | null): StatementJob {
  if (!found) throw new ApiError('NOT_FOUND', 'there is no StatementJob with this id');
  return found;
}

function cancelJob(): Operation {
  return defineOperation({
    ...declared('update'),
    id: 'CancelStatementJob',
    method: 'POST',
    path: '/statementjobs/{id}/cancel',
    summary: 'cancel a statement job',
    handle: async (call) => {
      const key = { orgId: call.orgId, id: idOf(call.params) };
      const job = await inTransaction(call.ctx.db, async (tx) => {
        const before = existing(await lockStatementJob(tx, key));
        if (!ACTIVE_STATUSES.includes(before.statementJobStatus)) {
          throw new ApiError('ILLEGAL_STATE', `the statement job is ${before.statementJobStatus}`);
        }
        const progress = { statementJobStatus: 'CANCELLED' as const };
        return updateStatementJob(tx, writingOf(call), { before, progress });
      });
      return linkedAnswer(call.ctx, job);
    },
  });
}
