import { defineOperation } from '../../api/operation.ts';
import { idOf } from '../../api/resource.ts';
import { amendEntity } from './amend-entity.ts';
import { integrationConfig } from './integration-config.ts';

const permission = { action: 'config:update', resource: integrationConfig.permission };

/** Switches a configuration on again; its failures are counted anew (spec 60 §6.2, §6.7). */
export const enableIntegrationConfig = defineOperation({
  id: 'EnableIntegrationConfig',
  method: 'POST',
  path: '/integrationconfigs/{id}/enable',
  summary: 'enable an integration configuration',
  tag: integrationConfig.name,
  permission,
  response: integrationConfig.response,
  handle: (call) =>
    amendEntity(integrationConfig, call, {
      id: idOf(call.params),
      valuesOf: ({ destination, authorized }) => ({
        enabled: true,
        authorized: destination === 'Webhook' || authorized,
        failureCount: 0,
        authFailureCount: 0,
      }),
    }),
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
  handle: (call) =>
    amendEntity(integrationConfig, call, { id: idOf(call.params), valuesOf: () => ({ enabled: false }) }),
});
