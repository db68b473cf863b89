import { defineResource } from '../../api/resource.ts';
import { picklistFields, picklistFilters, picklistIds } from './picklist.ts';

/** What kind of movement a balance transaction is (spec 50 §1). */
export const transactionType = defineResource({
  name: 'TransactionType',
  path: 'picklists/transactiontypes',
  summary: 'a transaction type',
  table: 'transaction_type',
  permission: 'config:transactiontype',
  event: 'configuration.transactiontype',
  maxPageSize: 100,
  fields: picklistFields(),
  filters: picklistFilters(),
  example: { name: 'Top-up', code: 'top_up' },
  ids: picklistIds('TransactionType'),
});
