/** Who is charged and by what: accounts, contracts, attached plans, counter adjustments. */
export { account } from './account.ts';
export { accountPlan, CHILD_BILLING_MODES } from './account-plan.ts';
export { contract } from './contract.ts';
export { contractMustFit } from './contract-link.ts';
export { counterAdjustment } from './counter-adjustment.ts';
export { endDateAccountEntities, endDateContractEntities } from './end-date-billing-entities.ts';
export { listAccountChildren } from './list-account-children.ts';
export { listCounterAdjustments } from './list-counter-adjustments.ts';
export { replaceAccountPlan } from './replace-account-plan.ts';
export { searchAccounts } from './search-accounts.ts';
