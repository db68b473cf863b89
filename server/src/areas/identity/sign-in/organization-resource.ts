import { InvalidTarget } from 'oidc-provider/lib/helpers/errors.js';
import type { Context } from '../../../context.ts';
import { uuidFromText } from '../../../kernel/ids.ts';

/**
 * The resource indicator (RFC 8707) of an organization: what an access token of a person is for, and its
 * audience.
 */
export function organizationResource({ config }: Context, orgId: string): string {
  return `${config.publicUrl}/organizations/${orgId}`;
}

/** The organization that an indicator names; throws invalid_target for any other resource. */
export function organizationOfResource(ctx: Context, resource: unknown): string {
  const text = typeof resource === 'string' ? resource : '';
  const orgId = uuidFromText(text.slice(text.lastIndexOf('/') + 1));
  if (orgId === null || text.toLowerCase() !== organizationResource(ctx, orgId).toLowerCase()) {
    throw new InvalidTarget('the resource is no organization of this installation');
  }
  return orgId;
}
