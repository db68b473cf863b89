import { code, customFields, name } from '../../api/fields.ts';
import { anyId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';

/** What a company sells: the container of meters, plans and counters (spec 20 §2). */
export const product = defineResource({
  name: 'Product',
  path: 'products',
  summary: 'a product',
  table: 'product',
  permission: 'config:product',
  event: 'configuration.product',
  maxPageSize: 200,
  fields: { name: name(), code: code(), customFields: customFields() },
  filters: { ids: anyId('id') },
  example: { name: 'Inference', code: 'inference', customFields: { tier: 'gold' } },
});
