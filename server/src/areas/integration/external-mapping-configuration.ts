import { z } from 'zod';
import { flag, list, optional, text } from '../../api/fields.ts';
import { textParameter } from '../../api/filters.ts';
import { defineOperation } from '../../api/operation.ts';
import { externalMapping } from './external-mapping.ts';
import { MAPPED_ENTITIES } from './mapped-entities.ts';
import { SYSTEMS } from './systems.ts';

const declared = {
  method: 'GET',
  tag: externalMapping.name,
  permission: { action: 'config:retrieve', resource: externalMapping.permission },
  answers: 'whole',
} as const;

/** What can be mapped to what (spec 60 §7). Any other names may be used as well. */
export const getExternalMappingConfiguration = defineOperation({
  ...declared,
  id: 'GetExternalMappingConfiguration',
  path: '/externalmappingconfiguration',
  summary: 'get the entities, systems and tables that mappings are offered for',
  response: z.object({
    m3terEntities: list(text()),
    externalSystems: list(
      z.object({
        name: text(),
        tables: optional(list(text())),
        allowCustomExternalTables: optional(flag()),
      }),
    ),
  }),
  handle: async () => ({ m3terEntities: MAPPED_ENTITIES, externalSystems: mappableSystems() }),
});

function mappableSystems() {
  const mappings = SYSTEMS.flatMap(({ name, mapping }) => (mapping?.system === name ? [mapping] : []));
  return mappings.map(({ system, tables }) => ({ name: system, tables, allowCustomExternalTables: true }));
}

const options = {
  ...declared,
  query: z.object({ externalTable: textParameter() }),
  response: list(z.object({ externalId: optional(text()), externalName: optional(text()) })),
  // Only an installed connector can ask its system, and there is none yet (spec 60 §6.1).
  handle: async () => [],
} as const;

/** What an entity could be mapped to, as the other system tells; empty when it cannot be asked. */
export const getExternalMappingOptions = defineOperation({
  ...options,
  id: 'GetExternalMappingOptionsForDestination',
  path: '/externalmappingconfiguration/values/{destination}/{entityType}',
  summary: 'list what an entity can be mapped to in another system',
});

/** As `getExternalMappingOptions`, asked with certain credentials. */
export const getExternalMappingOptionsForCredentials = defineOperation({
  ...options,
  id: 'GetExternalMappingOptionsForDestinationForCredentialsId',
  path: '/externalmappingconfiguration/values/{destination}/{entityType}/{integrationCredentialsId}',
  summary: 'list what an entity can be mapped to in another system, asked with credentials',
});
