import { sql } from 'kysely';
import { answerOf } from '../../api/entity-writes.ts';
import type { EntityOf } from '../../api/resource-spec.ts';
import { present } from '../../kernel/assert.ts';
import { newId } from '../../kernel/ids.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Tx } from '../../store/database.ts';
import { findEntity, type Writer } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import type { Author } from './invitation.ts';
import { orgUser } from './org-user.ts';

/** How a person is known, and with which password (hash); `expires` is null for one of their own. */
export type NewPerson = {
  readonly email: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly contactNumber: string | null;
  readonly password: { readonly hash: string; readonly expires: Instant | null };
};

/** Makes a person and answers the id; null when somebody has the address already. */
export async function insertPerson(tx: Tx, now: Instant, person: NewPerson): Promise<string | null> {
  const { hash, expires } = person.password;
  const { rows } = await sql<{ id: string }>`
    insert into person (id, email, first_name, last_name, contact_number, password_hash, password_expires,
      dt_created)
    values (${newId()}, ${person.email.toLowerCase()}, ${person.firstName}, ${person.lastName},
      ${person.contactNumber}, ${hash}, ${expires && String(expires)}, ${now})
    on conflict (email) do nothing returning id`.execute(tx);
  return rows[0]?.id ?? null;
}

/** Who becomes a user, until when, with which policies. */
export type NewUser = {
  readonly id: string;
  readonly dtEndAccess: Instant | null;
  readonly permissionPolicyIds: readonly string[];
};

/**
 * Makes a person a user of the writer's organization. Policies that are gone by now are left out. Answers
 * false, and changes nothing, when the person is one already.
 */
export async function insertUser(tx: Tx, author: Author, user: NewUser): Promise<boolean> {
  const { orgId, now } = author.writer;
  const end = user.dtEndAccess && String(user.dtEndAccess);
  const { rows } = await sql`
    insert into org_user (org_id, id, version, dt_created, dt_last_modified, created_by, last_modified_by,
      permission_policy, dt_end_access)
    values (${orgId}, ${user.id}, 1, ${now}, ${now}, ${author.writer.principalId},
      ${author.writer.principalId}, '[]', ${end})
    on conflict do nothing returning id`.execute(tx);
  if (rows.length === 0) return false;
  for (const policyId of user.permissionPolicyIds) await attach(tx, author.writer, { policyId, id: user.id });
  const found = present(await findEntity(tx, orgUser.entityTable, { orgId, id: user.id }), 'the new user');
  const after = answerOf(orgUser, found as unknown as EntityOf<typeof orgUser.fields>);
  await recordChange(tx, author.writer, {
    entityType: orgUser.name,
    entityId: user.id,
    action: 'created',
    event: null,
    before: null,
    after: { ...after, orgId },
    requestId: author.requestId,
  });
  return true;
}

type Attachment = { readonly policyId: string; readonly id: string };

async function attach(tx: Tx, { orgId, principalId, now }: Writer, { policyId, id }: Attachment) {
  await sql`
    insert into principal_permission (org_id, id, version, dt_created, dt_last_modified, created_by,
      last_modified_by, permission_policy_id, principal_id, principal_type)
    select org_id, ${newId()}, 1, ${now}, ${now}, ${principalId}, ${principalId},
      id, ${id}, 'USER'
    from permission_policy where org_id = ${orgId} and id = ${policyId} for key share
    on conflict do nothing`.execute(tx);
}
