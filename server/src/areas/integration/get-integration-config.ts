import { sql } from 'kysely';
import { z } from 'zod';
import { answerOf } from '../../api/entity-writes.ts';
import { textParameter } from '../../api/filters.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { pageOf, pageParameters } from '../../api/page.ts';
import { idOf } from '../../api/resource.ts';
import type { EntityOf } from '../../api/resource-spec.ts';
import { ApiError } from '../../kernel/errors.ts';
import { plainId } from '../../kernel/ids.ts';
import type { Condition, Row } from '../../store/database.ts';
import { findEntity } from '../../store/entity-store.ts';
import { integrationConfig, toDestination } from './integration-config.ts';
import { integrationRun, type StoredRun } from './integration-run.ts';
import { canonicalDestination } from './systems.ts';

const permission = { action: 'config:retrieve', resource: integrationConfig.permission };

/** What stands in the place of the latest run while there is none (spec 60 §6.2). */
const NO_RUN = { status: 'WAITING' };

/** What is shown of the latest run. */
const runSchema = integrationRun.response.pick({
  status: true,
  dtStarted: true,
  dtCompleted: true,
  error: true,
  url: true,
  externalId: true,
  parentIntegrationRunId: true,
});
const RUN_PROPERTIES = Object.keys(runSchema.shape);
const withLatestRun = integrationConfig.response.extend(runSchema.shape);

/**
 * A configuration and its latest run in one object, which is what the public schema asks for (spec 60 §6.2).
 */
export const getIntegrationConfig = defineOperation({
  id: 'GetIntegrationConfig',
  method: 'GET',
  path: '/integrationconfigs/{id}',
  summary: 'get an integration configuration with its latest run',
  tag: integrationConfig.name,
  permission,
  response: withLatestRun,
  handle: async (call) => {
    const key = { orgId: call.orgId, id: idOf(call.params) };
    const found = await findEntity(call.ctx.db, integrationConfig.entityTable, key);
    if (!found) throw new ApiError('NOT_FOUND', 'there is no integration configuration with this id');
    const config = found as unknown as EntityOf<typeof integrationConfig.fields>;
    const [answer = {}] = await withLatestRuns(call, [answerOf(integrationConfig, config)]);
    return answer;
  },
});

/**
 * Configurations of one entity type; the first lies at the top level too, for clients that expect one object.
 */
export const getIntegrationConfigForType = defineOperation({
  id: 'GetIntegrationConfigForType',
  method: 'GET',
  path: '/integrationconfigs/entity/{entityType}',
  summary: 'list the integration configurations of an entity type with their latest runs',
  tag: integrationConfig.name,
  permission,
  query: z.object({
    ...pageParameters(integrationConfig.maxPageSize),
    entityId: textParameter(),
    destination: textParameter(),
    destinationId: textParameter(),
  }),
  response: withLatestRun,
  answers: 'pageWithFirst',
  handle: async (call) => {
    const { entityId, destination, destinationId } = call.query;
    const conditions: Condition[] = [sql`entity_type = ${call.params['entityType'] ?? ''}`];
    if (entityId !== undefined) conditions.push(sql`entity_id = ${plainId(entityId)}`);
    if (destination !== undefined) conditions.push(sql`destination = ${canonicalDestination(destination)}`);
    if (destinationId !== undefined) conditions.push(toDestination(destinationId));
    const page = await pageOf(integrationConfig, call, conditions);
    const configs = await withLatestRuns(call, page['data'] as Row[]);
    return { ...configs[0], ...page, data: configs };
  },
});

async function withLatestRuns({ ctx, orgId }: AnyCall, configs: readonly Row[]): Promise<readonly Row[]> {
  const ids = configs.map((config) => config['id']);
  const { rows } = await sql<StoredRun>`select distinct on (integration_config_id) *
    from ${sql.table(integrationRun.table)}
    where org_id = ${orgId} and integration_config_id = any(${ids}::uuid[])
    order by integration_config_id, id desc`.execute(ctx.db);
  const runs = new Map(rows.map((run) => [run.integrationConfigId, run]));
  return configs.map((config) => {
    const run: Row = runs.get(String(config['id'])) ?? NO_RUN;
    const shown = Object.fromEntries(RUN_PROPERTIES.map((name) => [name, run[name]]));
    return { ...config, ...shown, entityId: config['entityId'] ?? '' };
  });
}
