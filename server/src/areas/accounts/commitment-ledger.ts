import { sql } from 'kysely';
import { z } from 'zod';
import { amount, dateTime, oneOf, optional, reference } from '../../api/fields.ts';
import { defineOperation } from '../../api/operation.ts';
import { pageParameters } from '../../api/page.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError } from '../../kernel/errors.ts';
import { findEntity } from '../../store/entity-store.ts';
import { commitment } from './commitment.ts';
import { ledgerPage, MAX_LEDGER_PAGE } from './ledger-page.ts';

const CAUSES = ['DRAW', 'RELEASE', 'FEE', 'FEE_REVERSAL'] as const;

/**
 * Everything that bills have drawn on a commitment, given back and billed of its fees, newest first. A draw
 * is below 0; `runningBalance` is what is left of the amount after it. Fees are in `feeAmount` and leave
 * what is left as it is.
 */
export const getCommitmentLedger = defineOperation({
  id: 'GetCommitmentLedger',
  method: 'GET',
  path: '/commitments/{id}/ledger',
  summary: 'list the movements on a commitment',
  tag: 'Commitment',
  permission: { action: 'config:retrieve', resource: commitment.permission },
  query: z.object(pageParameters(MAX_LEDGER_PAGE)),
  response: z.object({
    cause: oneOf(CAUSES),
    amount: amount(),
    feeAmount: optional(amount()),
    runningBalance: amount(),
    effectiveDate: dateTime(),
    billId: reference('Bill'),
    lineItemId: optional(reference('BillLineItem')),
  }),
  answers: 'page',
  handle: async (call) => {
    const { ctx, orgId } = call;
    const found = await findEntity(ctx.db, commitment.entityTable, { orgId, id: idOf(call.params) });
    if (!found) throw new ApiError('NOT_FOUND', 'there is no Commitment with this id');
    return ledgerPage(call, {
      rows: sql`
        select m.id, row_number() over (order by m.dt_created, m.id) as sequence, m.dt_created, m.created_by,
          m.dt_created as effective_date, m.bill_id,
          case when m.kind = 'DRAW' then -m.amount else 0 end as amount,
          case when m.kind = 'FEE' then m.amount end as fee_amount,
          case m.kind when 'DRAW' then case when m.amount > 0 then 'DRAW' else 'RELEASE' end
            else case when m.amount > 0 then 'FEE' else 'FEE_REVERSAL' end end as cause
        from commitment_movement m where m.org_id = ${orgId} and m.commitment_id = ${found.id}`,
      lineOf: sql`l.commitment_id = ${found.id}
        and l.line_item_type = case when run.fee_amount is null then 'COMMITMENT_CONSUMED'
          else 'COMMITMENT_FEE' end`,
      start: sql`${String(found['amount'])}::numeric`,
    });
  },
});
