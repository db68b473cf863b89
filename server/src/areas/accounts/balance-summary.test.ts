import { expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { Temporal } from '../../kernel/time.ts';
import { balanceSummary } from './balance-summary.ts';

const at = Temporal.Instant.from;
const END = '2025-07-01T00:00:00Z';
const ROLLOVER_END = '2025-09-01T00:00:00Z';

test.each([
  // now, rollover end, cap, credit, debit, of it in rollover: consumed, consumed in rollover, expired
  ['2025-06-30T23:59:59Z', null, null, 1000, 700, 0, 700, undefined, 0],
  [END, null, null, 1000, 700, 0, 700, undefined, 300],
  [END, ROLLOVER_END, null, 1000, 700, 0, 700, 0, 0],
  // Spec 50 §5.7: of the 300 left, 150 are carried.
  [END, ROLLOVER_END, 150, 1000, 850, 150, 700, 150, 150],
  [END, ROLLOVER_END, 500, 1000, 850, 150, 700, 150, 0],
  [END, ROLLOVER_END, 0, 1000, 700, 0, 700, 0, 300],
  [END, null, null, 100, 130, 0, 130, undefined, 0],
])('at %s, rollover to %s of %s', (now, rolloverEnd, cap, credit, debit, rolled, ...expected) => {
  const totals = {
    totalCreditAmount: decimal(credit),
    totalDebitAmount: decimal(debit),
    initialCreditAmount: decimal(credit),
    rolloverConsumed: decimal(rolled),
  };
  const terms = {
    endDate: at(END),
    rolloverEndDate: rolloverEnd === null ? null : at(rolloverEnd),
    rolloverAmount: cap === null ? null : decimal(cap),
  };
  const summary = balanceSummary(totals, terms, at(now));
  expect([
    summary.balanceConsumed.toNumber(),
    summary.rolloverConsumed?.toNumber(),
    summary.expiredBalanceAmount.toNumber(),
  ]).toEqual(expected);
});
