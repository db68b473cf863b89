import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { answerOf, changeOf, insertChecked, writerOf } from '../../api/entity-writes.ts';
import { reference } from '../../api/fields.ts';
import { type Call, defineOperation, type Operation } from '../../api/operation.ts';
import { idOf } from '../../api/resource.ts';
import type { EntityOf } from '../../api/resource-spec.ts';
import { versionMustEqual, versionOf } from '../../api/version.ts';
import { ApiError, refusal } from '../../kernel/errors.ts';
import type { Row, Tx } from '../../store/database.ts';
import { deleteEntity, lockEntity } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { keepAdministrator } from './last-administrator.ts';
import { permissionPolicy } from './permission-policy.ts';
import { principalPermission } from './principal-permission.ts';

/** One kind of principal that policies are attached to. */
type PrincipalKind = {
  readonly type: 'USER' | 'USERGROUP' | 'SERVICEUSER' | 'SUPPORTUSERS';
  /** As in `addtouser`. */
  readonly path: string;
  /** As in `AddPermissionPolicyToUser`. */
  readonly id: string;
  readonly summary: string;
  /** Finds and keeps the principal until the end of the transaction. */
  readonly exists: (key: { orgId: string; id: string }) => RawBuilder<unknown>;
};

const KINDS: readonly PrincipalKind[] = [
  {
    type: 'USER',
    path: 'user',
    id: 'User',
    summary: 'a user',
    exists: ({ orgId, id }) => sql`select 1 from org_user where org_id = ${orgId} and id = ${id} for share`,
  },
  {
    type: 'USERGROUP',
    path: 'usergroup',
    id: 'UserGroup',
    summary: 'a user group',
    exists: ({ orgId, id }) =>
      sql`select 1 from resource_group where org_id = ${orgId} and id = ${id} and type = 'user' for share`,
  },
  {
    type: 'SERVICEUSER',
    path: 'serviceuser',
    id: 'ServiceUser',
    summary: 'a service user',
    exists: ({ orgId, id }) =>
      sql`select 1 from service_user where org_id = ${orgId} and id = ${id} for share`,
  },
];

/** The support users of an organization are one principal: its id stands for them. */
const SUPPORT: PrincipalKind = {
  type: 'SUPPORTUSERS',
  path: 'supportusers',
  id: 'SupportUsers',
  summary: 'support users',
  exists: ({ orgId }) => sql`select 1 from organization where id = ${orgId} for key share`,
};

/** Published without a body. */
const REMOVE_SUPPORT = `removefrom${SUPPORT.path}`;

/** Attaching policies to principals and taking them away (spec 10 §17.7). */
export const attachOperations: readonly Operation[] = [
  ...KINDS.flatMap((kind) => [addTo(kind), removeFrom(kind)]),
  addTo(SUPPORT),
  removeFrom(SUPPORT),
];

function bodyOf(kind: PrincipalKind) {
  return kind === SUPPORT ? z.object({}) : z.object({ principalId: reference('Principal') });
}

type PolicyCall = Call<Record<string, string>, unknown, { principalId: string }>;

function operationOf(kind: PrincipalKind, rest: Pick<Operation, 'id' | 'path' | 'summary' | 'handle'>) {
  return defineOperation({
    ...rest,
    path: `/permissionpolicies/{permissionPolicyId}/${rest.path}`,
    method: 'POST',
    tag: permissionPolicy.name,
    permission: { action: 'config:update', resource: permissionPolicy.permission },
    ...(rest.path !== REMOVE_SUPPORT && { body: bodyOf(kind) }),
    takesVersion: true,
    response: principalPermission.response,
    handle: rest.handle as (call: unknown) => Promise<unknown>,
  });
}

function addTo(kind: PrincipalKind): Operation {
  return operationOf(kind, {
    id: `AddPermissionPolicyTo${kind.id}`,
    path: `addto${kind.path}`,
    summary: `attach a permission policy to ${kind.summary}`,
    handle: (call) => inTransaction(call.ctx.db, (tx) => attached(tx, call as PolicyCall, kind)),
  });
}

function removeFrom(kind: PrincipalKind): Operation {
  return operationOf(kind, {
    id: `RemovePermissionPolicyFrom${kind.id}`,
    path: `removefrom${kind.path}`,
    summary: `take a permission policy from ${kind.summary}`,
    handle: (call) => inTransaction(call.ctx.db, (tx) => detached(tx, call as PolicyCall, kind)),
  });
}

async function attached(tx: Tx, call: PolicyCall, kind: PrincipalKind): Promise<Row> {
  const link = await requestedLink(tx, call, kind);
  const found = await kind.exists({ orgId: call.orgId, id: link.principalId }).execute(tx);
  if (found.rows.length === 0) {
    throw refusal('REFERENCE_NOT_FOUND', 'principalId', 'names something that does not exist');
  }
  const known = await storedLink(tx, call.orgId, link);
  return answerOf(
    principalPermission,
    known ?? (await insertChecked(principalPermission, { tx, call, values: link })),
  );
}

async function detached(tx: Tx, call: PolicyCall, kind: PrincipalKind): Promise<Row> {
  const link = await requestedLink(tx, call, kind);
  const before = await storedLink(tx, call.orgId, link);
  if (!before) throw new ApiError('NOT_FOUND', 'the policy is not attached to this principal');
  const { orgId } = call;
  await keepAdministrator(tx, { orgId, now: call.ctx.clock.now() }, () =>
    deleteEntity(tx, principalPermission.entityTable, { orgId, id: before.id }),
  );
  await recordChange(tx, writerOf(call), changeOf(principalPermission, call, { before, after: null }));
  return answerOf(principalPermission, before);
}

type Link = { permissionPolicyId: string; principalId: string; principalType: PrincipalKind['type'] };
type StoredLink = EntityOf<typeof principalPermission.fields>;

/** What the request is about; the policy is kept until the end, and a version sent must be the policy's. */
async function requestedLink(tx: Tx, call: PolicyCall, kind: PrincipalKind): Promise<Link> {
  const id = idOf(call.params, 'permissionPolicyId');
  const policy = await lockEntity(tx, permissionPolicy.entityTable, { orgId: call.orgId, id });
  if (!policy) throw new ApiError('NOT_FOUND', 'there is no PermissionPolicy with this id');
  const principalId = kind === SUPPORT ? call.orgId : call.body().principalId;
  const version = versionOf(call);
  if (version !== undefined && version !== null) versionMustEqual(version, policy.version);
  return { permissionPolicyId: id, principalId, principalType: kind.type };
}

async function storedLink(tx: Tx, orgId: string, link: Link): Promise<StoredLink | null> {
  const { rows } = await sql<StoredLink>`
    select * from principal_permission
    where org_id = ${orgId} and permission_policy_id = ${link.permissionPolicyId}
      and principal_id = ${link.principalId} and principal_type = ${link.principalType}`.execute(tx);
  return rows[0] ?? null;
}
