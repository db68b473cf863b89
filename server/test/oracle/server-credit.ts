import { midnight } from './calendar.ts';
import type * as plain from './organization.ts';
import { moment, type Names } from './server-names.ts';

/** Commitments, balances with their money, and charges. */
export async function createCredit(world: Names): Promise<void> {
  const { organization, make, id, prefix } = world;
  for (const row of organization.commitments)
    await make(`commitment ${row.id}`, '/commitments', commitmentBody(world, row));
  for (const row of organization.balances)
    await make(`balance ${row.id}`, '/balances', balanceBody(world, row));
  for (const row of organization.transactions)
    await make(`transaction ${row.id}`, `/balances/${id(`balance ${row.balance}`)}/transactions`, {
      amount: Number(row.amount),
      appliedDate: '2024-01-01T00:00:00Z',
    });
  for (const row of organization.charges)
    await make(`charge ${row.id}`, '/charges', {
      accountId: id(`account ${row.account}`),
      name: row.id,
      code: `${prefix}${row.id}`,
      entityType: row.type === 'AD_HOC' ? 'AD_HOC' : 'BALANCE',
      lineItemType: row.type,
      ...(row.balance && { entityId: id(`balance ${row.balance}`) }),
      currency: row.currency,
      ...(row.amount ? { amount: Number(row.amount) } : unitsBody(row)),
      servicePeriodStartDate: moment(row.from),
      servicePeriodEndDate: moment(row.to),
      billDate: row.date.toString(),
      ...(row.product && { accountingProductId: id(`product ${row.product}`) }),
    });
}

function unitsBody({ units, price }: plain.Charge) {
  return { units: Number(units), unitPrice: Number(price) };
}

function scopeBody({ id }: Names, row: plain.Commitment | plain.Balance) {
  return {
    accountId: id(`account ${row.account}`),
    currency: row.currency,
    productIds: row.products.map((product) => id(`product ${product}`)),
    lineItemTypes: row.types,
    ...(row.surcharge && { overageSurchargePercent: Number(row.surcharge) }),
  };
}

function commitmentBody(world: Names, row: plain.Commitment) {
  const { zone } = world.organization;
  return {
    ...scopeBody(world, row),
    amount: Number(row.amount),
    amountPrePaid: Number(row.prepaid),
    ...(row.first && { amountFirstBill: Number(row.first) }),
    startDate: row.from.toString(),
    endDate: row.to.toString(),
    ...(row.plan && { billingPlanId: world.id(`plan ${row.plan}`) }),
    billingInterval: row.interval,
    billingOffset: row.offset,
    ...(row.epoch && { billEpoch: row.epoch.toString() }),
    ...(row.advance !== null && { commitmentFeeBillInAdvance: row.advance }),
    feeDates: row.fees.map((fee) => ({
      date: fee.date.toString(),
      amount: Number(fee.amount),
      servicePeriodStartDate: moment(midnight(fee.from, zone)),
      servicePeriodEndDate: moment(midnight(fee.to, zone)),
    })),
    separateOverageUsage: row.separate,
    childBillingMode: row.mode,
  };
}

function balanceBody(world: Names, row: plain.Balance) {
  return {
    ...scopeBody(world, row),
    name: row.id,
    code: `${world.prefix}${row.id}`,
    startDate: moment(row.from),
    endDate: moment(row.to),
    ...(row.rolloverTo && { rolloverEndDate: moment(row.rolloverTo) }),
    ...(row.rolloverAmount && { rolloverAmount: Number(row.rolloverAmount) }),
    ...(row.overdraft !== null && { allowOverdraft: row.overdraft }),
  };
}
