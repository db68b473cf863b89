import type { BillFacts } from '../../src/engine/billing/facts.ts';
import { sumOf } from '../../src/kernel/decimal.ts';
import { Temporal } from '../../src/kernel/time.ts';
import { balance } from '../support/balance-facts.ts';
import { commitment } from '../support/commitment-facts.ts';
import { midnight } from './calendar.ts';
import type * as plain from './organization.ts';
import { the } from './organization.ts';

type CreditFacts = Pick<BillFacts, 'commitments' | 'balances' | 'charges'>;

/** Commitments, balances and charges of these accounts for the engine, nothing drawn or billed yet. */
export function creditFacts(organization: plain.Organization, accounts: readonly string[]): CreditFacts {
  const isMine = ({ account }: { readonly account: string }) => accounts.includes(account);
  return {
    commitments: organization.commitments
      .filter(isMine)
      .map((row, i) => commitmentFacts(organization, row, i)),
    balances: organization.balances.filter(isMine).map((row, i) => balanceFacts(organization, row, i)),
    charges: organization.charges.filter(isMine).map(chargeFacts),
  };
}

function scopeFacts(row: plain.Commitment | plain.Balance, place: number) {
  return {
    dtCreated: Temporal.Instant.from('2020-01-01T00:00:00Z').add({ seconds: place }),
    accountId: row.account,
    currency: row.currency,
    productIds: row.products,
    lineItemTypes: row.types,
    contractId: row.contract,
    overageSurchargePercent: row.surcharge,
  };
}

function commitmentFacts(organization: plain.Organization, row: plain.Commitment, place: number) {
  const plan = organization.plans.find((one) => one.id === row.plan);
  const template = plan === undefined ? null : the(organization.templates, plan.template);
  return commitment(row.id, row.amount.toString(), {
    ...scopeFacts(row, place),
    startDate: row.from,
    endDate: row.to,
    amountPrePaid: row.prepaid,
    amountFirstBill: row.first,
    billingPlanId: row.plan,
    billFrequency: template?.every ?? null,
    billFrequencyInterval: template?.interval ?? null,
    billingInterval: row.interval,
    billingOffset: row.offset,
    billEpoch: row.epoch,
    commitmentFeeBillInAdvance: row.advance,
    feeDates: row.fees.map((fee) => ({
      date: fee.date,
      amount: fee.amount,
      servicePeriodStartDate: midnight(fee.from, organization.zone),
      servicePeriodEndDate: midnight(fee.to, organization.zone),
    })),
    separateOverageUsage: row.separate,
    childBillingMode: row.mode,
  });
}

function balanceFacts(organization: plain.Organization, row: plain.Balance, place: number) {
  const amounts = organization.transactions.filter((one) => one.balance === row.id).map((one) => one.amount);
  return balance(row.id, sumOf(amounts).toString(), {
    ...scopeFacts(row, place),
    startDate: row.from,
    endDate: row.to,
    rolloverEndDate: row.rolloverTo,
    rolloverAmount: row.rolloverAmount,
    allowOverdraft: row.overdraft,
    wasFunded: amounts.some((amount) => amount.gt(0)),
  });
}

function chargeFacts(row: plain.Charge): BillFacts['charges'][number] {
  return {
    id: row.id,
    accountId: row.account,
    lineItemType: row.type,
    description: row.id,
    balanceId: row.balance,
    currency: row.currency,
    amount: row.amount,
    units: row.units,
    unitPrice: row.price,
    servicePeriodStartDate: row.from,
    servicePeriodEndDate: row.to,
    billDate: row.date,
    accountingProductId: row.product,
    contractId: row.contract,
    billId: null,
  };
}
