import { sql } from 'kysely';
import { z } from 'zod';
import { defineOperation } from '../../api/operation.ts';
import { pageOf, pageParameters } from '../../api/page.ts';
import { plainId } from '../../kernel/ids.ts';
import { externalMapping } from './external-mapping.ts';

const declared = {
  method: 'GET',
  tag: externalMapping.name,
  permission: { action: 'config:retrieve', resource: externalMapping.permission },
  query: z.object(pageParameters(externalMapping.maxPageSize)),
  response: externalMapping.response,
  answers: 'page',
} as const;

/** What other systems know one entity of ours by. */
export const listExternalMappingsForEntity = defineOperation({
  ...declared,
  id: 'ListExternalMappingsForM3terEntity',
  path: '/externalmappings/external/{entity}/{m3terId}',
  summary: 'list the external mappings of an entity',
  handle: (call) => {
    const { entity = '', m3terId = '' } = call.params;
    return pageOf(externalMapping, call, [sql`m3ter_entity = ${entity} and m3ter_id = ${plainId(m3terId)}`]);
  },
});

/** Which entities of ours another system knows by one id of its own. */
export const listExternalMappingsForExternalId = defineOperation({
  ...declared,
  id: 'ListExternalMappingsForExternalSystemAndEntity',
  path: '/externalmappings/externalid/{system}/{externalTable}/{externalId}',
  summary: 'list the external mappings of an id in another system',
  handle: (call) => {
    const { system = '', externalTable = '', externalId = '' } = call.params;
    return pageOf(externalMapping, call, [
      sql`external_system = ${system} and external_table = ${externalTable} and external_id = ${externalId}`,
    ]);
  },
});
