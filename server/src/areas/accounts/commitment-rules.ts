import { sql } from 'kysely';
import { isEarlier } from '../../api/body-rules.ts';
import type { CheckScope } from '../../api/resource-spec.ts';
import type { Decimal } from '../../kernel/decimal.ts';
import { refusal } from '../../kernel/errors.ts';
import type { Instant } from '../../kernel/time.ts';

type FeeDate = { readonly servicePeriodStartDate: Instant; readonly servicePeriodEndDate: Instant };

type Terms = {
  readonly amount: Decimal;
  readonly amountPrePaid: Decimal;
  readonly amountFirstBill: Decimal | null;
  readonly billingPlanId: string | null;
  readonly feeDates: readonly FeeDate[];
  readonly separateOverageUsage: boolean;
  readonly overageSurchargePercent: Decimal | null;
};

/** Refuses terms of a commitment that contradict each other (spec 50 §4.2). */
export function commitmentMustFit(terms: Terms): void {
  const { amount, amountPrePaid, amountFirstBill, overageSurchargePercent } = terms;
  if (terms.separateOverageUsage && overageSurchargePercent !== null && !overageSurchargePercent.isZero()) {
    throw refuse('separateOverageUsage', 'cannot be combined with an overageSurchargePercent');
  }
  if (amountPrePaid.plus(amountFirstBill ?? 0).gt(amount)) {
    throw refuse('amountPrePaid', 'together with amountFirstBill must not be more than amount');
  }
  if (terms.billingPlanId !== null && terms.feeDates.length > 0) {
    throw refuse('feeDates', 'cannot be combined with a billingPlanId');
  }
  if (terms.feeDates.some((fee) => isEarlier(fee.servicePeriodEndDate, fee.servicePeriodStartDate))) {
    throw refuse('feeDates', 'must not end their service period before it begins');
  }
}

function refuse(field: string, message: string): Error {
  return refusal('VALIDATION_FAILED', field, message);
}

/** Amounts are in the commitment's currency, so it stays while bills have fees or draws of it. */
export async function commitmentMustBeUnbilled({ tx, orgId }: CheckScope, id: string): Promise<void> {
  const { rows } = await sql`
    select from commitment_movement where org_id = ${orgId} and commitment_id = ${id}
    group by bill_id, kind having sum(amount) <> 0 limit 1`.execute(tx);
  if (rows.length === 0) return;
  throw refusal('IMMUTABLE_FIELD', 'currency', 'cannot be changed once there are fees or draws');
}
