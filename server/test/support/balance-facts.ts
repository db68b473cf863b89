import type { DraftBill } from '../../src/engine/billing/bill.ts';
import type { BalanceFacts, BillFacts } from '../../src/engine/billing/facts.ts';
import { decimal } from '../../src/kernel/decimal.ts';
import { at, facts, pricing } from './bill-facts.ts';
import { calculated, lineText, type Measured, stored } from './bill-story.ts';

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
    overageDescription: null,
    overageSurchargePercent: null,
    consumptionsAccountingProductId: null,
    allowOverdraft: null,
    funds: decimal(funds),
    wasFunded: decimal(funds).gt(0),
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

/** A measurement of `acme`, on 10 May 2024 unless told otherwise. */
export function usage(value: number, date = '2024-05-10', of = 'acme'): Measured {
  return { account: of, at: date, value };
}

/** One unit costs 1.00 USD; the bills of May 2024 unless the rows say otherwise. */
export function priced(rows: Partial<BillFacts> = {}): BillFacts {
  return facts({ pricings: [pricing('price')], ...rows });
}

/** What balances pay on each bill, and its total. */
export function paid(bills: readonly DraftBill[]): readonly string[] {
  return bills.flatMap((bill) => [
    ...bill.lines
      .filter((line) => line.lineItemType === 'BALANCE_CONSUMED')
      .map((line) => lineText(line, bill.timezone).replace('BALANCE_CONSUMED ', '')),
    `TOTAL ${bill.billTotal.toFixed(2)}`,
  ]);
}

/** What balances pay on the bills that are calculated. */
export function paidOf(given: BillFacts, measured: readonly Measured[]): readonly string[] {
  return paid(calculated(given, measured).bills);
}
