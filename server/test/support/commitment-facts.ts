import type { BillLine, DraftBill } from '../../src/engine/billing/bill.ts';
import type { BilledFee, CommitmentFacts } from '../../src/engine/billing/commitment-facts.ts';
import type { BillFacts, BillTarget } from '../../src/engine/billing/facts.ts';
import { decimal } from '../../src/kernel/decimal.ts';
import { afterBills } from './balance-facts.ts';
import { at, day } from './bill-facts.ts';
import { calculated, lineText, stored } from './bill-story.ts';

/** A commitment of `acme` in USD for the year 2025 that bills no fees, unless the fields say otherwise. */
export function commitment(
  id: string,
  amount: number | string,
  fields: Partial<CommitmentFacts> = {},
): CommitmentFacts {
  return {
    id,
    dtCreated: at('2024-01-01'),
    accountId: 'acme',
    amount: decimal(amount),
    currency: 'USD',
    startDate: day('2025-01-01'),
    endDate: day('2026-01-01'),
    amountPrePaid: decimal(0),
    amountFirstBill: null,
    billingPlanId: null,
    billFrequency: null,
    billFrequencyInterval: null,
    billingInterval: 1,
    billingOffset: 0,
    billEpoch: null,
    commitmentFeeBillInAdvance: null,
    feeDates: [],
    productIds: [],
    lineItemTypes: [],
    overageSurchargePercent: null,
    separateOverageUsage: false,
    commitmentFeeDescription: null,
    commitmentUsageDescription: null,
    overageDescription: null,
    accountingProductId: null,
    feesAccountingProductId: null,
    drawdownsAccountingProductId: null,
    contractId: null,
    childBillingMode: 'PARENT_BREAKDOWN',
    draws: [],
    fees: [],
    ...fields,
  };
}

/** What a monthly billing plan adds. */
export const MONTHLY: Partial<CommitmentFacts> = {
  billingPlanId: 'pro',
  billFrequency: 'MONTHLY',
  billFrequencyInterval: 1,
};

/** The facts after the calculated bills have been written with their draws and fees. */
export function afterBilling(facts: BillFacts, bills: readonly DraftBill[]): BillFacts {
  const written = afterBills(facts, bills);
  const made = stored(bills);
  const replaced = new Set(made.map((bill) => bill.id));
  const withIds = bills.map((bill, i) => ({ ...bill, id: made[i]?.id ?? '' }));
  return {
    ...written,
    commitments: facts.commitments.map((row) => ({
      ...row,
      draws: [
        ...row.draws.filter((draw) => !replaced.has(draw.billId)),
        ...withIds.flatMap(({ id: billId, draws }) =>
          draws
            .filter((draw) => draw.creditId === row.id)
            .map(({ phase, amount }) => ({ billId, phase, amount })),
        ),
      ],
      fees: [
        ...row.fees.filter((fee) => !replaced.has(fee.billId)),
        ...withIds.flatMap(({ id: billId, lines }) =>
          lines
            .filter((line) => line.lineItemType === 'COMMITMENT_FEE' && line.commitmentId === row.id)
            .map((line) => billedFee(billId, line)),
        ),
      ],
    })),
  };
}

function billedFee(billId: string, line: BillLine): BilledFee {
  const service = { start: line.servicePeriodStartDate, end: line.servicePeriodEndDate };
  return { billId, key: line.key, amount: line.subtotal, service };
}

/** The lines of a bill by type and amount, and its total. */
export function amounts(bill: DraftBill | undefined): readonly string[] {
  if (bill === undefined) return [];
  return [
    ...bill.lines.map((line) => `${line.lineItemType} ${line.subtotal.toFixed(2)}`),
    `TOTAL ${bill.billTotal.toFixed(2)}`,
  ];
}

/** The fee lines of bills with dates and texts. */
export function feeTexts(bills: readonly DraftBill[]): readonly string[] {
  return bills.flatMap((bill) =>
    bill.lines
      .filter((line) => line.lineItemType === 'COMMITMENT_FEE')
      .map((line) => `${bill.billDate}: ${lineText(line, bill.timezone).replace('COMMITMENT_FEE ', '')}`),
  );
}

/** The facts after one calculation after the other. */
export function afterTargets(facts: BillFacts, targets: readonly BillTarget[]): BillFacts {
  let rows = facts;
  for (const target of targets) rows = afterBilling(rows, calculated({ ...rows, target }).bills);
  return rows;
}

/** The fee lines of stored bills with date and frequency of the bill: `2025-03-10 AD_HOC 300.00`. */
export function billedFees({ bills }: Pick<BillFacts, 'bills'>): readonly string[] {
  return bills.flatMap(({ identity: { gridDate, frequencyKey }, lines }) =>
    lines
      .filter((line) => line.lineItemType === 'COMMITMENT_FEE')
      .map((line) => `${gridDate} ${frequencyKey} ${line.subtotal.toFixed(2)}`),
  );
}
