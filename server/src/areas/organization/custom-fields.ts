import { sql } from 'kysely';
import { customFields } from '../../api/fields.ts';
import { defineSingleton } from '../../api/singleton.ts';
import type { CustomFieldLevels } from '../../engine/expression/custom-field.ts';
import { present } from '../../kernel/assert.ts';
import type { Reader, Row, Tx } from '../../store/database.ts';
import { findEntity, type Writer } from '../../store/entity-store.ts';

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

/** The custom fields of the organization by entity type, as calculations see them (spec 20 §6.1). */
export async function customFieldDefaults(db: Reader, orgId: string): Promise<CustomFieldLevels['defaults']> {
  const key = { orgId, id: orgId };
  return present(await findEntity(db, organizationCustomFields.entityTable, key), 'custom_field') as Row;
}
