/** The tenant itself: its configuration, currencies and lists of values. */
export { createOrganization } from './create-organization.ts';
export { currency, ROUNDING_MODES } from './currency.ts';
export { organizationConfig } from './organization-config.ts';
