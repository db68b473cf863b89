import { assigned, flag, text } from '../../api/fields.ts';
import { defineResource } from '../../api/resource.ts';
import { ApiError } from '../../kernel/errors.ts';
import { permissionStatements } from './permission-statement.ts';

/** Statements about who may do what, to be attached to principals (spec 10 §17). */
export const permissionPolicy = defineResource({
  name: 'PermissionPolicy',
  path: 'permissionpolicies',
  summary: 'a permission policy',
  table: 'permission_policy',
  permission: 'config:permissionpolicy',
  event: null,
  maxPageSize: 100,
  fields: {
    name: text({ max: 100 }),
    permissionPolicy: permissionStatements(),
    managedPolicy: assigned(flag(), false),
  },
  example: {
    name: 'Meters only',
    permissionPolicy: [{ effect: 'allow', action: ['config:retrieve'], resource: ['config:meter/*'] }],
  },
  ids: { list: 'ListPermissionPolicies' },
  complete: (values, before) => {
    if (before?.managedPolicy) throw managedStays();
    return values;
  },
  beforeDelete: async (_scope, before) => {
    if (before.managedPolicy) throw managedStays();
  },
});

/** Spec 10 §17.6. */
function managedStays(): ApiError {
  return new ApiError('ILLEGAL_STATE', 'a managed policy can neither be changed nor deleted');
}
