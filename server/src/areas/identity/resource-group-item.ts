import { sql } from 'kysely';
import { z } from 'zod';
import { answerOf, changeOf, insertChecked, replaceChecked, writerOf } from '../../api/entity-writes.ts';
import { oneOf, reference } from '../../api/fields.ts';
import { type Call, defineOperation, type Operation } from '../../api/operation.ts';
import { pageOf, pageParameters } from '../../api/page.ts';
import { declaredResource } from '../../api/resource.ts';
import type { EntityOf } from '../../api/resource-spec.ts';
import { versionMustEqual, versionOf } from '../../api/version.ts';
import { refusal } from '../../kernel/errors.ts';
import type { Row, Tx } from '../../store/database.ts';
import { deleteEntity, lockEntity } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { keepAdministrator } from './last-administrator.ts';
import { permissionPolicy } from './permission-policy.ts';
import { existingGroup, resourceGroup } from './resource-group.ts';
import { tableOfType } from './resource-types.ts';

/** A member of a resource group: an item of the group's type, or another group of that type (spec 10 §16). */
const resourceGroupItem = declaredResource({
  name: 'ResourceGroupItem',
  path: `${resourceGroup.path}/{resourceGroupId}/contents`,
  summary: 'a member of a resource group',
  table: 'resource_group_item',
  permission: resourceGroup.permission,
  itemColumn: 'resourceGroupId',
  event: null,
  maxPageSize: 100,
  fields: {
    resourceGroupId: reference('ResourceGroup'),
    targetId: reference('Resource'),
    targetType: oneOf(['ITEM', 'GROUP']),
  },
  example: {},
});

const PATH = `/${resourceGroup.path}/{resourceGroupId}`;
/** Any number: additions to groups take turns, or two of them could close a cycle together. */
const NESTING_LOCK = 7_240_114;

const memberBody = z.object({
  targetId: reference('Resource'),
  // Published samples write it in lower case.
  targetType: oneOf(['ITEM', 'GROUP', 'item', 'group']),
});

type MemberCall = Call<Record<string, string>, unknown, z.output<typeof memberBody>>;
type Group = EntityOf<typeof resourceGroup.fields>;
type Item = EntityOf<typeof resourceGroupItem.fields>;
type Member = { resourceGroupId: string; targetId: string; targetType: 'ITEM' | 'GROUP' };

const memberOperation = {
  method: 'POST',
  tag: resourceGroup.name,
  permission: { action: 'config:update', resource: resourceGroup.permission },
  body: memberBody,
  takesVersion: true,
  response: resourceGroup.response,
} as const;

/** A member that is there already changes nothing; a change counts the group's version up. */
export const addResourceToGroup = defineOperation({
  ...memberOperation,
  id: 'AddResourceToGroup',
  path: `${PATH}/addresource`,
  summary: 'add an item or a group to a resource group',
  handle: (call) => inTransaction(call.ctx.db, (tx) => added(tx, call)),
});

export const removeResourceFromGroup = defineOperation({
  ...memberOperation,
  id: 'RemoveResourceFromGroup',
  path: `${PATH}/removeresource`,
  summary: 'remove an item or a group from a resource group',
  handle: (call) => inTransaction(call.ctx.db, (tx) => removed(tx, call)),
});

/** The published description says POST, newer clients use GET. */
function contentsOperation(method: 'GET' | 'POST', id: string): Operation {
  return defineOperation({
    id,
    method,
    path: `${PATH}/contents`,
    summary: 'list the members of a resource group',
    tag: resourceGroup.name,
    permission: { action: 'config:retrieve', resource: resourceGroup.permission },
    query: z.object(pageParameters(resourceGroupItem.maxPageSize)),
    response: resourceGroupItem.response,
    answers: 'page',
    handle: async (call) => {
      const { id: groupId } = await existingGroup(call.ctx.db, call, 'resourceGroupId');
      return pageOf(resourceGroupItem, call, [sql`resource_group_id = ${groupId}`]);
    },
  });
}

