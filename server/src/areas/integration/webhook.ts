import { sql } from 'kysely';
import {
  assigned,
  code,
  flag,
  freeObject,
  longText,
  name,
  optional,
  text,
  withDefault,
} from '../../api/fields.ts';
import { anyId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import { refusal } from '../../kernel/errors.ts';
import { type AllowList, reachableAddresses } from '../../ports/public-address.ts';
import {
  type StoredCredentials,
  shownCredentials,
  storedCredentials,
  webhookCredentials,
} from './webhook-credentials.ts';

/** An address of the organization's own that requests are sent to (spec 60 §5). */
export const webhook = defineResource({
  name: 'WebhookDestination',
  path: 'integrationdestinations/webhooks',
  summary: 'a webhook destination',
  table: 'webhook',
  permission: 'config:webhook',
  event: null,
  maxPageSize: 200,
  fields: {
    name: name(),
    description: longText(),
    code: optional(code()),
    url: text({ max: 2048 }),
    active: withDefault(flag(), true),
    credentials: webhookCredentials(),
    storedCredentials: assigned(freeObject(), {}, { hidden: true }),
  },
  // The secret is the only part of the credentials that no answer shows.
  computed: {
    credentials: {
      schema: shownCredentials(),
      sql: sql`webhook.stored_credentials - 'sealedSecret'::text`,
    },
  },
  filters: { ids: anyId('id') },
  example: {
    name: 'Alerts',
    description: 'Receives notifications',
    url: 'https://8.8.8.8/hook',
    credentials: { type: 'M3TER_SIGNED_REQUEST', apiKey: 'key-1', secret: 'an example' },
  },
  ids: {
    create: 'CreateWebhookDestination',
    list: 'ListWebhookIntegrations',
    get: 'GetWebhookIntegrationDestination',
    update: 'UpdateWebhookDestination',
    delete: 'DeleteWebhookDestination',
  },
  complete: async (values, before, { call, orgId }) => {
    await refuseInternalUrl(values.url, call.ctx.config.outboundAllow);
    const stored = before && (before.storedCredentials as StoredCredentials);
    const seal = { key: call.ctx.secretKey, owner: orgId };
    return { ...values, storedCredentials: storedCredentials(values.credentials, stored, seal) };
  },
});

/**
 * Refuses an address that is unknown to DNS, is not https, or leads into a network of the installation's own,
 * unless the operator allows it.
 */
async function refuseInternalUrl(url: string, allowed: AllowList): Promise<void> {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    throw refusal('VALIDATION_FAILED', 'url', 'must be a https address');
  }
  const addresses = await reachableAddresses(parsed, allowed);
  if (addresses === null || addresses.length === 0) {
    throw refusal(
      'VALIDATION_FAILED',
      'url',
      'must be https and name a host that is reachable from the internet',
    );
  }
}
