import { type RawBuilder, sql } from 'kysely';
import { deleteOwned } from '../../api/delete-owned.ts';
import { insertChecked } from '../../api/entity-writes.ts';
import {
  assigned,
  flag,
  freeObject,
  group,
  integer,
  oneOf,
  optional,
  reference,
  requestOnly,
  text,
  withDefault,
} from '../../api/fields.ts';
import { textParameter } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';
import { plainId, uuidFromText } from '../../kernel/ids.ts';
import { credentialParts, secretParts } from './credential-types.ts';
import { externalMapping } from './external-mapping.ts';
import { integrationCredentials } from './integration-credentials.ts';
import { canonicalDestination, systemNamed } from './systems.ts';

function word() {
  return text({ max: 200, pattern: /^[a-zA-Z0-9_-]*$/, says: 'must be letters, digits, _ and -' });
}

/** What is sent where, and with which options (spec 60 §6.3). */
export const integrationConfig = defineResource({
  name: 'IntegrationConfig',
  path: 'integrationconfigs',
  summary: 'an integration configuration',
  table: 'integration_config',
  permission: 'config:integrationconfig',
  event: null,
  maxPageSize: 200,
  fields: {
    entityType: word(),
    entityId: optional(text({ max: 200 })),
    destination: word(),
    destinationId: optional(text({ max: 200 })),
    configData: withDefault(freeObject(), {}),
    name: optional(text({ max: 200 })),
    integrationCredentialsId: optional(reference('IntegrationCredentials')),
    credentials: requestOnly(group({ ...credentialParts(), ...secretParts() })),
    notificationId: assigned(reference('Notification'), null, { hidden: true }),
    webhookId: assigned(reference('WebhookDestination'), null, { hidden: true }),
    enabled: assigned(flag(), true),
    authorized: assigned(flag(), false),
    failureCount: assigned(integer(), 0, { hidden: true }),
    authFailureCount: assigned(integer(), 0, { hidden: true }),
    triggerType: assigned(oneOf(['EVENT', 'SCHEDULE']), 'EVENT'),
  },
  filters: { destinationId: { schema: textParameter(), where: toDestination } },
  // GetIntegrationConfig answers more than the configuration; see `get-integration-config.ts`.
  except: ['get'],
  example: {
    entityType: 'Bill',
    destination: 'Stripe',
    configData: { sendOnApprovalOnly: true },
    integrationCredentialsId: '{IntegrationCredentials}',
  },
  ids: { list: 'GetIntegrationConfigs', update: 'UpdateIntegrationConfig' },
  complete: async (values, before, scope) => {
    const destination = canonicalDestination(values.destination);
    // Marketplaces are told of usage by the hour, whatever happens (spec 60 §6.5).
    const isMarketplace = systemNamed(destination)?.categories.includes('MARKETPLACE') === true;
    const triggerType = isMarketplace ? ('SCHEDULE' as const) : ('EVENT' as const);
    const notificationId = values.entityType === 'Notification' ? ownId('entityId', values.entityId) : null;
    const webhookId = destination === 'Webhook' ? ownId('destinationId', values.destinationId) : null;
    const credentialsId = await credentialsIdOf(scope, values, before);
    const isUnchanged = before !== null && before.integrationCredentialsId === credentialsId;
    const authorized =
      destination === 'Webhook' || (isUnchanged ? before.authorized : credentialsId !== null);
    return {
      ...values,
      entityId: values.entityId && plainId(values.entityId),
      destination,
      destinationId: values.destinationId && plainId(values.destinationId),
      integrationCredentialsId: credentialsId,
      notificationId,
      webhookId,
      authorized,
      triggerType,
    };
  },
  beforeDelete: (scope, { id }) => deleteOwned(externalMapping, scope, sql`integration_config_id = ${id}`),
});

/** Configurations that send to the webhook, account or connection of this id. */
export function toDestination(destinationId: string): RawBuilder<boolean> {
  return sql`destination_id = ${plainId(destinationId)}`;
}

/** The id of a rule or webhook of ours, whose existence the foreign keys see to. */
function ownId(field: string, text: string | null): string {
  if (text === null) throw refusal('VALIDATION_FAILED', field, 'is required');
  const id = uuidFromText(text);
  if (id === null) throw refusal('REFERENCE_NOT_FOUND', field, 'names something that does not exist');
  return id;
}

type Linked = { readonly integrationCredentialsId: string | null };
type Linking = Linked & { readonly credentials: object | null };

/**
 * The credentials of a configuration: those named, or new ones made of those in the body, or those it has
 * had, since nobody can send back a secret that is never shown (spec 60 §6.3).
 */
async function credentialsIdOf(
  scope: CheckScope,
  values: Linking,
  before: Linked | null,
): Promise<string | null> {
  const { integrationCredentialsId, credentials } = values;
  if (integrationCredentialsId !== null) return integrationCredentialsId;
  if (credentials === null) return before?.integrationCredentialsId ?? null;
  const made = await insertChecked(integrationCredentials, {
    tx: scope.tx,
    call: scope.call,
    values: { ...credentials, destinationId: null },
  });
  return made.id;
}
