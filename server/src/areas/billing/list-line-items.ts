import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { additionalParameter, enumParameter, uuidParameter } from '../../api/filters.ts';
import { allowedConditions } from '../../api/item-permission.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { listIdentityOf, pageParameters } from '../../api/page.ts';
import { nextTokenOf, positionFromToken } from '../../api/paging.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Condition, Row } from '../../store/database.ts';
import { lineItemAnswer } from './bill-answer.ts';
import { LINE_ITEM_TYPES, lineItemResponse } from './bill-fields.ts';
import type { LineRow } from './bill-rows.ts';
import { existingBill } from './get-bill.ts';

const RETRIEVE = { action: 'config:retrieve', resource: 'billing:lineitem' };
const MAX_LINES = 100;

/** The lines of one bill in their order on it. */
export const listBillLineItems = defineOperation({
  id: 'ListBillLineItems',
  method: 'GET',
  path: '/bills/{billId}/lineitems',
  summary: 'list the line items of a bill',
  tag: 'Bill',
  permission: RETRIEVE,
  query: z.object({ ...pageParameters(MAX_LINES), additional: additionalParameter() }),
  response: lineItemResponse(),
  answers: 'page',
  handle: async (call) => {
    const bill = await existingBill(call.ctx.db, call.orgId, idOf(call.params, 'billId'));
    return linePage(call, [sql`l.bill_id = ${bill.id}`]);
  },
});

/** One line of a bill. */
export const getBillLineItem = defineOperation({
  id: 'GetBillLineItem',
  method: 'GET',
  path: '/bills/{billId}/lineitems/{id}',
  summary: 'get a line item of a bill',
  tag: 'Bill',
  permission: RETRIEVE,
  query: z.object({ additional: additionalParameter() }),
  response: lineItemResponse(),
  handle: async ({ ctx, orgId, params }) => {
    const [billId, id] = [idOf(params, 'billId'), idOf(params)];
    const { rows } = await sql<LineRow>`
      select l.*, b.json_statement_generated
      from bill_line_item l join bill b on b.org_id = l.org_id and b.id = l.bill_id
      where l.org_id = ${orgId} and l.bill_id = ${billId} and l.id = ${id}`.execute(ctx.db);
    const [line] = rows;
    if (!line) throw new ApiError('NOT_FOUND', 'there is no such line item on this bill');
    return lineItemAnswer(line);
  },
});

/** The lines of all bills, those of the newest bills first (spec 40 §4.5). */
export const listLineItems = defineOperation({
  id: 'ListLineItems',
  method: 'GET',
  path: '/lineitems',
  summary: 'list line items',
  tag: 'Bill',
  permission: RETRIEVE,
  query: z.object({
    ...pageParameters(MAX_LINES),
    billId: uuidParameter(),
    lineItemType: enumParameter(LINE_ITEM_TYPES),
    commitmentId: uuidParameter(),
    additional: additionalParameter(),
  }),
  response: lineItemResponse(),
  answers: 'page',
  handle: (call) => {
    const { billId, lineItemType, commitmentId } = call.query;
    const conditions: Condition[] = [];
    if (billId !== undefined) conditions.push(sql`l.bill_id = ${billId}`);
    if (lineItemType !== undefined) conditions.push(sql`l.line_item_type = ${lineItemType}`);
    if (commitmentId !== undefined) conditions.push(sql`l.commitment_id = ${commitmentId}`);
    return linePage(call, conditions);
  },
});

type PageCall = AnyCall & {
  readonly query: { readonly pageSize?: number | undefined; readonly nextToken?: string | undefined };
};

async function linePage(call: PageCall, conditions: readonly Condition[]): Promise<Row> {
  const { pageSize: size = MAX_LINES, nextToken } = call.query;
  const list = listIdentityOf(call);
  const signer = { secretKey: call.ctx.secretKey, now: call.ctx.clock.now() };
  const position = nextToken === undefined ? null : positionFromToken(nextToken, list, signer);
  const readable = allowedConditions(call, RETRIEVE, { table: 'l' });
  const all = [sql`l.org_id = ${call.orgId}`, ...conditions, ...readable, behind(position)];
  const { rows } = await sql<LineRow & { billCreated: Instant }>`
    select l.*, b.json_statement_generated, b.dt_created as bill_created
    from bill_line_item l join bill b on b.org_id = l.org_id and b.id = l.bill_id
    where ${sql.join(all, sql` and `)}
    order by b.dt_created desc, b.id desc, l.sequence_number, l.id limit ${size + 1}`.execute(call.ctx.db);
  const data = rows.slice(0, size).map(({ billCreated: _, ...line }) => lineItemAnswer(line as LineRow));
  const last = rows.length > size ? rows[size - 1] : undefined;
  if (!last) return { data };
  const reached = [String(last.billCreated), last.billId, String(last.sequenceNumber), last.id];
  return { data, nextToken: nextTokenOf(reached, list, signer) };
}

function behind(position: readonly string[] | null): RawBuilder<unknown> {
  if (position === null) return sql`true`;
  const [created, billId, sequenceNumber, id] = position;
  return sql`((b.dt_created, b.id) < (${created}::timestamptz, ${billId}::uuid)
    or b.id = ${billId}::uuid and (l.sequence_number, l.id) > (${sequenceNumber}::int, ${id}::uuid))`;
}
