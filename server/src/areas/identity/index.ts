/** Who may do what: tokens, service users, permissions, the first start. */
export { createAccessKey, deleteAccessKey, listAccessKeys, updateAccessKey } from './access-key.ts';
export { attachOperations } from './attach-policy.ts';
export { bootstrap, type Credentials, createAdministeredOrganization } from './bootstrap.ts';
export { currentUser } from './current-user.ts';
export { issueToken, TOKEN_LIFETIME_SECONDS } from './issue-token.ts';
export { permissionPolicy } from './permission-policy.ts';
export { principalOf } from './principal.ts';
export { listResourceGroups, resourceGroup } from './resource-group.ts';
export {
  addResourceToGroup,
  listGroupContents,
  listGroupPermissions,
  removeResourceFromGroup,
} from './resource-group-item.ts';
export { serviceUser } from './service-user.ts';
