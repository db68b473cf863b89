// Spec 40 §5.4 step 11, §5.7, §12: credit and debit memos of the existing bills, re-attached as they are.
import type { BillFailure, BillLine } from '../bill.ts';
import { billCurrencyOf, type Calculation } from '../calculation.ts';
import { type Draft, type DraftLine, withMade } from '../draft.ts';
import { sortedBy } from '../facts-index.ts';
import { convertedAmount, isBillFailure, roundedAmount } from '../line-amount.ts';
import { draftMemoLine } from '../memo-line.ts';

export function memoLines(draft: Draft, calculation: Calculation): Draft {
  const memos = calculation.existingBills.flatMap(({ identity, memoLines: lines }) =>
    sortedBy(lines, (line) => line.key).map((line) => attachedMemo(calculation, line, identity.accountId)),
  );
  return withMade(draft, calculation, memos);
}

/**
 * The line as it is. Only when the bill has got another currency since is the part that counts converted:
 * 30 USD on a bill that is now in EUR are 27.00 at 0.9, and 30 again once the bill is back in USD.
 */
function attachedMemo(
  calculation: Calculation,
  line: BillLine,
  billAccountId: string,
): DraftLine | BillFailure {
  const to = billCurrencyOf(calculation, billAccountId);
  if (line.currency === to && line.conversionRate.eq(1)) return draftMemoLine(line, billAccountId);
  const { currency, reason } = line;
  const entity = `${line.lineItemType} ${line.description}`;
  const named = { currency, entity, billAccountId };
  const counted = roundedAmount(calculation, { amount: reason.exactAmount, ...named });
  if (isBillFailure(counted)) return counted;
  const converted = convertedAmount(calculation, { amount: counted, ...named }, to);
  if (isBillFailure(converted)) return converted;
  const { amount: convertedSubtotal, rate: conversionRate } = converted;
  return draftMemoLine({ ...line, conversionRate, convertedSubtotal }, billAccountId);
}
