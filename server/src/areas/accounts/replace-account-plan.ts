import { z } from 'zod';
import { answerOf, changeOf, insertChecked, writerOf } from '../../api/entity-writes.ts';
import { withEnvelope } from '../../api/envelope.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { placed } from '../../api/placed-dates.ts';
import { idOf } from '../../api/resource.ts';
import { versionMustEqual, versionOf } from '../../api/version.ts';
import { ApiError, refusal } from '../../kernel/errors.ts';
import { type Instant, isBefore } from '../../kernel/time.ts';
import { refusalFromWrite } from '../../store/constraint.ts';
import type { Row, Tx } from '../../store/database.ts';
import { lockEntity, replaceEntity } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { accountPlan } from './account-plan.ts';

/** Ends an attachment at the start of a new one of the same account, both or neither (spec 30 §16.2). */
export const replaceAccountPlan = defineOperation({
  id: 'ReplaceAccountPlan',
  method: 'POST',
  path: '/accountplans/{id}/replace',
  summary: 'replace an account plan by a new one',
  tag: 'AccountPlan',
  permission: { action: 'config:create', resource: 'config:accountplan' },
  body: accountPlan.body,
  response: z.object({
    originalAccountPlan: withEnvelope(accountPlan.response),
    newAccountPlan: withEnvelope(accountPlan.response),
  }),
  answers: 'whole',
  handle: async (call) => {
    const key = { orgId: call.orgId, id: idOf(call.params) };
    try {
      return await inTransaction(call.ctx.db, async (tx) => {
        const original = (await lockEntity(tx, accountPlan.entityTable, key)) as AccountPlan | null;
        if (!original) throw new ApiError('NOT_FOUND', 'there is no AccountPlan with this id');
        const values = (await placed(accountPlan, call, call.body())) as Replacement;
        const version = versionOf(call);
        if (version !== undefined && version !== null) versionMustEqual(version, original.version);
        replacementMustFit(original, values);
        const ended = await endAttachment({ tx, call, original }, values.startDate);
        const created = await insertChecked(accountPlan, { tx, call, values });
        return {
          originalAccountPlan: answerOf(accountPlan, ended),
          newAccountPlan: answerOf(accountPlan, created),
        };
      });
    } catch (error) {
      throw refusalFromWrite(error, accountPlan.table);
    }
  },
});

type AccountPlan = Parameters<NonNullable<typeof accountPlan.check>>[1];
type Dated = { readonly accountId: string; readonly startDate: Instant; readonly endDate: Instant | null };
type Replacement = Row & Dated;

/** Refuses another account and a start outside of the time that the original is attached. */
export function replacementMustFit(original: Dated, { accountId, startDate }: Dated): void {
  if (accountId !== original.accountId) {
    throw refusal('VALIDATION_FAILED', 'accountId', 'must be the account of the original');
  }
  if (!isBefore(original.startDate, startDate)) {
    throw refusal('VALIDATION_FAILED', 'startDate', 'must be later than the start of the original');
  }
  if (original.endDate !== null && !isBefore(startDate, original.endDate)) {
    throw refusal('VALIDATION_FAILED', 'startDate', 'must be earlier than the end of the original');
  }
}

type Ending = { readonly tx: Tx; readonly call: AnyCall; readonly original: AccountPlan };

/** Shortening cannot break a rule, so that none is checked: only the new attachment may clash. */
async function endAttachment({ tx, call, original }: Ending, endDate: Instant): Promise<AccountPlan> {
  const writer = writerOf(call);
  const values = { ...original, endDate };
  const after = (await replaceEntity(tx, accountPlan.entityTable, {
    writer,
    id: original.id,
    values,
  })) as unknown as AccountPlan;
  await recordChange(tx, writer, changeOf(accountPlan, call, { before: original, after }));
  return after;
}
