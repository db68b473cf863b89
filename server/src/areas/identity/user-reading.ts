import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { flagParameter } from '../../api/filters.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { pageOf, pageParameters } from '../../api/page.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Row } from '../../store/database.ts';
import { findEntity } from '../../store/entity-store.ts';
import { orgUser } from './org-user.ts';
import { permissionPolicy } from './permission-policy.ts';
import { resourceGroup } from './resource-group.ts';

const MAX_PAGE_SIZE = 200;

/** The policies attached to a user; those of the groups around it are found with the groups (spec 10 §14). */
export const listUserPermissions = defineOperation({
  id: 'GetOrgUserPermissions',
  method: 'GET',
  path: `/${orgUser.path}/{id}/permissions`,
  summary: 'list the permission policies of a user',
  tag: orgUser.name,
  permission: { action: 'config:retrieve', resource: orgUser.permission },
  query: z.object(pageParameters(MAX_PAGE_SIZE)),
  response: permissionPolicy.response,
  answers: 'pageWithFirst',
  handle: async (call) => {
    const id = await existingUser(call);
    const attached = sql<boolean>`id in (select permission_policy_id from principal_permission
      where org_id = ${call.orgId} and principal_type = 'USER' and principal_id = ${id})`;
    return withFirst(await pageOf({ ...permissionPolicy, maxPageSize: MAX_PAGE_SIZE }, call, [attached]));
  },
});

/** The user groups that a user is in; with `inherited` also those that hold these (spec 10 §14). */
export const listUserGroups = defineOperation({
  id: 'GetOrgUserGroups',
  method: 'GET',
  path: `/${orgUser.path}/{id}/usergroups`,
  summary: 'list the user groups of a user',
  tag: orgUser.name,
  permission: { action: 'config:retrieve', resource: orgUser.permission },
  query: z.object({ ...pageParameters(MAX_PAGE_SIZE), inherited: flagParameter() }),
  response: resourceGroup.response,
  answers: 'pageWithFirst',
  handle: async (call) => {
    const groups = groupsOf(call.orgId, await existingUser(call), call.query.inherited ?? false);
    const conditions = [sql<boolean>`type = 'user'`, sql<boolean>`id in (${groups})`];
    return withFirst(await pageOf({ ...resourceGroup, maxPageSize: MAX_PAGE_SIZE }, call, conditions));
  },
});

function groupsOf(orgId: string, id: string, isInherited: boolean): RawBuilder<unknown> {
  if (isInherited) return sql`select resource_groups_of(${orgId}, ${id})`;
  return sql`select resource_group_id from resource_group_item where org_id = ${orgId} and target_id = ${id}`;
}

/** The id of the user in the path; throws NOT_FOUND. */
export async function existingUser({
  ctx,
  orgId,
  params,
}: AnyCall & { readonly params: Record<string, string> }): Promise<string> {
  const found = await findEntity(ctx.db, orgUser.entityTable, { orgId, id: idOf(params) });
  if (!found) throw new ApiError('NOT_FOUND', 'there is no OrgUser with this id');
  return found.id;
}

/** Published as one object, used as a page: both are found (spec 10 §14). */
function withFirst(page: Row): Row {
  const [first] = page['data'] as readonly Row[];
  return { ...first, ...page };
}
