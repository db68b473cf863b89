import { sql } from 'kysely';
import { z } from 'zod';
import { answerOf, changeOf, insertChecked, replaceChecked, writerOf } from '../../api/entity-writes.ts';
import { oneOf, reference, text } from '../../api/fields.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { pageOf, pageParameters } from '../../api/page.ts';
import type { Permission } from '../../api/permission.ts';
import { declaredResource, idOf } from '../../api/resource.ts';
import type { EntityOf } from '../../api/resource-spec.ts';
import { versionMustEqual, versionOf } from '../../api/version.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Db, Tx } from '../../store/database.ts';
import { deleteEntity, findEntity, lockEntity } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { newAccessKey } from './new-access-key.ts';
import { secretHash } from './secret-hash.ts';
import { serviceUser } from './service-user.ts';

/** A key with which a service user asks for tokens; its secret is kept as a hash only (spec 10 §12). */
const accessKey = declaredResource({
  name: 'AccessKey',
  path: 'serviceusers/{id}/accesskeys',
  summary: 'an access key',
  table: 'access_key',
  permission: serviceUser.permission,
  itemColumn: 'serviceUserId',
  event: null,
  maxPageSize: 200,
  fields: {
    serviceUserId: reference('ServiceUser'),
    accessKeyId: text(),
    secretHash: text(),
    status: oneOf(['ACTIVE', 'INACTIVE']),
  },
  example: {},
  answer: ({ orgId: _, secretHash: __, ...shown }) => shown,
});

type AccessKey = EntityOf<typeof accessKey.fields>;
type KeyCall = AnyCall & { readonly params: Record<string, string> };

const { secretHash: _, ...shownFields } = accessKey.response.shape;
const response = z.object(shownFields);
const PATH = '/serviceusers/{id}/accesskeys';

/** Several keys may be active, so that one is replaced before it is switched off (spec 10 §12, §23). */
export const createAccessKey = defineOperation({
  id: 'PostAccessKey',
  method: 'POST',
  path: PATH,
  summary: 'create an access key; its secret is answered this once',
  tag: accessKey.name,
  permission: permissionTo('create'),
  response: response.extend({ apiSecret: text() }),
  handle: async (call) => {
    const { accessKeyId, apiSecret } = newAccessKey();
    const hash = await secretHash(apiSecret);
    return inTransaction(call.ctx.db, async (tx) => {
      const serviceUserId = await existingServiceUser(tx, call);
      const values = { serviceUserId, accessKeyId, secretHash: hash, status: 'ACTIVE' };
      return { ...answerOf(accessKey, await insertChecked(accessKey, { tx, call, values })), apiSecret };
    });
  },
});

export const listAccessKeys = defineOperation({
  id: 'ListAccessKeys',
  method: 'GET',
  path: PATH,
  summary: 'list the access keys of a service user',
  tag: accessKey.name,
  permission: permissionTo('retrieve'),
  query: z.object(pageParameters(accessKey.maxPageSize)),
  response,
  answers: 'page',
  handle: async (call) => {
    const serviceUserId = await existingServiceUser(call.ctx.db, call);
    return pageOf(accessKey, call, [sql`service_user_id = ${serviceUserId}`]);
  },
});

/** Switching a key off ends no token that it has got (spec 10 §12). */
export const updateAccessKey = defineOperation({
  id: 'PutAccessKey',
  method: 'PUT',
  path: `${PATH}/{accessKeyId}`,
  summary: 'switch an access key on or off',
  tag: accessKey.name,
  permission: permissionTo('update'),
  body: z.object({ status: accessKey.fields.status }),
  response,
  handle: (call) =>
    inTransaction(call.ctx.db, async (tx) => {
      const before = await lockedKey(tx, call);
      const { status } = call.body();
      const version = versionOf(call);
      if (version !== undefined && version !== null) versionMustEqual(version, before.version);
      const values = { ...before, status };
      return answerOf(accessKey, await replaceChecked(accessKey, { tx, call, values }, before));
    }),
});

export const deleteAccessKey = defineOperation({
  id: 'DeleteAccessKey',
  method: 'DELETE',
  path: `${PATH}/{accessKeyId}`,
  summary: 'delete an access key that is switched off',
  tag: accessKey.name,
  permission: permissionTo('delete'),
  response,
  handle: (call) =>
    inTransaction(call.ctx.db, async (tx) => {
      const before = await lockedKey(tx, call);
      if (before.status === 'ACTIVE') throw new ApiError('ILLEGAL_STATE', 'the access key is ACTIVE');
      await deleteEntity(tx, accessKey.entityTable, { orgId: call.orgId, id: before.id });
      await recordChange(tx, writerOf(call), changeOf(accessKey, call, { before, after: null }));
      return answerOf(accessKey, before);
    }),
});

function permissionTo(verb: string): Permission {
  return { action: `config:${verb}`, resource: accessKey.permission };
}

async function existingServiceUser(db: Db | Tx, { orgId, params }: KeyCall): Promise<string> {
  const found = await findEntity(db, serviceUser.entityTable, { orgId, id: idOf(params) });
  if (!found) throw new ApiError('NOT_FOUND', 'there is no ServiceUser with this id');
  return found.id;
}

/** The key in the path, kept until the end; one of another service user does not exist here. */
async function lockedKey(tx: Tx, { orgId, params }: KeyCall): Promise<AccessKey> {
  const found = await lockEntity(tx, accessKey.entityTable, { orgId, id: idOf(params, 'accessKeyId') });
  if (found?.['serviceUserId'] !== idOf(params)) {
    throw new ApiError('NOT_FOUND', 'there is no AccessKey with this id');
  }
  return found as unknown as AccessKey;
}
