import { sql } from 'kysely';
import { z } from 'zod';
import { assigned, text } from '../../api/fields.ts';
import { type AnyCall, defineOperation, type Operation } from '../../api/operation.ts';
import { pageOf, pageParameters } from '../../api/page.ts';
import { defineResource, idOf } from '../../api/resource.ts';
import type { CheckScope, Fields, Resource } from '../../api/resource-spec.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Db, Tx } from '../../store/database.ts';
import { findEntity } from '../../store/entity-store.ts';
import { detachAll } from './detach-all.ts';
import { keepAdministrator } from './last-administrator.ts';
import { isGroupableType } from './resource-types.ts';

/** Items of one type that statements name together; of type `user`: a user group (spec 10 §16). */
export const resourceGroup = onlyUnderItsType(
  defineResource({
    name: 'ResourceGroup',
    path: 'resourcegroups/{type}',
    summary: 'a resource group',
    table: 'resource_group',
    permission: 'config:resourcegroup',
    event: null,
    maxPageSize: 100,
    fields: { name: text({ max: 100 }), type: assigned(text({ max: 100 }), '', { hidden: true }) },
    except: ['list'],
    example: { name: 'Public plans' },
    complete: (values, before, { call }) => ({
      ...values,
      type: before?.type ?? typeOf(call.request.params as Record<string, string>),
    }),
    beforeDelete: async (scope, before) => {
      await noPolicyMayName(scope, before.id);
      await keepAdministrator(scope.tx, scope, () => dissolved(scope, before));
    },
  }),
);

export const listResourceGroups = defineOperation({
  id: 'ListResourceGroups',
  method: 'GET',
  path: `/${resourceGroup.path}`,
  summary: 'list the resource groups of a type',
  tag: resourceGroup.name,
  permission: { action: 'config:retrieve', resource: resourceGroup.permission },
  query: z.object(pageParameters(resourceGroup.maxPageSize)),
  response: resourceGroup.response,
  answers: 'page',
  handle: async (call) => pageOf(resourceGroup, call, [sql`type = ${typeOf(call.params)}`]),
});

type GroupCall = AnyCall & { readonly params: Record<string, string> };

/** A group is found under its own type only. */
function onlyUnderItsType<F extends Fields>(resource: Resource<F>): Resource<F> {
  return { ...resource, operations: resource.operations.map(checkingType) };
}

function checkingType(operation: Operation): Operation {
  return {
    ...operation,
    handle: async (call) => {
      if (call.params['id'] === undefined) typeOf(call.params);
      else await existingGroup(call.ctx.db, call, 'id');
      return operation.handle(call);
    },
  };
}

/** The resource type in the path, lower case; throws NOT_FOUND when there is no such type. */
function typeOf(params: Record<string, string>): string {
  const type = (params['type'] ?? '').toLowerCase();
  if (!isGroupableType(type)) throw new ApiError('NOT_FOUND', 'there is no such resource type');
  return type;
}

/** Id and type of the group in the path; throws NOT_FOUND. */
export async function existingGroup(db: Db | Tx, { orgId, params }: GroupCall, parameter: string) {
  const type = typeOf(params);
  const found = await findEntity(db, resourceGroup.entityTable, { orgId, id: idOf(params, parameter) });
  if (found?.['type'] !== type) throw new ApiError('NOT_FOUND', 'there is no ResourceGroup with this id');
  return { id: found.id, type };
}

/** What belonged to the group only: policies, its members, its place in other groups. */
async function dissolved(scope: CheckScope, group: { readonly id: string }): Promise<void> {
  await detachAll(scope, group);
  await sql`delete from resource_group_item where org_id = ${scope.orgId}
    and (resource_group_id = ${group.id} or target_id = ${group.id})`.execute(scope.tx);
}

/** Spec 10 §16; statements lie in policies, with users and in the support grant. */
async function noPolicyMayName({ tx, orgId }: CheckScope, groupId: string): Promise<void> {
  const { rows } = await sql<{ owner: string; id: string }>`
    select owner, id from (
      select 'permission policy' as owner, id, permission_policy as statements
      from permission_policy where org_id = ${orgId}
      union all
      select 'user', id, permission_policy from org_user where org_id = ${orgId}
      union all
      select 'support access', id, support_users_permission_policy
      from support_access where org_id = ${orgId}
    ) as holder
    where exists (
      select 1 from jsonb_array_elements(statements) statement,
        jsonb_array_elements_text(statement -> 'resource') resource
      where lower(resource) like '%/group/' || ${groupId}::text)
    order by owner, id limit 1`.execute(tx);
  const [holder] = rows;
  if (holder) throw new ApiError('ENTITY_IN_USE', `it is still in use by ${holder.owner} ${holder.id}`);
}
