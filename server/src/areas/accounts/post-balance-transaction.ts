import { sql } from 'kysely';
import { answerOf, changeOf, writerOf } from '../../api/entity-writes.ts';
import { type AnyCall, defineOperation, type Principal } from '../../api/operation.ts';
import { placed } from '../../api/placed-dates.ts';
import { idOf } from '../../api/resource.ts';
import type { EntityOf, Values } from '../../api/resource-spec.ts';
import { present } from '../../kernel/assert.ts';
import type { Decimal } from '../../kernel/decimal.ts';
import { ApiError, refusal } from '../../kernel/errors.ts';
import { type Instant, isBefore, later } from '../../kernel/time.ts';
import { refusalFromWrite } from '../../store/constraint.ts';
import type { Row, Tx } from '../../store/database.ts';
import { insertEntity, type Writer } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { enqueueApplication } from './apply-balance-transaction.ts';
import { type HeldBalance, lockBalances, recordMoves } from './balance-moves.ts';
import { balanceTransaction, type TRANSACTION_CAUSES } from './balance-transaction.ts';

type Fields = (typeof balanceTransaction)['fields'];
type Wanted = Values<Fields> & { readonly transactionDate: Instant; readonly appliedDate: Instant };

/** Puts money into a balance or takes some out, now or at a later time (spec 50 §5.3). */
export const postBalanceTransaction = defineOperation({
  id: 'PostBalanceTransaction',
  method: 'POST',
  path: '/balances/{balanceId}/transactions',
  summary: 'create a balance transaction',
  tag: 'BalanceTransaction',
  permission: { action: 'config:create', resource: balanceTransaction.permission },
  body: balanceTransaction.body,
  response: balanceTransaction.response,
  handle: async (call) => {
    const balanceId = idOf(call.params, 'balanceId');
    const writer = writerOf(call);
    try {
      return await inTransaction(call.ctx.db, async (tx) => {
        const [held] = await lockBalances(tx, writer, [balanceId]);
        if (!held) throw new ApiError('NOT_FOUND', 'there is no Balance with this id');
        const wanted = wantedOf(await placed(balanceTransaction, call, call.body() as Row), writer.now);
        await transactionMustFit(tx, held, { wanted, now: writer.now });
        return answerOf(balanceTransaction, await insertTransaction(tx, call, { held, wanted, writer }));
      });
    } catch (error) {
      throw refusalFromWrite(error, balanceTransaction.table);
    }
  },
});

/** The body with the moments that it leaves out. */
function wantedOf(body: Row, now: Instant): Wanted {
  const values = body as Values<Fields>;
  if (values.amount.isZero()) throw refusal('VALIDATION_FAILED', 'amount', 'must not be 0');
  const { transactionDate, appliedDate } = values;
  return { ...values, transactionDate: transactionDate ?? now, appliedDate: appliedDate ?? now };
}

type Checked = { readonly wanted: Wanted; readonly now: Instant };

async function transactionMustFit(tx: Tx, held: HeldBalance, { wanted, now }: Checked): Promise<void> {
  if (wanted.transactionTypeId !== null) await typeMustBeLive(tx, held.orgId, wanted.transactionTypeId);
  if (wanted.amount.gt(0)) return;
  const moment = later(now, wanted.appliedDate);
  const rest = await restAt(tx, held, moment);
  if (rest.amount.plus(wanted.amount).gte(0) || rest.overdraft) return;
  throw refusal('VALIDATION_FAILED', 'amount', `takes more than the balance holds: ${rest.amount.toFixed()}`);
}

/** An archived type stays where it is and takes no new uses (spec 50 §1). */
export async function typeMustBeLive(tx: Tx, orgId: string, typeId: string): Promise<void> {
  const { rows } = await sql`
    select from transaction_type where org_id = ${orgId} and id = ${typeId} and archived`.execute(tx);
  if (rows.length > 0) throw refusal('REFERENCE_NOT_FOUND', 'transactionTypeId', 'is archived');
}

type Rest = { readonly amount: Decimal; readonly overdraft: boolean };

/**
 * What the balance will hold at a moment as far as is known now, and whether it may go below 0 (spec
 * 50 §5.6).
 */
async function restAt(tx: Tx, held: HeldBalance, moment: Instant): Promise<Rest> {
  const { rows } = await sql<Rest>`
    select coalesce(${held.allowOverdraft}::boolean, c.allow_negative_balances) as overdraft,
      (select coalesce(sum(t.amount), 0) from balance_transaction t
       where t.org_id = c.org_id and t.balance_id = ${held.id}
         and (t.announced or t.applied_date <= ${String(moment)})) as amount
    from organization_config c where c.org_id = ${held.orgId}`.execute(tx);
  return present(rows[0], 'organization_config');
}

type New = { readonly held: HeldBalance; readonly wanted: Wanted; readonly writer: Writer };

/** One whose time has not come moves nothing yet: that is left to a job of that time. */
async function insertTransaction(
  tx: Tx,
  call: AnyCall,
  { held, wanted, writer }: New,
): Promise<EntityOf<Fields>> {
  const announced = !isBefore(writer.now, wanted.appliedDate);
  const cause = { entityType: causeOf(call.principal), entityId: call.principal.id };
  const values = { ...wanted, ...cause, balanceId: held.id, announced };
  const row = await insertEntity(tx, balanceTransaction.entityTable, { writer, values });
  const after = row as unknown as EntityOf<Fields>;
  await recordChange(tx, writer, changeOf(balanceTransaction, call, { before: null, after }));
  if (announced) await recordMoves(tx, writer, { before: [held], requestId: call.request.id });
  else await enqueueApplication(tx, { orgId: held.orgId, transactionId: after.id }, wanted.appliedDate);
  return after;
}

function causeOf({ kind }: Principal): (typeof TRANSACTION_CAUSES)[number] {
  return kind === 'USER' ? 'USER' : 'SERVICE_USER';
}
