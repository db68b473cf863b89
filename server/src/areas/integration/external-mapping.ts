import { sql } from 'kysely';
import { CODE_PATTERN, optional, reference, text } from '../../api/fields.ts';
import { codesParameter, equalId, textParameter } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import { plainId } from '../../kernel/ids.ts';
import { mappedEntityMustExist } from './mapped-entities.ts';

/** The id that another system knows one of our entities by (spec 60 §7). */
export const externalMapping = defineResource({
  name: 'ExternalMapping',
  path: 'externalmappings',
  summary: 'an external mapping',
  table: 'external_mapping',
  permission: 'config:externalmapping',
  event: null,
  maxPageSize: 200,
  fields: {
    m3terEntity: mappedText(),
    m3terId: mappedText(),
    externalSystem: mappedText(),
    externalTable: mappedText(),
    externalId: mappedText(),
    integrationConfigId: optional(reference('IntegrationConfig')),
  },
  filters: {
    externalSystemId: {
      schema: textParameter(),
      where: (system: string) => sql`external_system = ${system}`,
    },
    m3terIds: {
      schema: codesParameter(),
      where: (ids: string[]) => sql`m3ter_id = any(${ids.map(plainId)}::text[])`,
    },
    integrationConfigId: equalId('integration_config_id'),
  },
  example: {
    m3terEntity: 'Account',
    m3terId: '{Account}',
    externalSystem: 'Salesforce',
    externalTable: 'Account',
    externalId: '{Product}',
  },
  ids: { create: 'CreateExternalMapping', update: 'UpdateExternalMapping' },
  complete: async (values, _before, { tx, orgId }) => {
    await mappedEntityMustExist({ tx, orgId }, values);
    return { ...values, m3terId: plainId(values.m3terId) };
  },
});

/** The code rule of spec 10 §6, with room for the ids of other systems. */
function mappedText() {
  const says = 'must be printable, without space at the start or the end and without other white space';
  return text({ max: 200, pattern: CODE_PATTERN, says });
}
