import type { CredentialType, DESTINATION_TYPES } from './credential-types.ts';

/** How systems are signed in to, as the public API names it (spec 60 §6.3). */
export const AUTH_TYPES = [
  'OAUTH_CODE',
  'OAUTH_CLIENT_CREDENTIALS',
  'HTTP_BASIC',
  'M3TER_SIGNED_REQUEST',
  'AWS_INTEGRATION',
  'PADDLE',
  'NETSUITE',
  'CHARGEBEE',
  'M3TER_APP_SIGNATURE',
  'M3TER_SERVICE_USER',
  'STRIPE_SIGNED_REQUEST',
  'OPSGENIE_KEY',
  'SAP_BYD',
  'HUBSPOT_ACCESS_TOKEN',
  'HUBSPOT_CLIENT_SECRET',
  'SLACK_WEBHOOK',
  'SAGE_INTACCT_CLIENT_CREDENTIALS',
  'SAGE_INTACCT_CLIENT_SECRET',
  'STATIC_API_KEY',
] as const;

/** A system that configurations can send to. */
export type System = {
  /** As configurations name it. */
  readonly name: string;
  readonly displayName: string;
  readonly apiName: (typeof DESTINATION_TYPES)[number];
  /** How it is signed in to. */
  readonly authType: (typeof AUTH_TYPES)[number];
  readonly credentialType: CredentialType | null;
  readonly entities: readonly string[];
  readonly categories: readonly string[];
  /** The name that mappings know it by, and what it keeps; null for systems without ids of their own. */
  readonly mapping: { readonly system: string; readonly tables: readonly string[] } | null;
  /** Whether this installation can send to it (spec 60 §6.1); others are stored, and their runs fail. */
  readonly isInstalled: boolean;
};

const BILLING = ['Bill'];
const SYNCED = ['Account', 'Bill', 'Contract', 'Commitment', 'Balance', 'BalanceTransaction'];
const ANYTHING = [
  'Notification',
  'Bill',
  'Account',
  'AccountPlan',
  'Contract',
  'Commitment',
  'Balance',
  'BalanceTransaction',
  'Product',
  'Plan',
  'PlanTemplate',
];

type Entry = readonly [
  name: string,
  displayName: string,
  apiName: System['apiName'],
  authType: System['authType'],
  credentialType: CredentialType | null,
];

const ENTRIES: readonly Entry[] = [
  ['Webhook', 'Webhook', 'WEBHOOK', 'M3TER_SIGNED_REQUEST', 'M3TER_SIGNED_REQUEST'],
  ['Netsuite', 'NetSuite', 'NETSUITE', 'NETSUITE', 'NETSUITE_AUTH'],
  ['Stripe', 'Stripe', 'STRIPE', 'STRIPE_SIGNED_REQUEST', 'STRIPE_SIGNED_REQUEST'],
  ['StripeTest', 'Stripe (test)', 'STRIPE_TEST', 'STRIPE_SIGNED_REQUEST', 'STRIPE_SIGNED_REQUEST'],
  ['AWS', 'AWS Marketplace', 'AWS', 'AWS_INTEGRATION', 'AWS_INTEGRATION'],
  ['Paddle', 'Paddle', 'PADDLE', 'PADDLE', 'PADDLE_AUTH'],
  ['PaddleSandbox', 'Paddle (sandbox)', 'PADDLE_SANDBOX', 'PADDLE', 'PADDLE_AUTH'],
  ['Salesforce', 'Salesforce', 'SALESFORCE', 'OAUTH_CODE', null],
  ['Xero', 'Xero', 'XERO', 'OAUTH_CODE', null],
  ['Chargebee', 'Chargebee', 'CHARGEBEE', 'CHARGEBEE', 'CHARGEBEE_AUTH'],
  ['QuickBooks', 'QuickBooks', 'QUICKBOOKS', 'OAUTH_CODE', null],
  ['QuickBooksSandbox', 'QuickBooks (sandbox)', 'QUICKBOOKS_SANDBOX', 'OAUTH_CODE', null],
  ['M3ter', 'Meterbook', 'M3TER', 'M3TER_SERVICE_USER', 'M3TER_SERVICE_USER'],
];

/** What systems keep that entities of ours can be mapped to; test systems share the names of real ones. */
const TABLES: ReadonlyMap<string, readonly string[]> = new Map([
  ['Stripe', ['Customer', 'Product', 'Invoice']],
  ['Salesforce', ['Account', 'Opportunity', 'Order', 'Product2']],
  ['Netsuite', ['Customer', 'Item', 'Invoice']],
  ['Xero', ['Contact', 'Item', 'Invoice']],
  ['QuickBooks', ['Customer', 'Item', 'Invoice']],
  ['Chargebee', ['Customer', 'Subscription', 'Item']],
  ['Paddle', ['Customer', 'Product', 'Transaction']],
  ['AWS', ['Customer', 'Product']],
]);

const ENTITIES: ReadonlyMap<string, readonly string[]> = new Map([
  ['Webhook', ANYTHING],
  ['Salesforce', SYNCED],
  ['M3ter', []],
]);

const CATEGORIES: ReadonlyMap<string, readonly string[]> = new Map([
  ['Webhook', ['WEBHOOK']],
  ['Salesforce', ['CRM']],
  ['AWS', ['MARKETPLACE']],
  ['Netsuite', ['ACCOUNTING']],
  ['Xero', ['ACCOUNTING']],
  ['QuickBooks', ['ACCOUNTING']],
]);

/** Every system that is known, in the order in which they are offered (spec 60 §6.1). */
export const SYSTEMS: readonly System[] = ENTRIES.map(
  ([name, displayName, apiName, authType, credentialType]) => {
    const system = name.replace(/(?:Test|Sandbox)$/, '');
    const tables = TABLES.get(system);
    return {
      name,
      displayName,
      apiName,
      authType,
      credentialType,
      entities: ENTITIES.get(name) ?? BILLING,
      categories: CATEGORIES.get(system) ?? ['PAYMENTS'],
      mapping: tables ? { system, tables } : null,
      isInstalled: name === 'Webhook',
    };
  },
);

/** The system of that name in any letter case; its `apiName` is a name too. Null for others. */
export function systemNamed(name: string): System | null {
  const lower = name.toLowerCase();
  const found = SYSTEMS.find((known) => [known.name, known.apiName].some((n) => n.toLowerCase() === lower));
  return found ?? null;
}

/** The name of a destination as it is answered; known systems are found in any letter case (spec 60 §6.1). */
export function canonicalDestination(given: string): string {
  return SYSTEMS.find(({ name }) => name.toLowerCase() === given.toLowerCase())?.name ?? given;
}

/** The names, in lower case, under which mappings of a destination's ids are kept. */
export function mappingSystems(destination: string): readonly string[] {
  const names = [destination, systemNamed(destination)?.mapping?.system ?? destination];
  return [...new Set(names.map((name) => name.toLowerCase()))];
}
