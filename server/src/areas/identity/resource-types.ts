/** Resource types that a permission can name (spec 10 §17.3), and the tables of their items. */
const CONFIG_TABLES = {
  account: 'account',
  accountplan: 'account_plan',
  aggregation: 'aggregation',
  alert: 'alert',
  analyticsjob: 'usage_saved_query',
  balance: 'balance',
  balancetransaction: 'balance_transaction',
  billgroupingkey: 'bill_grouping_key',
  charge: 'charge',
  commitment: 'commitment',
  compoundaggregation: 'compound_aggregation',
  contract: 'contract',
  counter: 'counter',
  counteradjustment: 'counter_adjustment',
  counterpricing: 'counter_pricing',
  creditreason: 'credit_reason',
  currency: 'currency',
  customfield: null,
  debitreason: 'debit_reason',
  event: 'event',
  exportdestination: 'export_destination',
  exportjob: 'export_job',
  exportschedule: 'export_schedule',
  externalmapping: 'external_mapping',
  integrationconfig: 'integration_config',
  integrationcredential: 'integration_credentials',
  integrationrun: 'integration_run',
  lookuptable: 'lookup_table',
  meter: 'meter',
  metergroup: 'meter_group',
  notification: 'notification',
  organizationconfig: null,
  orguser: 'org_user',
  orguserinvitation: 'invitation',
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
  support: 'support_access',
  transactiontype: 'transaction_type',
  user: 'org_user',
  webhook: 'webhook',
} as const;

const BILLING_TABLES = {
  bill: 'bill',
  billconfig: null,
  billjob: 'bill_job',
  lineitem: 'bill_line_item',
  statementjob: 'statement_job',
} as const;

/** Items of the other services. */
const FURTHER_TABLES: ReadonlyMap<string, string> = new Map([
  ['measurements:fileupload', 'measurement_upload'],
  ['exports:job', 'export_job'],
]);

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

/** The table that holds the items of a type, or null when it has no items. */
export function tableOfType(type: string): string | null {
  return TABLES.get(type) ?? null;
}

/** As `tableOfType` for a resource as operations name it, such as `config:plan`. */
export function itemTable(resource: string): string | null {
  const lower = resource.toLowerCase();
  const [service = '', type = ''] = lower.split(':');
  if (service === 'config' || service === 'billing') return tableOfType(type);
  return FURTHER_TABLES.get(lower) ?? null;
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
