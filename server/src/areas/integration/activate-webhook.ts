import { z } from 'zod';
import { flagParameter } from '../../api/filters.ts';
import { defineOperation } from '../../api/operation.ts';
import { idOf } from '../../api/resource.ts';
import { amendEntity } from './amend-entity.ts';
import { webhook } from './webhook.ts';

/** Switches a webhook on, or off: then nothing is sent to it (spec 60 §5). */
export const activateWebhook = defineOperation({
  id: 'ActivateWebhookDestination',
  method: 'PUT',
  path: '/integrationdestinations/webhooks/{id}/active',
  summary: 'activate or deactivate a webhook destination',
  tag: webhook.name,
  permission: { action: 'config:update', resource: webhook.permission },
  query: z.object({ active: flagParameter() }),
  response: webhook.response,
  handle: (call) =>
    amendEntity(webhook, call, {
      id: idOf(call.params),
      valuesOf: () => ({ active: call.query.active ?? true }),
    }),
});
