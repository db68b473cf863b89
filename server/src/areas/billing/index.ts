/** Bills: calculated by jobs, read, approved, locked. */
export { approveAllBillsInBillingPeriod, approveBills } from './approve-bills.ts';
export { AUTO_APPROVE_BILLS, autoApproveBills } from './auto-approve.ts';
export { balanceChargeSchedule } from './balance-charge-schedule.ts';
export { balanceScheduleOperations } from './balance-schedules.ts';
export { deleteBill, lockBill, updateBillStatus } from './bill-actions.ts';
export { billConfig } from './bill-config.ts';
export { downloadBillsCsv, downloadBillsCsvUrl } from './bill-csv-operations.ts';
export { downloadBillDataCsv, downloadBillDataJson, queryBillData } from './bill-explorer-operations.ts';
export { BILL_EXPORT, BILL_LINE_ITEM_EXPORT, type BillExport } from './bill-export.ts';
export { billJob } from './bill-job.ts';
export { cancelBillJob } from './cancel-bill-job.ts';
export { captureBill } from './capture-bill.ts';
export { charge } from './charge.ts';
export { deleteCharge, updateCharge } from './charge-operations.ts';
export { CHECK_BALANCE_LEDGERS_DAILY, checkBalanceLedgers } from './check-balance-ledgers.ts';
export { commitmentExplorerOperations } from './commitment-explorer-operations.ts';
export { createBillJob, recalculateBillJob } from './create-bill-job.ts';
export { deleteBalance } from './delete-balance.ts';
export { explainBill } from './explain-bill.ts';
export { explainBillLineItem } from './explain-line-item.ts';
export { getBill, getLatestBill, storedBillAnswer } from './get-bill.ts';
export { getAllBillsForAccount, getAllBillsInBillingPeriod, listBills } from './list-bills.ts';
export { getBillLineItem, listBillLineItems, listLineItems } from './list-line-items.ts';
export { creditLineItem, debitLineItem } from './memo-line.ts';
export { memoOperations } from './memo-operations.ts';
export { previewBill } from './preview-bill.ts';
export { REMOVE_UNUSED_FACTS_DAILY, removeUnusedFacts } from './remove-unused-facts.ts';
export { RUN_BALANCE_SCHEDULES, runBalanceSchedules } from './run-balance-schedules.ts';
export { runBillJob } from './run-bill-job.ts';
export { START_SCHEDULED_BILLING, startScheduledBilling } from './scheduled-billing.ts';
export { searchBills } from './search-bills.ts';
export { statementDefinition } from './statement-definition.ts';
export { orderStatementsOfLockedBills } from './statements/order-statements.ts';
export { runStatementJob } from './statements/run-statement-job.ts';
export { statementJob } from './statements/statement-job.ts';
export { statementJobOperations } from './statements/statement-job-operations.ts';
export {
  createBillCsvStatement,
  getBillCsvStatement,
  getBillJsonStatement,
  getBillLineItemJsonUsage,
} from './statements/statement-operations.ts';
export { removeFiles } from './temporary-file.ts';
export { verifyBill } from './verify-bill.ts';
