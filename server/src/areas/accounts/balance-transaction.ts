import {
  amount,
  assigned,
  dateTime,
  flag,
  longText,
  oneOf,
  optional,
  reference,
  text,
} from '../../api/fields.ts';
import { declaredResource } from '../../api/resource.ts';

/** Who can have caused a transaction; COMMITMENT is only ever asked for (spec 50 §5.3). */
export const TRANSACTION_CAUSES = ['BILL', 'COMMITMENT', 'USER', 'SERVICE_USER', 'SCHEDULER'] as const;

/**
 * Money in (above 0) or out of a balance, in its currency (spec 50 §5.3). It lies below its balance,
 * so that its operations are written out: `post-balance-transaction.ts`,
 * `list-balance-transactions.ts`.
 */
export const balanceTransaction = declaredResource({
  name: 'BalanceTransaction',
  path: 'balances/{balanceId}/transactions',
  summary: 'a balance transaction',
  table: 'balance_transaction',
  permission: 'config:balancetransaction',
  event: null,
  maxPageSize: 200,
  fields: {
    amount: amount(),
    description: optional(longText()),
    transactionTypeId: optional(reference('TransactionType')),
    transactionDate: optional(dateTime()),
    appliedDate: optional(dateTime()),
    paid: optional(amount()),
    currencyPaid: optional(text({ max: 80 })),
    entityType: assigned(oneOf(TRANSACTION_CAUSES), null),
    entityId: assigned(text(), null),
    balanceId: assigned(reference('Balance'), null, { hidden: true }),
    billId: assigned(reference('Bill'), null, { hidden: true }),
    phase: assigned(oneOf(['BASE', 'ROLLOVER']), null, { hidden: true }),
    announced: assigned(flag(), true, { hidden: true }),
  },
  example: { amount: 100, description: 'Top-up' },
});
