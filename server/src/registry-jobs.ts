import { applyBalanceTransaction } from './areas/accounts/index.ts';
import {
  AUTO_APPROVE_BILLS,
  autoApproveBills,
  CHECK_BALANCE_LEDGERS_DAILY,
  checkBalanceLedgers,
  orderStatementsOfLockedBills,
  REMOVE_UNUSED_FACTS_DAILY,
  RUN_BALANCE_SCHEDULES,
  removeFiles,
  removeUnusedFacts,
  runBalanceSchedules,
  runBillJob,
  runStatementJob,
  START_SCHEDULED_BILLING,
  startScheduledBilling,
} from './areas/billing/index.ts';
import { runLookupTableJob } from './areas/catalog/index.ts';
import {
  PURGE_EXPORTS_DAILY,
  purgeExports,
  runExportJob,
  START_DUE_EXPORTS,
  startDueExports,
} from './areas/exports/index.ts';
import {
  PURGE_AUDIT_DAILY,
  PURGE_SIGN_IN_HOURLY,
  purgeAudit,
  purgeSignIn,
  ROTATE_SIGNING_KEYS_DAILY,
  rotateSigningKeys,
  sendMail,
} from './areas/identity/index.ts';
import {
  FIRE_SCHEDULED_EVENTS_MINUTELY,
  PURGE_EVENTS_DAILY,
  PURGE_INTEGRATION_DAILY,
  purgeEvents,
  purgeIntegration,
  scheduledEntities,
  scheduledEventTask,
  sendIntegrationRun,
  startEventDispatch,
} from './areas/integration/index.ts';
import {
  awaitMeasurementUpload,
  PURGE_INGEST_DAILY,
  purgeIngest,
  readMeasurementUpload,
  removeExplorerFile,
  startMeasurementPump,
} from './areas/usage/index.ts';
import type { Context } from './context.ts';
import type { BackgroundLoop } from './jobs/background-loop.ts';
import type { Task } from './jobs/task.ts';
import { parts, resources, singletons } from './registry-resources.ts';

/** Every kind of job. */
export const tasks: readonly Task[] = [
  runStatementJob,
  orderStatementsOfLockedBills,
  removeFiles,
  rotateSigningKeys,
  purgeSignIn,
  purgeAudit,
  sendMail,
  runBillJob,
  startScheduledBilling,
  autoApproveBills,
  removeUnusedFacts,
  runBalanceSchedules,
  checkBalanceLedgers,
  applyBalanceTransaction,
  startDueExports,
  runExportJob,
  purgeExports,
  purgeEvents,
  purgeIngest,
  awaitMeasurementUpload,
  readMeasurementUpload,
  removeExplorerFile,
  runLookupTableJob,
  purgeIntegration,
  sendIntegrationRun,
  scheduledEventTask(scheduledEntities([...resources, ...parts], singletons)),
];

/** Work that goes on beside the jobs in every process that works. */
export const loops: readonly ((ctx: Context) => BackgroundLoop)[] = [
  startMeasurementPump,
  startEventDispatch,
];

/** When jobs start by themselves: crontab lines in UTC (`minute hour day month weekday task`). */
export const cronLines: readonly string[] = [
  ROTATE_SIGNING_KEYS_DAILY,
  PURGE_SIGN_IN_HOURLY,
  PURGE_AUDIT_DAILY,
  START_DUE_EXPORTS,
  PURGE_EXPORTS_DAILY,
  PURGE_EVENTS_DAILY,
  PURGE_INGEST_DAILY,
  PURGE_INTEGRATION_DAILY,
  START_SCHEDULED_BILLING,
  AUTO_APPROVE_BILLS,
  REMOVE_UNUSED_FACTS_DAILY,
  RUN_BALANCE_SCHEDULES,
  CHECK_BALANCE_LEDGERS_DAILY,
  FIRE_SCHEDULED_EVENTS_MINUTELY,
];
