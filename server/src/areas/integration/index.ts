/** The way out: what is sent to which other system, and with which secrets. */
export { activateWebhook } from './activate-webhook.ts';
export { disableIntegrationConfig, enableIntegrationConfig } from './enable-integration-config.ts';
export { getIntegrationConfig, getIntegrationConfigForType } from './get-integration-config.ts';
export { integrationConfig } from './integration-config.ts';
export { integrationCredentials } from './integration-credentials.ts';
export { notification } from './notification.ts';
export { webhook } from './webhook.ts';
