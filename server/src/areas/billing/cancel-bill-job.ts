import { answerOf, writerOf } from '../../api/entity-writes.ts';
import { defineOperation } from '../../api/operation.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError } from '../../kernel/errors.ts';
import { inTransaction } from '../../store/transaction.ts';
import { billJob, FINAL_STATUSES } from './bill-job.ts';
import { lockBillJob, openUnits, updateBillJob } from './bill-job-status.ts';

/** Stops a job after the accounts in progress; bills that are written stay (spec 40 §8.3). */
export const cancelBillJob = defineOperation({
  id: 'CancelBillJob',
  method: 'POST',
  path: '/billjobs/{id}/cancel',
  summary: 'cancel a bill job',
  tag: 'BillJob',
  permission: { action: 'config:update', resource: 'billing:billjob' },
  response: billJob.response,
  handle: async (call) => {
    const key = { orgId: call.orgId, id: idOf(call.params) };
    return inTransaction(call.ctx.db, async (tx) => {
      const before = await lockBillJob(tx, key);
      if (!before) throw new ApiError('NOT_FOUND', 'there is no BillJob with this id');
      if ((FINAL_STATUSES as readonly string[]).includes(before.status)) {
        throw new ApiError('ILLEGAL_STATE', `the bill job is ${before.status}`);
      }
      const progress = { status: 'CANCELLED', pendingAtEnd: await openUnits(tx, key) } as const;
      const requestId = call.request.id;
      return answerOf(billJob, await updateBillJob(tx, writerOf(call), { before, progress, requestId }));
    });
  },
});
