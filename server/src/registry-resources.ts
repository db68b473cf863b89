import type { AnyResource } from './api/resource.ts';
import type { AnySingleton } from './api/singleton.ts';
import {
  account,
  accountPlan,
  balance,
  balanceTransactionSchedule,
  commitment,
  contract,
  counterAdjustment,
} from './areas/accounts/index.ts';
import {
  balanceChargeSchedule,
  billConfig,
  billJob,
  charge,
  creditLineItem,
  debitLineItem,
  statementDefinition,
  statementJob,
} from './areas/billing/index.ts';
import {
  aggregation,
  compoundAggregation,
  lookupTable,
  meter,
  meterGroup,
  product,
} from './areas/catalog/index.ts';
import { exportDestination, exportJob, exportSchedule } from './areas/exports/index.ts';
import { invitation, orgUser, permissionPolicy, serviceUser, supportAccess } from './areas/identity/index.ts';
import {
  alert,
  externalMapping,
  integrationConfig,
  integrationCredentials,
  integrationRun,
  notification,
  scheduledEvent,
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
import { usageSavedQuery } from './areas/usage/index.ts';

/** Every resource of the product, one line each. */
export const resources: readonly AnyResource[] = [
  permissionPolicy,
  serviceUser,
  orgUser,
  invitation,
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
  commitment,
  counterAdjustment,
  billJob,
  charge,
  creditLineItem,
  debitLineItem,
  statementDefinition,
  exportDestination,
  exportSchedule,
  exportJob,
  scheduledEvent,
  notification,
  webhook,
  integrationCredentials,
  integrationConfig,
  integrationRun,
  externalMapping,
  alert,
];

/** Entities that raise events and whose operations are all written out. */
export const parts: readonly Omit<AnyResource, 'operations'>[] = [
  balanceTransactionSchedule,
  balanceChargeSchedule,
  statementJob,
];

/** Documents that every organization has once. */
export const singletons: readonly AnySingleton[] = [
  organizationConfig,
  organizationCustomFields,
  billConfig,
  supportAccess,
];
