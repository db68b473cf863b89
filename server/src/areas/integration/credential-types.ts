import { flag, oneOf, optional, requestOnly, text } from '../../api/fields.ts';

/** Systems that credentials are for (spec 60 §6.1). */
export const DESTINATION_TYPES = [
  'WEBHOOK',
  'NETSUITE',
  'STRIPE',
  'STRIPE_TEST',
  'AWS',
  'PADDLE',
  'PADDLE_SANDBOX',
  'SALESFORCE',
  'XERO',
  'CHARGEBEE',
  'QUICKBOOKS',
  'QUICKBOOKS_SANDBOX',
  'M3TER',
] as const;

/** The secrets that credentials of each type consist of (spec 60 §6.3). */
const SECRETS = {
  HTTP_BASIC: ['username', 'password'],
  OAUTH_CLIENT_CREDENTIALS: ['clientId', 'clientSecret', 'tokenUrl'],
  M3TER_SIGNED_REQUEST: ['apiKey', 'secret'],
  AWS_INTEGRATION: ['roleArn', 'externalId', 'region'],
  PADDLE_AUTH: ['vendorId', 'apiKey'],
  NETSUITE_AUTH: ['accountId', 'consumerKey', 'consumerSecret', 'tokenId', 'tokenSecret'],
  CHARGEBEE_AUTH: ['site', 'apiKey'],
  M3TER_APP_SIGNATURE: ['secret'],
  M3TER_SERVICE_USER: ['accessKeyId', 'apiSecret'],
  STRIPE_SIGNED_REQUEST: ['apiKey'],
  HUBSPOT_ACCESS_TOKEN: ['accessToken'],
  HUBSPOT_CLIENT_SECRET: ['secret'],
  OPSGENIE_KEY: ['apiKey'],
  SAP_BYD: ['url', 'username', 'password'],
  SLACK_WEBHOOK: ['url'],
  SAGE_INTACCT_CLIENT_CREDENTIALS: ['clientId', 'clientSecret', 'tokenUrl'],
  SAGE_INTACCT_CLIENT_SECRET: ['secret'],
  STATIC_API_KEY: ['apiKey'],
} as const;

export type CredentialType = keyof typeof SECRETS;
type SecretName = (typeof SECRETS)[CredentialType][number];
type Secrets = { readonly [K in SecretName]: string | null };

/** Secrets may be keys of several kilobytes. */
const MAX_SECRET_LENGTH = 8_000;

/** What every set of credentials says of itself. */
export function credentialParts() {
  return {
    type: oneOf(Object.keys(SECRETS) as CredentialType[]),
    name: optional(text({ max: 200 })),
    destination: optional(oneOf(DESTINATION_TYPES)),
  };
}

/** What a request may bring with them: no answer repeats it. */
export function secretParts() {
  const names = [...new Set(Object.values(SECRETS).flat())];
  const secrets = names.map((name) => [name, requestOnly(text({ max: MAX_SECRET_LENGTH }))] as const);
  return {
    empty: requestOnly(flag()),
    ...(Object.fromEntries(secrets) as { [K in SecretName]: (typeof secrets)[number][1] }),
  };
}

/** Those of the given values that are secrets of the type; the others are no part of such credentials. */
export function secretsOf(type: CredentialType, given: Secrets): Partial<Record<SecretName, string>> {
  const entries = SECRETS[type].map((name) => [name, given[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}

/** The names of the secrets of a type, in the order in which forms ask for them. */
export function secretNames(type: CredentialType): readonly string[] {
  return SECRETS[type];
}
