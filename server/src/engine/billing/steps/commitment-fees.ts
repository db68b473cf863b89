// Spec 40 §5.4 step 7, 50 §4.4-§4.6: the fees of commitments that are due with the bill.
import { isDecimal } from '../../../kernel/decimal.ts';
import type { BillFailure } from '../bill.ts';
import { accountsInOrder } from '../bill-members.ts';
import { billCurrencyOf, type Calculation } from '../calculation.ts';
import { creditLine, scopedText } from '../credit-line.ts';
import { type Draft, type DraftLine, RANK, withMade } from '../draft.ts';
import { type DueFee, feesOf } from '../due-fees.ts';
import type { AccountFacts } from '../facts.ts';
import { convertedAmount, isBillFailure } from '../line-amount.ts';

export function commitmentFees(draft: Draft, calculation: Calculation): Draft {
  const made: (DraftLine | BillFailure)[] = [];
  for (const account of accountsInOrder(calculation)) {
    for (const fee of feesOf(calculation, account)) made.push(feeLine(calculation, account, fee));
  }
  return withMade(draft, calculation, made);
}

function feeLine(calculation: Calculation, bill: AccountFacts, fee: DueFee): DraftLine | BillFailure {
  const { index } = calculation;
  const { commitment, amount, timing, service } = fee;
  const { currency, productIds } = commitment;
  const entity = `fee of prepayment ${commitment.id}`;
  const billAccountId = bill.id;
  if (!isDecimal(amount)) return { ...amount, entity, billAccountId };
  const to = billCurrencyOf(calculation, bill.id);
  const converted = convertedAmount(calculation, { amount, currency, entity, billAccountId }, to);
  if (isBillFailure(converted)) return converted;
  return creditLine(calculation, {
    key: fee.key,
    billAccountId,
    rank: RANK.commitmentFee,
    lineItemType: 'COMMITMENT_FEE',
    rule: '50 §4',
    timing,
    service,
    description: commitment.commitmentFeeDescription ?? scopedText('Prepayment Fee', index, productIds),
    currency,
    exactAmount: amount,
    subtotal: amount,
    conversionRate: converted.rate,
    convertedSubtotal: converted.amount,
    credit: { ...commitment, source: 'PREPAYMENT' },
    accountingProductId: commitment.feesAccountingProductId ?? commitment.accountingProductId,
    child: childOf(calculation, fee, bill),
    drawn: [],
  });
}

/** The child that the parent's bill names for its fee (PARENT_BREAKDOWN). */
function childOf({ index }: Calculation, { commitment }: DueFee, bill: AccountFacts): AccountFacts | null {
  if (commitment.accountId === bill.id || commitment.childBillingMode !== 'PARENT_BREAKDOWN') return null;
  return index.accounts.get(commitment.accountId) ?? null;
}
