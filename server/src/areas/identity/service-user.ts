import { text } from '../../api/fields.ts';
import { anyId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import { detachAll } from './detach-all.ts';

/** A program that calls the API with access keys (spec 10 §12, §23). A delete ends its tokens at once. */
export const serviceUser = defineResource({
  name: 'ServiceUser',
  path: 'serviceusers',
  summary: 'a service user',
  table: 'service_user',
  permission: 'config:serviceuser',
  event: null,
  maxPageSize: 200,
  fields: { name: text({ max: 100 }) },
  filters: { ids: anyId('id') },
  example: { name: 'Importer' },
  beforeDelete: detachAll,
});
