import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { amount, dateTime, oneOf, optional, reference } from '../../api/fields.ts';
import { defineOperation } from '../../api/operation.ts';
import { pageParameters } from '../../api/page.ts';
import { idOf } from '../../api/resource.ts';
import type { Decimal } from '../../kernel/decimal.ts';
import type { Row } from '../../store/database.ts';
import type { Stored } from '../../store/entity-store.ts';
import { balance } from './balance.ts';
import { balanceSummary, type RolloverTerms } from './balance-summary.ts';
import { type Ledger, ledgerPage, MAX_LEDGER_PAGE } from './ledger-page.ts';
import { existingBalance } from './list-balance-transactions.ts';
import { transactionTotals } from './summarize-balance-transactions.ts';

const CAUSES = ['TRANSACTION', 'SCHEDULE', 'DRAW', 'RELEASE', 'ROLLOVER', 'EXPIRY'] as const;

/** One movement as it is answered; `runningBalance` is what the balance held after it. */
const movementResponse = z.object({
  cause: oneOf(CAUSES),
  amount: amount(),
  runningBalance: amount(),
  effectiveDate: dateTime(),
  transactionId: optional(reference('BalanceTransaction')),
  scheduleId: optional(reference('BalanceTransactionSchedule')),
  billId: optional(reference('Bill')),
  lineItemId: optional(reference('BillLineItem')),
  phase: optional(oneOf(['BASE', 'ROLLOVER'])),
  carriedAmount: optional(amount()),
  expiredAmount: optional(amount()),
});

/**
 * Every movement on a balance that counts by now, newest first, with its cause. The sum of the amounts is
 * what the balance holds. ROLLOVER and EXPIRY mark the end of the balance and move nothing: what is left
 * then stays visible (spec 50 §5.1).
 */
export const getBalanceLedger = defineOperation({
  id: 'GetBalanceLedger',
  method: 'GET',
  path: '/balances/{id}/ledger',
  summary: 'list the movements on a balance',
  tag: 'Balance',
  permission: { action: 'config:retrieve', resource: balance.permission },
  query: z.object(pageParameters(MAX_LEDGER_PAGE)),
  response: movementResponse,
  answers: 'page',
  handle: async (call) => {
    const found = await existingBalance(call, idOf(call.params));
    const now = call.ctx.clock.now();
    const totals = await transactionTotals(call, found.id);
    const { expiredBalanceAmount } = balanceSummary(totals, found as unknown as RolloverTerms, now);
    const left = totals.totalCreditAmount.minus(totals.totalDebitAmount).plus(totals.rolloverConsumed);
    const marks = endMarks(found, { expired: expiredBalanceAmount, left });
    return ledgerPage(call, movementsOf(found, marks));
  },
});

type AtEnd = { readonly expired: Decimal; readonly left: Decimal };

/** What became of the rest at the end of the balance: at most one row each. */
function endMarks({ endDate, rolloverEndDate }: Stored, { expired, left }: AtEnd): readonly Row[] {
  const carried = left.minus(expired);
  const mark = { effectiveDate: endDate };
  return [
    ...(rolloverEndDate !== null && carried.gt(0)
      ? [{ ...mark, sequence: -2, cause: 'ROLLOVER', carriedAmount: carried }]
      : []),
    ...(expired.gt(0) ? [{ ...mark, sequence: -1, cause: 'EXPIRY', expiredAmount: expired }] : []),
  ];
}

function movementsOf({ orgId, id }: Stored, marks: readonly Row[]): Ledger {
  const rows = sql`
    select m.id, m.sequence, m.dt_created, m.created_by, m.cause, m.amount, m.effective_date, m.phase,
      m.transaction_id, case when m.cause = 'SCHEDULE' then m.entity_id end as schedule_id,
      case when m.cause in ('DRAW', 'RELEASE') then m.entity_id end as bill_id,
      null::numeric as carried_amount, null::numeric as expired_amount
    from balance_movement m where m.org_id = ${orgId} and m.balance_id = ${id}`;
  return {
    rows: marks.reduce((all: RawBuilder<unknown>, mark) => sql`${all} union all ${markRow(mark)}`, rows),
    lineOf: sql`l.balance_id = ${id} and l.line_item_type = 'BALANCE_CONSUMED'`,
    start: sql`0`,
  };
}

function markRow(mark: Row): RawBuilder<unknown> {
  const { sequence, cause, effectiveDate, carriedAmount, expiredAmount } = mark;
  const at = String(effectiveDate);
  return sql`select null, ${sequence}::bigint, ${at}::timestamptz, null, ${cause}::text, 0::numeric,
    ${at}::timestamptz, null, null, null, null, ${carriedAmount?.toString() ?? null}::numeric,
    ${expiredAmount?.toString() ?? null}::numeric`;
}
