import { answerOf, replaceChecked } from '../../api/entity-writes.ts';
import { rowsMustBeAllowed } from '../../api/item-permission.ts';
import { defineOperation } from '../../api/operation.ts';
import { idOf } from '../../api/resource.ts';
import type { EntityOf } from '../../api/resource-spec.ts';
import { versionMustEqual, versionOf } from '../../api/version.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Row } from '../../store/database.ts';
import { lockEntity } from '../../store/entity-store.ts';
import { inTransaction } from '../../store/transaction.ts';
import { alert } from './alert.ts';

const permission = { action: 'config:update', resource: alert.permission };

/** Says how far somebody has got with an alert; nothing else of it can be changed (spec 60 §2.2). */
export const updateAlert = defineOperation({
  id: 'PutAlert',
  method: 'PUT',
  path: '/alerts/{id}',
  summary: 'update the status of a system alert',
  tag: alert.name,
  permission,
  body: alert.body,
  response: alert.response,
  handle: async (call) => {
    const key = { orgId: call.orgId, id: idOf(call.params) };
    await rowsMustBeAllowed(call, permission, { table: alert.table, ids: [key.id] });
    return inTransaction(call.ctx.db, async (tx) => {
      const stored = await lockEntity(tx, alert.entityTable, key);
      if (!stored) throw new ApiError('NOT_FOUND', 'there is no Alert with this id');
      const before = stored as unknown as EntityOf<typeof alert.fields>;
      const values = call.body() as Row;
      versionMustEqual(versionOf(call), before.version);
      return answerOf(alert, await replaceChecked(alert, { tx, call, values }, before));
    });
  },
});