export const listGroupPermissions = defineOperation({
  id: 'GetResourceGroupPermissions',
  method: 'GET',
  path: `${PATH}/permissions`,
  summary: 'list the permission policies of a resource group',
  tag: resourceGroup.name,
  permission: { action: 'config:retrieve', resource: permissionPolicy.permission },
  query: z.object(pageParameters(permissionPolicy.maxPageSize)),
  response: permissionPolicy.response,
  answers: 'page',
  handle: async (call) => {
    const { id } = await existingGroup(call.ctx.db, call, 'resourceGroupId');
    const attached = sql<boolean>`id in (select permission_policy_id from principal_permission
      where org_id = ${call.orgId} and principal_id = ${id})`;
    return pageOf(permissionPolicy, call, [attached]);
  },
});

export const listGroupContents: readonly Operation[] = [
  contentsOperation('GET', 'GetResourceGroupContents'),
  contentsOperation('POST', 'ListResourceGroupsForId'),
];

async function added(tx: Tx, call: MemberCall): Promise<Row> {
  await sql`select pg_advisory_xact_lock(${NESTING_LOCK}, hashtext(${call.orgId}))`.execute(tx);
  const { group, member } = await requestedMember(tx, call);
  if (await storedMember(tx, call.orgId, member)) return answerOf(resourceGroup, group);
  await targetMustFit(tx, call, { group, member });
  await insertChecked(resourceGroupItem, { tx, call, values: member });
  return counted(tx, call, group);
}

async function removed(tx: Tx, call: MemberCall): Promise<Row> {
  const { group, member } = await requestedMember(tx, call);
  const before = await storedMember(tx, call.orgId, member);
  if (!before) return answerOf(resourceGroup, group);
  const { orgId } = call;
  await keepAdministrator(tx, { orgId, now: call.ctx.clock.now() }, () =>
    deleteEntity(tx, resourceGroupItem.entityTable, { orgId, id: before.id }),
  );
  await recordChange(tx, writerOf(call), changeOf(resourceGroupItem, call, { before, after: null }));
  return counted(tx, call, group);
}

async function counted(tx: Tx, call: MemberCall, group: Group): Promise<Row> {
  return answerOf(resourceGroup, await replaceChecked(resourceGroup, { tx, call, values: group }, group));
}

/** What the request is about; a version sent must be the group's (spec 10 §4). */
async function requestedMember(tx: Tx, call: MemberCall): Promise<{ group: Group; member: Member }> {
  const { id } = await existingGroup(tx, call, 'resourceGroupId');
  const group = await lockEntity(tx, resourceGroup.entityTable, { orgId: call.orgId, id });
  const { targetId, targetType } = call.body();
  const version = versionOf(call);
  if (version !== undefined && version !== null) versionMustEqual(version, group?.version ?? 0);
  const isGroup = targetType.toUpperCase() === 'GROUP';
  const member: Member = { resourceGroupId: id, targetId, targetType: isGroup ? 'GROUP' : 'ITEM' };
  return { group: group as unknown as Group, member };
}

async function storedMember(tx: Tx, orgId: string, member: Member): Promise<Item | null> {
  const { rows } = await sql<Item>`
    select * from resource_group_item
    where org_id = ${orgId} and resource_group_id = ${member.resourceGroupId}
      and target_id = ${member.targetId} and target_type = ${member.targetType}`.execute(tx);
  return rows[0] ?? null;
}

/** An item of the group's type, or a group of that type that does not hold this one (spec 10 §16). */
async function targetMustFit(
  tx: Tx,
  { orgId }: MemberCall,
  { group, member }: { group: Group; member: Member },
): Promise<void> {
  const { targetId } = member;
  const isGroup = member.targetType === 'GROUP';
  const table = isGroup ? 'resource_group' : tableOfType(group.type);
  const ofType = isGroup ? sql`type = ${group.type}` : sql`true`;
  const found =
    table &&
    (await sql`select 1 from ${sql.table(table)}
    where org_id = ${orgId} and id = ${targetId} and ${ofType} for key share`.execute(tx));
  if (!found || found.rows.length === 0) {
    throw refusal('REFERENCE_NOT_FOUND', 'targetId', `names no ${group.type} that exists`);
  }
  if (!isGroup) return;
  const { rows } = await sql`
    select 1 from (values (${group.id}::uuid)) as self (id) where id = ${targetId}
    union all
    select 1 from resource_groups_of(${orgId}, ${group.id}) as holder where holder = ${targetId}`.execute(tx);
  if (rows.length > 0) throw refusal('VALIDATION_FAILED', 'targetId', 'would make a group hold itself');
}
