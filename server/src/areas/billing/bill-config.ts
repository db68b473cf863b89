import { sql } from 'kysely';
import { date, optional } from '../../api/fields.ts';
import { defineSingleton } from '../../api/singleton.ts';
import { ApiError } from '../../kernel/errors.ts';
import { lockDateMoved } from './statements/order-statements.ts';

/** The date up to which all bills are locked (spec 40 §2.2). Nobody is recalculating while it is written. */
export const billConfig = defineSingleton({
  name: 'BillConfig',
  path: 'billconfig',
  summary: 'the bill configuration',
  table: 'bill_config',
  permission: 'billing:billconfig',
  event: 'billing.billconfig',
  fields: { billLockDate: optional(date()) },
  ids: { get: 'GetBillConfig', update: 'UpdateBillConfig' },
  check: async ({ tx, orgId }, { billLockDate }, before) => {
    if (billLockDate === null) return;
    const { rows } = await sql<{ id: string; endDate: unknown }>`
      select id, end_date from bill
      where org_id = ${orgId} and status = 'PENDING' and end_date <= ${String(billLockDate)}
      order by end_date, id limit 1`.execute(tx);
    const [pending] = rows;
    if (!pending) {
      await lockDateMoved(tx, orgId, { before: before.billLockDate, after: billLockDate });
      return;
    }
    const message = `bill ${pending.id} ends on ${pending.endDate} and is not approved yet`;
    throw new ApiError('ILLEGAL_STATE', message, [
      { field: 'billLockDate', message: 'covers a PENDING bill' },
    ]);
  },
});
