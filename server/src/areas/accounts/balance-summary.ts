import { type Decimal, maxOf, ZERO } from '../../kernel/decimal.ts';
import { type Instant, isBefore } from '../../kernel/time.ts';

/** Sums of the applied transactions of a balance, in its currency, none below 0. */
export type TransactionTotals = {
  readonly totalCreditAmount: Decimal;
  /** Everything taken out, by people and by bills. */
  readonly totalDebitAmount: Decimal;
  readonly initialCreditAmount: Decimal;
  /** The part of the debits that bills drew after the end of the balance. */
  readonly rolloverConsumed: Decimal;
};

export type RolloverTerms = {
  readonly endDate: Instant;
  readonly rolloverEndDate: Instant | null;
  readonly rolloverAmount: Decimal | null;
};

export type BalanceSummary = Omit<TransactionTotals, 'rolloverConsumed'> & {
  /** Null when the balance has no rollover. */
  readonly rolloverConsumed: Decimal | null;
  readonly balanceConsumed: Decimal;
  readonly expiredBalanceAmount: Decimal;
};

/** What came into a balance, what was used of it and what has expired (spec 50 §5.5). */
export function balanceSummary(
  totals: TransactionTotals,
  terms: RolloverTerms,
  now: Instant,
): BalanceSummary {
  const balanceConsumed = totals.totalDebitAmount.minus(totals.rolloverConsumed);
  const left = totals.totalCreditAmount.minus(balanceConsumed);
  return {
    ...totals,
    rolloverConsumed: terms.rolloverEndDate === null ? null : totals.rolloverConsumed,
    balanceConsumed,
    expiredBalanceAmount: isBefore(now, terms.endDate)
      ? ZERO
      : maxOf(left.minus(carriedOf(terms, left)), ZERO),
  };
}

/** What may be used after the end of what was left then. */
function carriedOf({ rolloverEndDate, rolloverAmount }: RolloverTerms, left: Decimal): Decimal {
  return rolloverEndDate === null ? ZERO : (rolloverAmount ?? left);
}
