/** The tenant itself: its configuration, currencies and lists of values. */
export {
  ALERT_SEVERITIES,
  ALERT_TYPES,
  alertChange,
  alertDescription,
  type NewAlert,
} from './alert-change.ts';
export { billGroupingKey } from './bill-grouping-key.ts';
export { createOrganization } from './create-organization.ts';
export { creditReason } from './credit-reason.ts';
export { currency, ROUNDING_MODES } from './currency.ts';
export { customFieldDefaults, organizationCustomFields } from './custom-fields.ts';
export { daysBeforeBillDue } from './days-before-bill-due.ts';
export { debitReason } from './debit-reason.ts';
export { currencyMustBeLive } from './live-currency.ts';
export { organizationConfig } from './organization-config.ts';
export { transactionType } from './transaction-type.ts';
