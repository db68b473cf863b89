import { answerOf, changeOf, writerOf } from '../../api/entity-writes.ts';
import { defineOperation } from '../../api/operation.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError } from '../../kernel/errors.ts';
import { findEntity, lockEntity } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { integrationRun, isFinal, type StoredRun } from './integration-run.ts';
import { startRun } from './start-runs.ts';

/** Sends once more what a run has sent, or has failed to send, as a run of its own (spec 60 §6.6). */
export const replayIntegrationRun = defineOperation({
  id: 'ReplayIntegrationRun',
  method: 'POST',
  path: '/integrationruns/{id}/replay',
  summary: 'replay an integration run',
  tag: integrationRun.name,
  permission: { action: 'config:create', resource: integrationRun.permission },
  response: integrationRun.response,
  handle: (call) =>
    inTransaction(call.ctx.db, async (tx) => {
      const { orgId } = call;
      const key = { orgId, id: idOf(call.params) };
      const original = (await lockEntity(tx, integrationRun.entityTable, key)) as unknown as StoredRun | null;
      if (!original) throw new ApiError('NOT_FOUND', 'there is no IntegrationRun with this id');
      if (!isFinal(original.status)) {
        throw new ApiError('ILLEGAL_STATE', `the run is ${original.status}; it is not over yet`);
      }
      const { integrationConfigId, destination, destinationId, entityType, entityId, accountId } = original;
      const id = await startRun(tx, writerOf(call), {
        config: { id: integrationConfigId, destination, destinationId },
        ...{ entityType, entityId, accountId, source: original.source ?? {} },
        replayedFrom: original.id,
      });
      const run = await findEntity(tx, integrationRun.entityTable, { orgId, id });
      const after = run as unknown as StoredRun;
      await recordChange(tx, writerOf(call), changeOf(integrationRun, call, { before: null, after }));
      return answerOf(integrationRun, after);
    }),
});
