/** Who is charged and by what: accounts, contracts, attached plans, balances, counter adjustments. */
export { account } from './account.ts';
export { accountPlan, CHILD_BILLING_MODES } from './account-plan.ts';
export { applyBalanceTransaction } from './apply-balance-transaction.ts';
export { balance } from './balance.ts';
export { getBalanceLedger } from './balance-ledger.ts';
export { type HeldBalance, lockBalances, recordMoves } from './balance-moves.ts';
export {
  balanceIdOf,
  MAX_MADE_AT_ONCE,
  type Previewing,
  type RunScope,
  type ScheduleKind,
  scheduleOperations,
} from './balance-schedule-operations.ts';
export { balanceTransaction } from './balance-transaction.ts';
export { balanceTransactionSchedule, SCHEDULE_FREQUENCIES } from './balance-transaction-schedule.ts';
export { commitment } from './commitment.ts';
export { getCommitmentLedger } from './commitment-ledger.ts';
export { lockCommitments, recordDrawn } from './commitment-moves.ts';
export { contract } from './contract.ts';
export { contractMustFit } from './contract-link.ts';
export { counterAdjustment } from './counter-adjustment.ts';
export { endDateAccountEntities, endDateContractEntities } from './end-date-billing-entities.ts';
export { listAccountChildren } from './list-account-children.ts';
export { listBalanceTransactions } from './list-balance-transactions.ts';
export { listCounterAdjustments } from './list-counter-adjustments.ts';
export { type OrganizationCalendar, organizationCalendar } from './organization-calendar.ts';
export { postBalanceTransaction } from './post-balance-transaction.ts';
export { replaceAccountPlan } from './replace-account-plan.ts';
export { runDueSchedules } from './run-due-schedules.ts';
export { TRANSACTION_SCHEDULES } from './run-transaction-schedule.ts';
export { searchAccounts } from './search-accounts.ts';
export { searchCommitments } from './search-commitments.ts';
export { summarizeBalanceTransactions } from './summarize-balance-transactions.ts';
