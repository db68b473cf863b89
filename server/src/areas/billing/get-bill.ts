import { sql } from 'kysely';
import { z } from 'zod';
import { additionalParameter } from '../../api/filters.ts';
import { allowedConditions } from '../../api/item-permission.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Db, Row, Tx } from '../../store/database.ts';
import { wholeBillAnswer } from './bill-answer.ts';
import { billResponse } from './bill-fields.ts';
import { type BillRow, billsWhere, linesOfBills } from './bill-rows.ts';

const RETRIEVE = { action: 'config:retrieve', resource: 'billing:bill' };
const BILLS = { table: 'bill' };

/** One bill with its lines and its total. */
export const getBill = defineOperation({
  id: 'GetBill',
  method: 'GET',
  path: '/bills/{id}',
  summary: 'get a bill',
  tag: 'Bill',
  permission: RETRIEVE,
  query: z.object({ additional: additionalParameter() }),
  response: billResponse(),
  handle: (call) => storedBillAnswer(call, idOf(call.params)),
});

/** The account's bill of the latest date; of several that of the latest creation (spec 40 §4.5). */
export const getLatestBill = defineOperation({
  id: 'GetLatestBill',
  method: 'GET',
  path: '/bills/latest/{accountId}',
  summary: 'get the latest bill of an account',
  tag: 'Bill',
  permission: RETRIEVE,
  query: z.object({ additional: additionalParameter() }),
  response: billResponse(),
  handle: async (call) => {
    const { ctx, orgId, params } = call;
    const [latest] = await billsWhere(ctx.db, orgId, {
      conditions: [
        sql`account_id = ${idOf(params, 'accountId')}`,
        ...allowedConditions(call, RETRIEVE, BILLS),
      ],
      order: sql`bill_date desc, dt_created desc, id desc`,
      limit: 1,
    });
    return withLines(ctx.db, existing(latest));
  },
});

/** The whole bill of that id; throws NOT_FOUND. */
export async function storedBillAnswer(call: Pick<AnyCall, 'ctx' | 'orgId'>, id: string): Promise<Row> {
  return withLines(call.ctx.db, await existingBill(call.ctx.db, call.orgId, id));
}

/** The bill of that id; throws NOT_FOUND. */
export async function existingBill(db: Db | Tx, orgId: string, id: string): Promise<BillRow> {
  const [found] = await billsWhere(db, orgId, { conditions: [sql`id = ${id}`] });
  return existing(found);
}

export function existing(found: BillRow | undefined): BillRow {
  if (!found) throw new ApiError('NOT_FOUND', 'there is no such Bill');
  return found;
}

/** The bill as reads of one bill answer it. */
export async function withLines(db: Db | Tx, bill: BillRow): Promise<Row> {
  const lines = await linesOfBills(db, bill.orgId, [bill.id]);
  return wholeBillAnswer(bill, lines.get(bill.id) ?? []);
}
