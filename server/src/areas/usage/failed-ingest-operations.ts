import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { dateTime, freeObject, list, oneOf, optional, text } from '../../api/fields.ts';
import { defineOperation } from '../../api/operation.ts';
import { listIdentityOf, pageParameters } from '../../api/page.ts';
import { nextTokenOf, positionFromToken } from '../../api/paging.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError } from '../../kernel/errors.ts';
import { writeJsonWithNulls } from '../../kernel/json.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Row, Tx } from '../../store/database.ts';
import { inTransaction } from '../../store/transaction.ts';
import { acceptSubmission } from './accept-submission.ts';

const PATH = '/measurements/failedIngest';
const PAGE = 100;

type FailedMeasurement = {
  readonly id: string;
  readonly receivedAt: Instant;
  readonly resubmittedAt: Instant | null;
  readonly document: {
    readonly errors: readonly { readonly type: string; readonly message: string; readonly field?: string }[];
    readonly measurement: unknown;
  };
};

/**
 * Our own extension: measurements that could not be stored, newest first, as long as their files are kept.
 */
export const listFailedIngest = defineOperation({
  id: 'ListFailedIngest',
  method: 'GET',
  path: PATH,
  summary: 'list measurements that could not be stored',
  tag: 'Measurements',
  permission: { action: 'measurements:retrieve', resource: 'measurements:measurement' },
  query: z.object(pageParameters(PAGE)),
  response: z.object({
    id: text(),
    type: text(),
    message: text(),
    fields: list(text()),
    measurement: freeObject(),
    receivedAt: dateTime(),
    resubmittedAt: optional(dateTime()),
  }),
  answers: 'page',
  handle: async (call) => {
    const { pageSize: size = PAGE, nextToken } = call.query as { pageSize?: number; nextToken?: string };
    const identity = listIdentityOf(call);
    const signer = { secretKey: call.ctx.secretKey, now: call.ctx.clock.now() };
    const [receivedAt, id] = nextToken === undefined ? [] : positionFromToken(nextToken, identity, signer);
    const behind = sql`(received_at, id) < (${receivedAt ?? null}::timestamptz, ${id ?? null}::uuid)`;
    const rows = await failedRows(call.ctx.db as Tx, {
      orgId: call.orgId,
      condition: receivedAt === undefined ? sql`true` : behind,
      limit: size + 1,
    });
    const data = rows.slice(0, size).map(shownFailure);
    const last = rows.length > size ? rows[size - 1] : undefined;
    if (!last) return { data };
    return { data, nextToken: nextTokenOf([String(last.receivedAt), last.id], identity, signer) };
  },
});

type Choice = {
  readonly orgId: string;
  readonly condition: RawBuilder<unknown>;
  readonly limit: number;
};

async function failedRows(tx: Tx, { orgId, condition, limit }: Choice): Promise<FailedMeasurement[]> {
  const { rows } = await sql<FailedMeasurement>`
    select id, received_at, resubmitted_at, document from failed_measurement
    where org_id = ${orgId} and ${condition} order by received_at desc, id desc limit ${limit}`.execute(tx);
  return rows;
}

function shownFailure({ id, receivedAt, resubmittedAt, document }: FailedMeasurement): Row {
  const { errors, measurement } = document;
  return {
    id,
    type: errors[0]?.type,
    message: errors.map(({ message }) => message).join('; '),
    fields: errors.flatMap(({ field }) => (field ? [field] : [])),
    measurement: typeof measurement === 'object' ? measurement : { text: measurement },
    receivedAt,
    ...(resubmittedAt && { resubmittedAt }),
  };
}

/**
 * Our own extension: submits a measurement again that could not be stored, as it was or corrected by the
 * body. Each counts once, however often this is asked for; one that is stored already is refused.
 */
export const resubmitFailedIngest = defineOperation({
  id: 'ResubmitFailedIngest',
  method: 'POST',
  path: `${PATH}/{id}/resubmit`,
  summary: 'submit a measurement again that could not be stored',
  tag: 'Measurements',
  permission: { action: 'measurements:upload', resource: 'measurements:measurement' },
  body: z.object({ measurement: optional(freeObject()) }),
  response: z.object({ result: oneOf(['accepted']) }),
  answers: 'whole',
  handle: async (call) => {
    const { ctx, orgId } = call;
    return inTransaction(ctx.db, async (tx) => {
      const failed = await heldFailure(tx, orgId, idOf(call.params));
      const { measurement } = call.body();
      refuseStored(failed, measurement);
      const wanted = writeJsonWithNulls(measurement ?? failed.document.measurement);
      await acceptSubmission({ ...ctx, db: tx }, orgId, `{"measurements":[${wanted}]}`);
      await sql`update failed_measurement set resubmitted_at = ${String(ctx.clock.now())}
        where org_id = ${orgId} and id = ${failed.id}`.execute(tx);
      return { result: 'accepted' };
    });
  },
});

async function heldFailure(tx: Tx, orgId: string, id: string): Promise<FailedMeasurement> {
  const { rows } = await sql<FailedMeasurement>`
    select id, received_at, resubmitted_at, document from failed_measurement
    where org_id = ${orgId} and id = ${id} for update`.execute(tx);
  const [failed] = rows;
  if (!failed) throw new ApiError('NOT_FOUND', 'there is no failed measurement with this id');
  return failed;
}

/** A measurement that is stored, or was submitted again already, would count twice. */
function refuseStored({ resubmittedAt, document }: FailedMeasurement, correction: unknown): void {
  if (resubmittedAt !== null) throw new ApiError('ILLEGAL_STATE', 'it has been submitted again already');
  const type = document.errors[0]?.type;
  if (type === 'CalculationError') {
    throw new ApiError('ILLEGAL_STATE', 'the measurement is stored, only a derived field of it has no value');
  }
  if (type === 'DuplicateUid' && correction === null) {
    throw new ApiError('ILLEGAL_STATE', 'its uid is stored already: correct it to submit it again');
  }
}
