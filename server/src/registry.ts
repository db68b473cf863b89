import type { PublicRoute } from './api/app.ts';
import { fileRoutes } from './api/file-routes.ts';
import { openApiRoute } from './api/openapi-route.ts';
import type { Operation } from './api/operation.ts';
import type { AnyResource } from './api/resource.ts';
import type { AnySingleton } from './api/singleton.ts';
import {
  account,
  accountPlan,
  applyBalanceTransaction,
  balance,
  contract,
  counterAdjustment,
  endDateAccountEntities,
  endDateContractEntities,
  listAccountChildren,
  listBalanceTransactions,
  listCounterAdjustments,
  postBalanceTransaction,
  replaceAccountPlan,
  searchAccounts,
  summarizeBalanceTransactions,
} from './areas/accounts/index.ts';
import {
  approveAllBillsInBillingPeriod,
  approveBills,
  billConfig,
  billJob,
  cancelBillJob,
  createBillJob,
  creditLineItem,
  debitLineItem,
  deleteBill,
  getAllBillsForAccount,
  getAllBillsInBillingPeriod,
  getBill,
  getBillLineItem,
  getLatestBill,
  listBillLineItems,
  listBills,
  listLineItems,
  lockBill,
  memoOperations,
  previewBill,
  recalculateBillJob,
  runBillJob,
  searchBills,
  statementDefinition,
  updateBillStatus,
} from './areas/billing/index.ts';
import {
  aggregation,
  compoundAggregation,
  lookupTable,
  lookupTableItemOperations,
  lookupTableRevisionOperations,
  meter,
  meterGroup,
  product,
} from './areas/catalog/index.ts';
import {
  addResourceToGroup,
  attachOperations,
  createAccessKey,
  currentUser,
  deleteAccessKey,
  issueToken,
  listAccessKeys,
  listGroupContents,
  listGroupPermissions,
  listResourceGroups,
  permissionPolicy,
  removeResourceFromGroup,
  resourceGroup,
  serviceUser,
  updateAccessKey,
} from './areas/identity/index.ts';
import {
  activateWebhook,
  disableIntegrationConfig,
  enableIntegrationConfig,
  getEvent,
  getIntegrationConfig,
  getIntegrationConfigForType,
  integrationConfig,
  integrationCredentials,
  listEventFields,
  listEvents,
  listEventTypes,
  markEvent,
  markEvents,
  notification,
  PURGE_EVENTS_DAILY,
  purgeEvents,
  scheduledEvent,
  unmarkEvent,
  webhook,
} from './areas/integration/index.ts';
import {
  billGroupingKey,
  creditReason,
  currency,
  debitReason,
  organizationConfig,
  organizationCustomFields,
  transactionType,
} from './areas/organization/index.ts';
import {
  counter,
  counterPricing,
  plan,
  planGroup,
  planGroupLink,
  planTemplate,
  pricing,
} from './areas/pricing/index.ts';
import {
  downloadFailedIngest,
  failedIngestDownloadUrl,
  PURGE_INGEST_DAILY,
  purgeIngest,
  queryUsage,
  startMeasurementPump,
  submitMeasurements,
  usageSavedQuery,
} from './areas/usage/index.ts';
import type { Context } from './context.ts';
import type { BackgroundLoop } from './jobs/background-loop.ts';
import type { Task } from './jobs/task.ts';

/** Every resource of the product, one line each. */
export const resources: readonly AnyResource[] = [
  permissionPolicy,
  serviceUser,
  currency,
  creditReason,
  debitReason,
  transactionType,
  billGroupingKey,
  product,
  meterGroup,
  meter,
  aggregation,
  compoundAggregation,
  usageSavedQuery,
  lookupTable,
  counter,
  planTemplate,
  plan,
  planGroup,
  planGroupLink,
  pricing,
  counterPricing,
  account,
  contract,
  accountPlan,
  balance,
  counterAdjustment,
  billJob,
  creditLineItem,
  debitLineItem,
  statementDefinition,
  scheduledEvent,
  notification,
  webhook,
  integrationCredentials,
  integrationConfig,
];

/** Documents that every organization has once. */
export const singletons: readonly AnySingleton[] = [organizationConfig, organizationCustomFields, billConfig];

/** Operations that are not one of a resource's five. */
const actions: readonly Operation[] = [
  currentUser,
  ...attachOperations,
  createAccessKey,
  listAccessKeys,
  updateAccessKey,
  deleteAccessKey,
  listResourceGroups,
  ...resourceGroup.operations,
  addResourceToGroup,
  removeResourceFromGroup,
  ...listGroupContents,
  listGroupPermissions,
  ...lookupTableRevisionOperations,
  ...lookupTableItemOperations,
  submitMeasurements,
  failedIngestDownloadUrl,
  queryUsage,
  listAccountChildren,
  searchAccounts,
  replaceAccountPlan,
  endDateAccountEntities,
  endDateContractEntities,
  listCounterAdjustments,
  postBalanceTransaction,
  listBalanceTransactions,
  summarizeBalanceTransactions,
  createBillJob,
  recalculateBillJob,
  cancelBillJob,
  previewBill,
  searchBills,
  approveBills,
  getLatestBill,
  getAllBillsForAccount,
  getAllBillsInBillingPeriod,
  approveAllBillsInBillingPeriod,
  listBills,
  getBill,
  deleteBill,
  updateBillStatus,
  lockBill,
  listBillLineItems,
  getBillLineItem,
  listLineItems,
  ...memoOperations,
  getIntegrationConfig,
  getIntegrationConfigForType,
  enableIntegrationConfig,
  disableIntegrationConfig,
  activateWebhook,
  listEventTypes,
  listEventFields,
  listEvents,
  getEvent,
  markEvent,
  unmarkEvent,
  markEvents,
];

/** Everything that is served below `/organizations/{orgId}`. */
export const operations: readonly Operation[] = [
  ...actions,
  ...singletons.flatMap((singleton) => singleton.operations),
  ...resources.flatMap((resource) => resource.operations),
];

/** Routes outside of the tenant path. */
export const publicRoutes: readonly PublicRoute[] = [
  issueToken,
  downloadFailedIngest,
  ...fileRoutes,
  openApiRoute(operations),
];

/** Every kind of job. */
export const tasks: readonly Task[] = [runBillJob, applyBalanceTransaction, purgeEvents, purgeIngest];

/** Work that goes on beside the jobs in every process that works. */
export const loops: readonly ((ctx: Context) => BackgroundLoop)[] = [startMeasurementPump];

/** When jobs start by themselves: crontab lines in UTC (`minute hour day month weekday task`). */
export const cronLines: readonly string[] = [PURGE_EVENTS_DAILY, PURGE_INGEST_DAILY];
