import type { Context } from '../../context.ts';
import { failureMessage } from '../../engine/billing/failure-message.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Tx } from '../../store/database.ts';
import type { Writer } from '../../store/entity-store.ts';
import { applyBills } from './apply-bills.ts';
import { calculateUnits } from './calculate-units.ts';
import { loadBillFacts } from './load-bill-facts.ts';
import { loadOrganization } from './load-organization.ts';

export type Recalculation = {
  readonly writer: Writer;
  /** The account unit of the bill, which the transaction has locked. */
  readonly unitId: string;
  readonly billId: string;
};

/**
 * Calculates a bill again within a transaction, with the other bills of its hierarchy and date (spec 40
 * §6.1, 50 §8.3). Throws ILLEGAL_STATE with the cause when it cannot be calculated; of the others that
 * cannot be there are alerts.
 */
export async function recalculateBill(
  ctx: Context,
  tx: Tx,
  { writer, unitId, billId }: Recalculation,
): Promise<void> {
  const { orgId, now } = writer;
  const organization = await loadOrganization(tx, orgId, { keepLockDate: true });
  const target = { kind: 'RECALCULATE', now, billIds: [billId], namesChildren: true } as const;
  const request = { organization, unitIds: [unitId], target, now, lockBalances: true };
  const calculated = await calculateUnits(ctx, { db: tx, orgId }, await loadBillFacts(tx, request));
  for (const { error, failed, facts } of calculated) {
    if (error) throw error;
    const accountId = facts.bills.find((bill) => bill.id === billId)?.identity.accountId;
    const own = failed.find(({ identities }) => identities.some((row) => row.accountId === accountId));
    if (own) {
      const reason = failureMessage(own.failure);
      throw new ApiError('ILLEGAL_STATE', `the bill of the charge could not be calculated: ${reason}`);
    }
  }
  await applyBills(tx, { organization, writer, billJobId: null, timezoneText: null }, calculated);
}
