import { defineResource } from '../../api/resource.ts';
import { picklistFields, picklistFilters, picklistIds } from './picklist.ts';

/** Why an account is credited; named by credit line items (spec 50 §1). */
export const creditReason = defineResource({
  name: 'CreditReason',
  path: 'picklists/creditreasons',
  summary: 'a credit reason',
  table: 'credit_reason',
  permission: 'config:creditreason',
  event: 'configuration.creditreason',
  maxPageSize: 100,
  fields: picklistFields(),
  filters: picklistFilters(),
  example: { name: 'Service outage', code: 'outage' },
  ids: picklistIds('CreditReason'),
});
