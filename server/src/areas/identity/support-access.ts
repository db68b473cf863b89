import { sql } from 'kysely';
import { z } from 'zod';
import { dateTime, requiredLater, withDefault } from '../../api/fields.ts';
import { type AnyCall, defineOperation, type Operation } from '../../api/operation.ts';
import { organizationZone } from '../../api/organization-zone.ts';
import { pageOf, pageParameters } from '../../api/page.ts';
import { type AnySingleton, defineSingleton } from '../../api/singleton.ts';
import { refusal } from '../../kernel/errors.ts';
import {
  type Instant,
  isBefore,
  isStorableInstant,
  localDate,
  type PlainDate,
  startOfDate,
  Temporal,
} from '../../kernel/time.ts';
import { permissionPolicy } from './permission-policy.ts';
import { permissionStatements } from './permission-statement.ts';

const END = 'dtEndSupportUsersAccess';

/** What the support users of the installation may do in an organization, and until when (spec 10 §18). */
export const supportAccess = endingWithADay(
  defineSingleton({
    name: 'Support',
    path: 'support',
    summary: 'the access of support users',
    table: 'support_access',
    permission: 'config:support',
    event: null,
    fields: {
      dtEndSupportUsersAccess: requiredLater(dateTime()),
      supportUsersPermissionPolicy: withDefault(permissionStatements({ min: 0 }), []),
    },
  }),
);

/** The policies that are attached to support users beside the statements of the grant. */
export const listSupportPermissions = defineOperation({
  id: 'ListSupportPermissions',
  method: 'GET',
  path: '/support-permissions',
  summary: 'list the permission policies of support users',
  tag: supportAccess.name,
  permission: { action: 'config:retrieve', resource: supportAccess.permission },
  query: z.object(pageParameters(200)),
  response: permissionPolicy.response,
  answers: 'page',
  handle: async (call) => {
    const attached = sql<boolean>`id in (select permission_policy_id from principal_permission
      where org_id = ${call.orgId} and principal_type = 'SUPPORTUSERS')`;
    return pageOf({ ...permissionPolicy, maxPageSize: 200 }, call, [attached]);
  },
});

function endingWithADay(singleton: AnySingleton): AnySingleton {
  return { ...singleton, operations: singleton.operations.map(placingTheEnd) };
}

function placingTheEnd(operation: Operation): Operation {
  if (operation.method === 'GET') return operation;
  return {
    ...operation,
    handle: async (call) => {
      const values = call.body() as Record<string, unknown>;
      const end = await endOfAccess(call, values[END] as Instant | PlainDate | null);
      return operation.handle({ ...call, body: () => ({ ...values, [END]: end }) });
    },
  };
}

/**
 * Midnight at the end of the chosen day in the organization's zone; a midnight stays as it is, so that what
 * was read can be sent again. Who takes a grant back before sends no statements.
 */
async function endOfAccess(call: AnyCall, chosen: Instant | PlainDate | null): Promise<Instant> {
  if (chosen === null) throw refusal('VALIDATION_FAILED', END, 'is required');
  const zone = await organizationZone(call.ctx.db, call.orgId);
  const now = call.ctx.clock.now();
  const isInstant = chosen instanceof Temporal.Instant;
  const day = isInstant ? localDate(chosen, zone) : chosen;
  const isMidnight = isInstant && startOfDate(day, zone).equals(chosen);
  const end = isMidnight ? chosen : startOfDate(day.add({ days: 1 }), zone);
  if (!isStorableInstant(end)) throw refusal('VALIDATION_FAILED', END, 'must be before 9999-12-31');
  if (!isBefore(now, isInstant ? chosen : end)) throw refusal('VALIDATION_FAILED', END, 'is in the past');
  return end;
}
