/** Resource types that a permission can name (spec 10 §17.3), and the tables of their items. */
const CONFIG_TABLES = {
  account: 'account',
  accountplan: 'account_plan',
  aggregation: 'aggregation',
  alert: null,
  analyticsjob: null,
  balance: 'balance',
  balancetransaction: 'balance_transaction',
  billgroupingkey: 'bill_grouping_key',
  charge: null,
  commitment: null,
  compoundaggregation: 'compound_aggregation',
  contract: 'contract',
  counter: 'counter',
  counteradjustment: 'counter_adjustment',
  counterpricing: 'counter_pricing',
  creditreason: 'credit_reason',
  currency: 'currency',
  customfield: null,
  debitreason: 'debit_reason',
  event: null,
  exportdestination: null,
  exportjob: null,
  exportschedule: null,
  externalmapping: null,
  integrationconfig: 'integration_config',
  integrationcredential: 'integration_credentials',
  integrationrun: null,
  lookuptable: null,
  meter: 'meter',
  metergroup: 'meter_group',
  notification: 'notification',
  organizationconfig: null,
  orguser: null,
  orguserinvitation: null,
  permissionpolicy: 'permission_policy',
  plan: 'plan',
  plangroup: 'plan_group',
  plangrouplink: 'plan_group_link',
  plantemplate: 'plan_template',
  pricing: 'pricing',
  product: 'product',
  resourcegroup: 'resource_group',
  scheduledevent: 'scheduled_event',
  serviceuser: 'service_user',
  statementdefinition: 'statement_definition',
  support: null,
  transactiontype: 'transaction_type',
  user: null,
  webhook: 'webhook',
} as const;

const BILLING_TABLES = {
  bill: 'bill',
  billconfig: null,
  billjob: 'bill_job',
  lineitem: null,
  statementjob: null,
} as const;

const TABLES: ReadonlyMap<string, string | null> = new Map(
  Object.entries({ ...CONFIG_TABLES, ...BILLING_TABLES }),
);

const CONFIG_TYPES = [...Object.keys(CONFIG_TABLES), ...Object.keys(BILLING_TABLES)];

const SERVICES: Readonly<Record<string, readonly string[]>> = {
  config: CONFIG_TYPES,
  billing: Object.keys(BILLING_TABLES),
  analytics: ['usage', 'bills'],
  measurements: ['measurement', 'fileupload'],
  exports: ['job'],
  marketplace: ['usage'],
  audit: ['event'],
};

/** Whether resource groups can be made of the type; lower case. */
export function isGroupableType(type: string): boolean {
  return TABLES.has(type);
}

/** The table that holds the items of a type, or null when no item of it can be in a group yet. */
export function tableOfType(type: string): string | null {
  return TABLES.get(type) ?? null;
}

/**
 * Resources that a statement may name: `*`, `service:*`, `service:type`, and these with `/*`, `/item/<id>` or
 * `/group/<id>` behind them; any letter case (spec 10 §17.3).
 */
export function resourcePattern(): RegExp {
  const typed = Object.entries(SERVICES).map(
    ([service, types]) => String.raw`${service}:(?:${types.join('|')}|\*)`,
  );
  const anyService = String.raw`\*:(?:${[...new Set(Object.values(SERVICES).flat())].join('|')}|\*)`;
  const item = String.raw`(?:/(?:item|group|\*)(?:/(?:\*|[^/*\s]+))?)?`;
  return new RegExp(String.raw`^(?:\*|(?:${[...typed, anyService].join('|')})${item})$`, 'i');
}
