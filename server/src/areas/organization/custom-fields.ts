import { sql } from 'kysely';
import { customFields } from '../../api/fields.ts';
import { defineSingleton } from '../../api/singleton.ts';
import { present } from '../../kernel/assert.ts';
import type { Db, Tx } from '../../store/database.ts';
import type { Writer } from '../../store/entity-store.ts';

/** Entity types whose custom fields exist at the level of the organization (spec 10 §19.2). */
export const CUSTOM_FIELD_OWNERS = [
  'organization',
  'product',
  'account',
  'accountPlan',
  'meter',
  'planTemplate',
  'plan',
  'aggregation',
  'compoundAggregation',
  'contract',
] as const;

export type CustomFieldOwner = (typeof CUSTOM_FIELD_OWNERS)[number];

/** The custom fields that calculations may use, each with the value that holds where an entity has none. */
export const organizationCustomFields = defineSingleton({
  name: 'CustomField',
  path: 'customfields',
  summary: 'the custom fields of the organization',
  table: 'custom_field',
  permission: 'config:customfield',
  event: 'configuration.customfield',
  fields: {
    organization: customFields(25),
    product: customFields(25),
    account: customFields(25),
    accountPlan: customFields(25),
    meter: customFields(25),
    planTemplate: customFields(25),
    plan: customFields(25),
    aggregation: customFields(25),
    compoundAggregation: customFields(25),
    contract: customFields(25),
  },
  ids: { get: 'GetCustomField', update: 'UpdateCustomFields' },
});

/** Writes the empty document that a new organization begins with. */
export async function insertCustomFields(tx: Tx, writer: Writer): Promise<void> {
  const now = String(writer.now);
  await sql`insert into custom_field
    (org_id, id, version, dt_created, dt_last_modified, created_by, last_modified_by,
     organization, product, account, account_plan, meter, plan_template, plan, aggregation,
     compound_aggregation, contract)
    values (${writer.orgId}, ${writer.orgId}, 1, ${now}, ${now}, ${writer.principalId}, ${writer.principalId},
     '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')`.execute(tx);
}

/** Names of the custom fields that exist at the level of the organization, by entity type. */
export async function customFieldNames(
  db: Db | Tx,
  orgId: string,
): Promise<ReadonlyMap<CustomFieldOwner, ReadonlySet<string>>> {
  const { rows } = await sql<Record<CustomFieldOwner, Record<string, unknown>>>`
    select * from custom_field where org_id = ${orgId}`.execute(db);
  const document = present(rows[0], 'custom_field');
  return new Map(CUSTOM_FIELD_OWNERS.map((owner) => [owner, new Set(Object.keys(document[owner]))]));
}
