import { sql } from 'kysely';
import { z } from 'zod';
import { answerOf, replaceChecked } from '../../api/entity-writes.ts';
import { optional, text } from '../../api/fields.ts';
import { rowsMustBeAllowed } from '../../api/item-permission.ts';
import { type AnyCall, type Call, defineOperation } from '../../api/operation.ts';
import { isAllowed } from '../../api/permission.ts';
import { idOf } from '../../api/resource.ts';
import type { EntityOf } from '../../api/resource-spec.ts';
import { versionMustEqual, versionOf } from '../../api/version.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Row, Tx } from '../../store/database.ts';
import { lockEntity } from '../../store/entity-store.ts';
import { inTransaction } from '../../store/transaction.ts';
import { orgUser } from './org-user.ts';

const UPDATE = { action: 'config:update', resource: orgUser.permission };

const profileBody = z.object({
  firstName: text({ max: 100 }),
  lastName: text({ max: 100 }),
  contactNumber: optional(text({ max: 50 })),
});

type ProfileCall = Call<Record<string, string>, unknown, z.output<typeof profileBody>>;

/** Name and number of a person: their own, or of somebody whom only this organization knows (spec 10 §23). */
export const updateUserProfile = defineOperation({
  id: 'PutOrgUserProfile',
  method: 'PUT',
  path: `/${orgUser.path}/{id}/profile`,
  summary: 'update the name and the contact number of a user',
  tag: orgUser.name,
  permission: null,
  body: profileBody,
  response: orgUser.response,
  handle: async (call) => {
    await callerMustBeAllowed(call);
    return inTransaction(call.ctx.db, (tx) => replaced(tx, call));
  },
});

async function replaced(tx: Tx, call: ProfileCall): Promise<Row> {
  const user = await lockEntity(tx, orgUser.entityTable, { orgId: call.orgId, id: idOf(call.params) });
  if (!user) throw new ApiError('NOT_FOUND', 'there is no OrgUser with this id');
  if (user.id !== call.principal.id) await mustBelongHereOnly(tx, call.orgId, user.id);
  const { firstName, lastName, contactNumber } = call.body();
  versionMustEqual(versionOf(call), user.version);
  await sql`update person set first_name = ${firstName}, last_name = ${lastName},
    contact_number = ${contactNumber} where id = ${user.id}`.execute(tx);
  const before = user as unknown as EntityOf<typeof orgUser.fields>;
  return answerOf(orgUser, await replaceChecked(orgUser, { tx, call, values: user }, before));
}

/** Everybody may change their own profile; the user of another needs the permission. */
async function callerMustBeAllowed(call: AnyCall & { readonly params: Record<string, string> }) {
  const id = call.params['id']?.toLowerCase();
  if (id === call.principal.id) return;
  if (!isAllowed(call.principal.statements, UPDATE)) {
    throw new ApiError('FORBIDDEN', `this needs the permission ${UPDATE.action} on ${UPDATE.resource}`);
  }
  await rowsMustBeAllowed(call, UPDATE, { table: orgUser.table, ids: [idOf(call.params)] });
}

/** Other organizations know the person under the same name. */
async function mustBelongHereOnly(tx: Tx, orgId: string, userId: string): Promise<void> {
  const { rows } = await sql`
    select 1 from org_user where id = ${userId} and org_id <> ${orgId} limit 1`.execute(tx);
  if (rows.length > 0) throw new ApiError('ILLEGAL_STATE', 'only this person can change the profile');
}
