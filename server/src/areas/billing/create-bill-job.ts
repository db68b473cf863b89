import { sql } from 'kysely';
import { z } from 'zod';
import { answerOf, changeOf, writerOf } from '../../api/entity-writes.ts';
import { list, reference } from '../../api/fields.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { enqueue } from '../../jobs/enqueue.ts';
import { RateLimited, refusal } from '../../kernel/errors.ts';
import type { Row, Tx } from '../../store/database.ts';
import { insertEntity } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { type BillJob, billJob, billJobFields } from './bill-job.ts';
import { runBillJob } from './run-bill-job.ts';

/** Starts a job that bills accounts; the answer does not wait for it (spec 40 §8.1). */
export const createBillJob = defineOperation({
  id: 'CreateBillJob',
  method: 'POST',
  path: '/billjobs',
  summary: 'start a bill job',
  tag: 'BillJob',
  permission: { action: 'config:create', resource: 'billing:billjob' },
  body: z.object(billJobFields()),
  response: billJob.response,
  handle: async (call) => {
    const body = call.body();
    const accountIds = body.accountIds ?? [];
    return inTransaction(call.ctx.db, async (tx) => {
      await everyIdMustExist(tx, call.orgId, { table: 'account', field: 'accountIds', ids: accountIds });
      const timezone = body.timezone ?? (await timezoneText(tx, call.orgId));
      return startJob(tx, call, { ...body, timezone, type: 'CREATE' });
    });
  },
});

/** Starts a job that calculates bills again, with everything that a job stamped on them (spec 40 §8.2). */
export const recalculateBillJob = defineOperation({
  id: 'RecalculateBillJob',
  method: 'POST',
  path: '/billjobs/recalculate',
  summary: 'start a bill job that calculates bills again',
  tag: 'BillJob',
  permission: { action: 'config:update', resource: 'billing:billjob' },
  body: z.object({ billIds: list(reference('Bill'), { min: 1, max: 100 }) }),
  response: billJob.response,
  handle: async (call) => {
    const { billIds } = call.body();
    return inTransaction(call.ctx.db, async (tx) => {
      await everyIdMustExist(tx, call.orgId, { table: 'bill', field: 'billIds', ids: billIds });
      const timezone = await timezoneText(tx, call.orgId);
      return startJob(tx, call, {
        currencyConversions: [],
        timezone,
        type: 'RECALCULATE',
        recalculatedBillIds: billIds,
      });
    });
  },
});

const NEW_JOB = { status: 'PENDING', total: 0, pendingAtEnd: 0 };

async function startJob(tx: Tx, call: AnyCall, values: Row): Promise<Row> {
  await refuseTooManyJobs(tx, call.orgId);
  const writer = writerOf(call);
  const job = (await insertEntity(tx, billJob.entityTable, {
    writer,
    values: { ...NEW_JOB, ...values },
  })) as unknown as BillJob;
  await recordChange(tx, writer, changeOf(billJob, call, { before: null, after: job }));
  await enqueue(tx, { task: runBillJob, payload: { orgId: call.orgId, billJobId: job.id } });
  return answerOf(billJob, job);
}

const MAX_UNFINISHED_JOBS = 10;
/** A job of few accounts is done by then. */
const WAIT_SECONDS = 1;

/**
 * Spec 40 §8.3: runs of the schedule do not count. Jobs are counted by one creation at a time, so that no two
 * are both the tenth.
 */
async function refuseTooManyJobs(tx: Tx, orgId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`bill jobs of ${orgId}`}, 0))`.execute(tx);
  const { rows } = await sql<{ unfinished: number }>`
    select count(*) as unfinished from bill_job
    where org_id = ${orgId} and status not in ('COMPLETE', 'CANCELLED') and scheduled_at is null`.execute(tx);
  if ((rows[0]?.unfinished ?? 0) < MAX_UNFINISHED_JOBS) return;
  const message = `there are ${MAX_UNFINISHED_JOBS} unfinished bill jobs; wait until one has finished`;
  throw new RateLimited(message, WAIT_SECONDS);
}

async function timezoneText(tx: Tx, orgId: string): Promise<string> {
  const { rows } = await sql<{ timezone: string }>`
    select timezone from organization_config where org_id = ${orgId}`.execute(tx);
  return rows[0]?.timezone ?? 'UTC';
}

type Named = { readonly table: 'account' | 'bill'; readonly field: string; readonly ids: readonly string[] };

async function everyIdMustExist(tx: Tx, orgId: string, { table, field, ids }: Named): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    select id from ${sql.table(table)} where org_id = ${orgId} and id = any(${ids}::uuid[])`.execute(tx);
  const known = new Set(rows.map((row) => row.id));
  const unknown = ids.findIndex((id) => !known.has(id));
  if (unknown >= 0) throw refusal('REFERENCE_NOT_FOUND', `${field}[${unknown}]`, 'names nothing that exists');
}
