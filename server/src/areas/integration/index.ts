/** The way out: what is sent to which other system, and with which secrets. */
export { activateWebhook } from './activate-webhook.ts';
export { disableIntegrationConfig, enableIntegrationConfig } from './enable-integration-config.ts';
export { getIntegrationConfig, getIntegrationConfigForType } from './get-integration-config.ts';
export { integrationConfig } from './integration-config.ts';
export { integrationCredentials } from './integration-credentials.ts';
export { listEventFields, listEventTypes } from './list-event-types.ts';
export { getEvent, listEvents } from './list-events.ts';
export { markEvent, markEvents, unmarkEvent } from './mark-events.ts';
export { notification } from './notification.ts';
export { PURGE_EVENTS_DAILY, purgeEvents } from './purge-events.ts';
export { scheduledEvent } from './scheduled-event.ts';
export { webhook } from './webhook.ts';
