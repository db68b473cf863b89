import { oneOf, reference } from '../../api/fields.ts';
import { declaredResource } from '../../api/resource.ts';

/** A policy attached to a principal (spec 10 §17.7). */
export const principalPermission = declaredResource({
  name: 'PrincipalPermission',
  path: 'permissionpolicies',
  summary: 'a policy attached to a principal',
  table: 'principal_permission',
  permission: 'config:permissionpolicy',
  event: null,
  maxPageSize: 100,
  fields: {
    permissionPolicyId: reference('PermissionPolicy'),
    principalId: reference('Principal'),
    principalType: oneOf(['USER', 'USERGROUP', 'SERVICEUSER', 'SUPPORTUSERS']),
  },
  example: {},
});
