/** The way out: what is sent to which other system, and with which secrets. */
export { activateWebhook } from './activate-webhook.ts';
export { alert } from './alert.ts';
export {
  getAvailableAuth,
  getAvailableConfig,
  getAvailableSystemEntities,
  getAvailableSystems,
  getConfigOptionValues,
} from './available-configs.ts';
export { dispatchEvents, startEventDispatch } from './dispatch-events.ts';
export { disableIntegrationConfig, enableIntegrationConfig } from './enable-integration-config.ts';
export { evaluateCalculation } from './evaluate-calculation.ts';
export { externalMapping } from './external-mapping.ts';
export {
  getExternalMappingConfiguration,
  getExternalMappingOptions,
  getExternalMappingOptionsForCredentials,
} from './external-mapping-configuration.ts';
export { FIRE_SCHEDULED_EVENTS_MINUTELY, scheduledEventTask } from './fire-scheduled-events.ts';
export { getIntegrationConfig, getIntegrationConfigForType } from './get-integration-config.ts';
export { integrationConfig } from './integration-config.ts';
export { integrationCredentials } from './integration-credentials.ts';
export { integrationRun } from './integration-run.ts';
export { getIntegrationRunLogs } from './integration-run-log.ts';
export { listEventFields, listEventTypes } from './list-event-types.ts';
export { getEvent, listEvents } from './list-events.ts';
export {
  listExternalMappingsForEntity,
  listExternalMappingsForExternalId,
} from './list-external-mappings.ts';
export {
  getLatestIntegrationRun,
  getLatestIntegrationRuns,
  listIntegrationRuns,
  listIntegrationRunsByDestination,
} from './list-integration-runs.ts';
export { markEvent, markEvents, unmarkEvent } from './mark-events.ts';
export { getMarketplaceUsageReport } from './marketplace-usage-report.ts';
export { notification } from './notification.ts';
export { PURGE_EVENTS_DAILY, purgeEvents } from './purge-events.ts';
export { PURGE_INTEGRATION_DAILY, purgeIntegration } from './purge-integration.ts';
export { replayIntegrationRun } from './replay-integration-run.ts';
export { scheduledEntities } from './scheduled-entities.ts';
export { scheduledEvent } from './scheduled-event.ts';
export { sendIntegrationRun } from './send-integration-run.ts';
export { updateAlert } from './update-alert.ts';
export { webhook } from './webhook.ts';
