import { answerOf, changeOf, writerOf } from '../../api/entity-writes.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { idOf } from '../../api/resource.ts';
import type { EntityOf } from '../../api/resource-spec.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Row } from '../../store/database.ts';
import { lockEntity, replaceEntity, type Stored } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { integrationConfig } from './integration-config.ts';

const permission = { action: 'config:update', resource: integrationConfig.permission };

/** Switches a configuration on again, after it was switched off by hand or by failures (spec 60 §6.2). */
export const enableIntegrationConfig = defineOperation({
  id: 'EnableIntegrationConfig',
  method: 'POST',
  path: '/integrationconfigs/{id}/enable',
  summary: 'enable an integration configuration',
  tag: integrationConfig.name,
  permission,
  response: integrationConfig.response,
  handle: (call) => switchConfig(call, idOf(call.params), true),
});

/** Nothing is sent for a configuration that is switched off (spec 60 §6.3). */
export const disableIntegrationConfig = defineOperation({
  id: 'DisableIntegrationConfig',
  method: 'POST',
  path: '/integrationconfigs/{id}/disable',
  summary: 'disable an integration configuration',
  tag: integrationConfig.name,
  permission,
  response: integrationConfig.response,
  handle: (call) => switchConfig(call, idOf(call.params), false),
});

/** Answers the configuration; one that is switched so already is left as it is. */
async function switchConfig(call: AnyCall, id: string, enabled: boolean): Promise<Row> {
  const table = integrationConfig.entityTable;
  const writer = writerOf(call);
  return call.ctx.db.transaction().execute(async (tx) => {
    const before = await lockEntity(tx, table, { orgId: call.orgId, id });
    if (!before) throw new ApiError('NOT_FOUND', 'there is no integration configuration with this id');
    if (before['enabled'] === enabled) return answerOf(integrationConfig, entityOf(before));
    const after = await replaceEntity(tx, table, { writer, id, values: { ...before, enabled } });
    const change = { before: entityOf(before), after: entityOf(after) };
    await recordChange(tx, writer, changeOf(integrationConfig, call, change));
    return answerOf(integrationConfig, entityOf(after));
  });
}

function entityOf(stored: Stored): EntityOf<typeof integrationConfig.fields> {
  return stored as unknown as EntityOf<typeof integrationConfig.fields>;
}
