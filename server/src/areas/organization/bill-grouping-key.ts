import { flag } from '../../api/fields.ts';
import { defineResource } from '../../api/resource.ts';
import { picklistFields, picklistFilters, picklistIds } from './picklist.ts';

/**
 * What contracts have in common when they are billed together; an exclusive key takes one contract (spec 50
 * §1).
 */
export const billGroupingKey = defineResource({
  name: 'BillGroupingKey',
  path: 'picklists/billgroupingkeys',
  summary: 'a bill grouping key',
  table: 'bill_grouping_key',
  permission: 'config:billgroupingkey',
  event: null,
  maxPageSize: 100,
  fields: { ...picklistFields(), exclusive: flag() },
  filters: picklistFilters(),
  example: { name: 'Cloud contracts', code: 'cloud', exclusive: false },
  ids: picklistIds('BillGroupingKey'),
});
