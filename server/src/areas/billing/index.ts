/** Bills: calculated by jobs, read, approved, locked. */
export { approveAllBillsInBillingPeriod, approveBills } from './approve-bills.ts';
export { deleteBill, lockBill, updateBillStatus } from './bill-actions.ts';
export { billConfig } from './bill-config.ts';
export { billJob } from './bill-job.ts';
export { cancelBillJob } from './cancel-bill-job.ts';
export { createBillJob, recalculateBillJob } from './create-bill-job.ts';
export { getBill, getLatestBill } from './get-bill.ts';
export { getAllBillsForAccount, getAllBillsInBillingPeriod, listBills } from './list-bills.ts';
export { getBillLineItem, listBillLineItems, listLineItems } from './list-line-items.ts';
export { creditLineItem, debitLineItem } from './memo-line.ts';
export { memoOperations } from './memo-operations.ts';
export { previewBill } from './preview-bill.ts';
export { runBillJob } from './run-bill-job.ts';
export { searchBills } from './search-bills.ts';
export { statementDefinition } from './statement-definition.ts';
