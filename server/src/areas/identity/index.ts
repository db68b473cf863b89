/** Who may do what: tokens, service users, permissions, the first start. */
export { bootstrap, type Credentials, createAdministeredOrganization } from './bootstrap.ts';
export { currentUser } from './current-user.ts';
export { issueToken, TOKEN_LIFETIME_SECONDS } from './issue-token.ts';
export { principalOf } from './principal.ts';
