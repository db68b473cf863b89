import { defineResource } from '../../api/resource.ts';
import { picklistFields, picklistFilters, picklistIds } from './picklist.ts';

/** Why an account is debited; named by debit line items (spec 50 §1). */
export const debitReason = defineResource({
  name: 'DebitReason',
  path: 'picklists/debitreasons',
  summary: 'a debit reason',
  table: 'debit_reason',
  permission: 'config:debitreason',
  event: null,
  maxPageSize: 100,
  fields: picklistFields(),
  filters: picklistFilters(),
  example: { name: 'Late payment', code: 'late_payment' },
  ids: picklistIds('DebitReason'),
});
