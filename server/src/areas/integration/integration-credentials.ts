import { assigned, longText, optional, text } from '../../api/fields.ts';
import { anyId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import { writeJson } from '../../kernel/json.ts';
import { sealedText } from '../../kernel/sealed-text.ts';
import { credentialParts, secretParts, secretsOf } from './credential-types.ts';

/**
 * The secrets with which one system is addressed (spec 60 §6.1): kept encrypted, never shown, and not to be
 * edited, only deleted and made anew.
 */
export const integrationCredentials = defineResource({
  name: 'IntegrationCredentials',
  path: 'integrationcredentials',
  summary: 'integration credentials',
  table: 'integration_credentials',
  permission: 'config:integrationcredential',
  event: null,
  maxPageSize: 200,
  fields: {
    ...credentialParts(),
    destinationId: optional(text({ max: 200 })),
    sealedSecrets: assigned(longText(100_000), null, { hidden: true }),
    ...secretParts(),
  },
  filters: { ids: anyId('id') },
  except: ['update'],
  example: { type: 'HTTP_BASIC', name: 'Gateway', username: 'meterbook', password: 'an example' },
  ids: { list: 'ListIntegrationCredentials' },
  complete: (values, _before, { call, orgId }) => {
    const secrets = writeJson(secretsOf(values.type, values));
    return { ...values, sealedSecrets: sealedText(secrets, { key: call.ctx.secretKey, owner: orgId }) };
  },
});
