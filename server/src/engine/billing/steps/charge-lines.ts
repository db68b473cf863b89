// Spec 40 §5.4 step 7, §11, 50 §8.4: one-off charges as lines, also when they are 0.
import { type Decimal, ONE, ZERO } from '../../../kernel/decimal.ts';
import type { BillFailure, LineReason } from '../bill.ts';
import { accountsInOrder, chargesOf } from '../bill-members.ts';
import { billCurrencyOf, type Calculation } from '../calculation.ts';
import { type Draft, type DraftLine, RANK, withMade } from '../draft.ts';
import type { ChargeFacts } from '../facts.ts';
import { convertedAmount, isBillFailure, roundedAmount } from '../line-amount.ts';
import { NO_ORIGIN } from '../no-origin.ts';
import { PLAIN_REASON } from '../plain-reason.ts';

/** Every charge on the bill of its own account: those of a child stay on the child's (spec 40 §6.3). */
export function chargeLines(draft: Draft, calculation: Calculation): Draft {
  const made = accountsInOrder(calculation)
    .flatMap((account) => chargesOf(calculation, account))
    .map((charge) => chargeLine(calculation, charge));
  return withMade(draft, calculation, made);
}

/** 4 units at 2.50 are 10.00, with 2.50 as the price; an amount is its own price. */
function chargeLine(calculation: Calculation, charge: ChargeFacts): DraftLine | BillFailure {
  const { currency, accountId } = charge;
  const entity = `charge ${charge.description}`;
  const exactAmount = exactAmountOf(charge);
  const named = { currency, entity, billAccountId: accountId };
  const subtotal = roundedAmount(calculation, { amount: exactAmount, ...named });
  if (isBillFailure(subtotal)) return subtotal;
  const to = billCurrencyOf(calculation, accountId);
  const converted = convertedAmount(calculation, { amount: subtotal, ...named }, to);
  if (isBillFailure(converted)) return converted;
  const units = charge.units ?? ONE;
  return {
    key: `charge/${charge.id}`,
    billAccountId: accountId,
    rank: charge.lineItemType === 'BALANCE_FEE' ? RANK.balanceFee : RANK.charge,
    planCode: '',
    attachedKey: null,
    lineItemType: charge.lineItemType,
    description: charge.description,
    quantity: units,
    units,
    unit: '',
    averageUnitPrice: charge.unitPrice ?? subtotal,
    subtotal,
    currency,
    conversionRate: converted.rate,
    convertedSubtotal: converted.amount,
    servicePeriodStartDate: charge.servicePeriodStartDate,
    servicePeriodEndDate: charge.servicePeriodEndDate,
    ...NO_ORIGIN,
    ...accountingProductOf(calculation, charge),
    commitmentId: null,
    balanceId: charge.balanceId,
    chargeId: charge.id,
    contractId: charge.contractId,
    reason: reasonOf(charge, exactAmount),
  };
}

function exactAmountOf({ amount, units, unitPrice }: ChargeFacts): Decimal {
  return amount ?? (units ?? ZERO).times(unitPrice ?? ZERO);
}

function accountingProductOf({ index }: Calculation, { accountingProductId }: ChargeFacts) {
  const product = accountingProductId === null ? undefined : index.products.get(accountingProductId);
  return {
    accountingProductId,
    accountingProductName: product?.name ?? null,
    accountingProductCode: product?.code ?? null,
  };
}

function reasonOf({ id, accountId }: ChargeFacts, exactAmount: Decimal): LineReason {
  return {
    ...PLAIN_REASON,
    rule: '50 §8',
    chargeKey: `charge/${id}`,
    timing: 'ARREARS',
    accountId,
    exactAmount,
  };
}
