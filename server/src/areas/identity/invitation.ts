import { sql } from 'kysely';
import { answerOf } from '../../api/entity-writes.ts';
import {
  assigned,
  dateTime,
  email,
  flag,
  list,
  oneOf,
  optional,
  reference,
  text,
  withDefault,
} from '../../api/fields.ts';
import { defineResource } from '../../api/resource.ts';
import type { EntityOf, Values } from '../../api/resource-spec.ts';
import type { Tx } from '../../store/database.ts';
import { deleteEntity, replaceEntity, type Writer } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';

export const INVITATION_STATES = ['OPEN', 'ACCEPTED', 'EXPIRED', 'CANCELLED'] as const;

/** Asks somebody to become a user; a link with a single-use token accepts it (spec 10 §15). */
export const invitation = defineResource({
  name: 'OrgUserInvitation',
  path: 'invitations',
  summary: 'an invitation',
  table: 'invitation',
  permission: 'config:orguserinvitation',
  event: null,
  maxPageSize: 200,
  fields: {
    email: email(),
    firstName: optional(text({ max: 100 })),
    lastName: optional(text({ max: 100 })),
    contactNumber: optional(text({ max: 50 })),
    permissionPolicyIds: withDefault(list(reference('PermissionPolicy'), { max: 100 }), []),
    dtEndAccess: optional(dateTime()),
    dtExpiry: optional(dateTime()),
    invitingPrincipalId: assigned(reference('Principal'), null),
    accepted: assigned(flag(), false),
    cancelled: assigned(flag(), false, { hidden: true }),
    tokenHash: assigned(text(), null, { hidden: true }),
  },
  computedAt: {
    status: {
      schema: oneOf(INVITATION_STATES),
      sql: (now) => sql`case when accepted then 'ACCEPTED' when cancelled then 'CANCELLED'
        when dt_expiry <= ${now}::timestamptz then 'EXPIRED' else 'OPEN' end`,
    },
  },
  example: {},
  except: ['create', 'update', 'delete'],
});

export type Invitation = EntityOf<typeof invitation.fields> & {
  readonly status: (typeof INVITATION_STATES)[number];
};

/** Who makes a change, and with which request. */
export type Author = { readonly writer: Writer; readonly requestId: string | null };

/** Changes single fields of an invitation that is locked, and answers it. */
export async function amendInvitation(
  tx: Tx,
  { writer, requestId }: Author,
  { before, changes }: { before: Invitation; changes: Partial<Values<typeof invitation.fields>> },
): Promise<Invitation> {
  const table = invitation.tableAt(writer.now);
  const values = { ...before, ...changes };
  const after = await replaceEntity(tx, table, { writer, id: before.id, values });
  await recordInvitation(tx, { writer, requestId }, { before, after: after as unknown as Invitation });
  return after as unknown as Invitation;
}

/** Deletes an invitation that another one takes the place of. */
export async function dropInvitation(tx: Tx, author: Author, before: Invitation): Promise<void> {
  await deleteEntity(tx, invitation.entityTable, { orgId: author.writer.orgId, id: before.id });
  await recordInvitation(tx, author, { before, after: null });
}

async function recordInvitation(
  tx: Tx,
  { writer, requestId }: Author,
  { before, after }: { before: Invitation; after: Invitation | null },
): Promise<void> {
  const { orgId } = writer;
  await recordChange(tx, writer, {
    entityType: invitation.name,
    entityId: before.id,
    action: after ? 'updated' : 'deleted',
    event: null,
    before: { ...answerOf(invitation, before), orgId },
    after: after && { ...answerOf(invitation, after), orgId },
    requestId,
  });
}
