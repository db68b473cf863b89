/** Who may do what: tokens, people, service users, permissions, the first start. */
export { acceptInvitation, showInvitation } from './accept-invitation.ts';
export { createAccessKey, deleteAccessKey, listAccessKeys, updateAccessKey } from './access-key.ts';
export { attachOperations } from './attach-policy.ts';
export {
  bootstrap,
  type Credentials,
  createAdministeredOrganization,
  type FirstSignIn,
} from './bootstrap.ts';
export { currentUser } from './current-user.ts';
export { invitation } from './invitation.ts';
export { cancelInvitation, inviteUser } from './invite-user.ts';
export { issueToken, TOKEN_LIFETIME_SECONDS } from './issue-token.ts';
export { listAudit } from './list-audit.ts';
export { listOrganizations } from './list-organizations.ts';
export { orgUser } from './org-user.ts';
export {
  changePassword,
  type Membership,
  membershipsOf,
  type PasswordChange,
  type PasswordCheck,
  type Person,
  personById,
  verifyPassword,
} from './people.ts';
export { permissionPolicy } from './permission-policy.ts';
export { noteWrite, principalOf } from './principal.ts';
export { PURGE_AUDIT_DAILY, purgeAudit } from './purge-audit.ts';
export { resendPassword } from './resend-password.ts';
export { listResourceGroups, resourceGroup } from './resource-group.ts';
export {
  addResourceToGroup,
  listGroupContents,
  listGroupPermissions,
  removeResourceFromGroup,
} from './resource-group-item.ts';
export { itemTable } from './resource-types.ts';
export { enqueueMail, sendMail } from './send-mail.ts';
export { serviceUser } from './service-user.ts';
export { oidcRoutes } from './sign-in/oidc-routes.ts';
export { PURGE_SIGN_IN_HOURLY, purgeSignIn } from './sign-in/purge-sign-in.ts';
export { signInRoutes } from './sign-in/sign-in-routes.ts';
export { publicKeySet, ROTATE_SIGNING_KEYS_DAILY, rotateSigningKeys } from './signing-key.ts';
export { listSupportPermissions, supportAccess } from './support-access.ts';
export { flagSupportUser } from './support-user.ts';
export { updateUserProfile } from './user-profile.ts';
export { listUserGroups, listUserPermissions } from './user-reading.ts';
