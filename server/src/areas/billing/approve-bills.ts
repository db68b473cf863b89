import { sql } from 'kysely';
import { z } from 'zod';
import { fieldsRefused } from '../../api/body.ts';
import { list, optional, reference, text } from '../../api/fields.ts';
import { dateParameter, idsParameter } from '../../api/filters.ts';
import { allowedConditions, rowsMustBeAllowed } from '../../api/item-permission.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import type { Condition, Row } from '../../store/database.ts';
import { inTransaction } from '../../store/transaction.ts';
import { approval } from './bill-actions.ts';
import { billsWhere, lockBillsWhere } from './bill-rows.ts';
import { periodConditions } from './billing-period.ts';
import { externalInvoiceDateConditions } from './list-bills.ts';
import { updateFinishedBills } from './statements/order-statements.ts';
import { writingOf } from './statements/statement-job-status.ts';

const UPDATE = { action: 'config:update', resource: 'billing:bill' };
const response = z.object({ message: text() });

/** Approves the bills of a list, or else every PENDING one that the query names (spec 40 §7.2). */
export const approveBills = defineOperation({
  id: 'ApproveBills',
  method: 'POST',
  path: '/bills/approve',
  summary: 'approve bills',
  tag: 'Bill',
  permission: UPDATE,
  query: z.object({
    accountIds: idsParameter(),
    externalInvoiceDateStart: dateParameter(),
    externalInvoiceDateEnd: dateParameter(),
  }),
  body: z.object({ billIds: optional(list(reference('Bill'), { min: 1 })) }),
  response,
  answers: 'whole',
  handle: async (call) => {
    const { billIds } = call.body();
    if (billIds !== null) {
      const ids = [...new Set(billIds)];
      await rowsMustBeAllowed(call, UPDATE, { table: 'bill', ids });
      return approved(call, { conditions: [sql`id = any(${ids}::uuid[])`], named: ids.length });
    }
    const { accountIds } = call.query;
    const conditions = externalInvoiceDateConditions(call.query);
    if (accountIds !== undefined) conditions.push(sql`account_id = any(${accountIds}::uuid[])`);
    if (conditions.length === 0) {
      throw fieldsRefused([{ field: 'billIds', message: 'is required when no query parameter names bills' }]);
    }
    return approved(call, { conditions, named: null });
  },
});

/** Approves the PENDING bills of one period and frequency. */
export const approveAllBillsInBillingPeriod = defineOperation({
  id: 'ApproveAllBillsInBillingPeriod',
  method: 'POST',
  path: '/bills/billingperiod/{lastDateInBillingPeriod}/{billingFrequency}/approve',
  summary: 'approve the bills of a billing period',
  tag: 'Bill',
  permission: UPDATE,
  response,
  answers: 'whole',
  handle: (call) => approved(call, { conditions: periodConditions(call.params), named: null }),
});

/** Bills that are approved in one transaction. */
const BATCH_BILLS = 200;

type Asked = {
  readonly conditions: readonly Condition[];
  /** How many bills were named; null = as many as are found. */
  readonly named: number | null;
};

/** Bills that are approved already, locked or gone are counted and skipped. */
async function approved(call: AnyCall, { conditions, named }: Asked): Promise<Row> {
  const allowed = allowedConditions(call, UPDATE, { table: 'bill' });
  const pending = [...conditions, ...allowed, sql<boolean>`status = 'PENDING'`, sql<boolean>`not locked`];
  const found = await billsWhere(call.ctx.db, call.orgId, { conditions: pending, order: sql`id` });
  const ids = found.map((bill) => bill.id);
  let count = 0;
  for (let from = 0; from < ids.length; from += BATCH_BILLS) {
    count += await approveBatch(call, ids.slice(from, from + BATCH_BILLS));
  }
  return { message: `Approved ${count} of ${named ?? ids.length} Bills` };
}

async function approveBatch(call: AnyCall, ids: readonly string[]): Promise<number> {
  return inTransaction(call.ctx.db, async (tx) => {
    const found = await lockBillsWhere(tx, call.orgId, [sql`b.id = any(${ids}::uuid[])`]);
    const bills = found.filter((bill) => bill.status === 'PENDING' && !bill.locked);
    return (await updateFinishedBills(tx, writingOf(call), { bills, values: approval(call) })).length;
  });
}
