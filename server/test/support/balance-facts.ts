import type { DraftBill } from '../../src/engine/billing/bill.ts';
import type { BalanceFacts, BillFacts } from '../../src/engine/billing/facts.ts';
import { decimal } from '../../src/kernel/decimal.ts';
import { at } from './bill-facts.ts';
import { stored } from './bill-story.ts';

/** A balance of `acme` in USD for the year 2024, with these funds. */
export function balance(
  id: string,
  funds: number | string,
  fields: Partial<BalanceFacts> = {},
): BalanceFacts {
  return {
    id,
    dtCreated: at('2024-01-01'),
    accountId: 'acme',
    name: id,
    currency: 'USD',
    startDate: at('2024-01-01'),
    endDate: at('2025-01-01'),
    rolloverEndDate: null,
    rolloverAmount: null,
    productIds: [],
    lineItemTypes: [],
    contractId: null,
    balanceDrawDownDescription: null,
    consumptionsAccountingProductId: null,
    allowOverdraft: null,
    funds: decimal(funds),
    draws: [],
    ...fields,
  };
}

/** The facts after the calculated bills have been written with their draws. */
export function afterBills(facts: BillFacts, bills: readonly DraftBill[]): BillFacts {
  const made = stored(bills);
  const replaced = new Set(made.map((bill) => bill.id));
  const draws = bills.flatMap((bill, i) =>
    bill.draws.map((draw) => ({ ...draw, billId: made[i]?.id ?? '' })),
  );
  return {
    ...facts,
    bills: [...facts.bills.filter((bill) => !replaced.has(bill.id)), ...made],
    balances: facts.balances.map((row) => ({
      ...row,
      draws: [
        ...row.draws.filter((draw) => !replaced.has(draw.billId)),
        ...draws
          .filter((draw) => draw.creditId === row.id)
          .map(({ billId, phase, amount }) => ({ billId, phase, amount })),
      ],
    })),
  };
}
