import type { BillFacts, CreateTarget, PricingFacts } from '../../src/engine/billing/facts.ts';
import { decimal } from '../../src/kernel/decimal.ts';
import { Temporal } from '../../src/kernel/time.ts';
import * as story from '../support/bill-facts.ts';
import { midnight } from './calendar.ts';
import { creditFacts } from './engine-credit-facts.ts';
import type { Step } from './given.ts';
import type * as plain from './organization.ts';
import { the } from './organization.ts';

/** What is created first is older: ties between pricings go by it. */
function createdAt(place: number) {
  return Temporal.Instant.from('2020-01-01T00:00:00Z').add({ seconds: place });
}

/** The organization as the engine is told of it: the facts of the unit that this account is the head of. */
export function engineFacts(organization: plain.Organization, head: string, step: Step): BillFacts {
  const accounts = organization.accounts.filter((account) => account.id === head || account.parent === head);
  const ids = accounts.map((account) => account.id);
  const isMine = ({ account }: { readonly account: string }) => ids.includes(account);
  return {
    organization: configFacts(organization),
    currencies: organization.currencies.map((one) => ({
      code: one.code,
      maxDecimalPlaces: one.places,
      roundingMode: one.rounding as BillFacts['currencies'][number]['roundingMode'],
    })),
    products: organization.products.map(({ id, name }) => ({ id, name, code: id })),
    accounts: accounts.map(accountFacts),
    contracts: organization.contracts.map(contractFacts),
    accountPlans: organization.attachments.filter(isMine).map(attachmentFacts),
    plans: organization.plans.map((plan) => story.plan(plan.id, plan.template, termsFacts(plan))),
    planTemplates: organization.templates.map(templateFacts),
    planGroups: organization.groups.map((group) =>
      story.planGroup(group.id, group.plans, { currency: group.currency, ...termsFacts(group) }),
    ),
    pricings: organization.prices.map((price, i) => pricingFacts(organization, price, i)),
    aggregations: organization.metrics.map(metricFacts),
    compoundAggregations: [],
    customFields: { defaults: {}, own: new Map() },
    counters: organization.counters.map(({ id, unit }) => ({ id, name: id, unit })),
    counterPricings: organization.counterPrices.map(counterFacts),
    counterAdjustments: organization.adjustments.filter(isMine).map((one, i) => ({
      id: `adjustment ${i}`,
      accountId: one.account,
      counterId: one.counter,
      date: one.date,
      value: one.value,
    })),
    ...creditFacts(organization, ids),
    bills: [],
    target: targetFacts(organization, step),
  };
}

function configFacts(organization: plain.Organization): BillFacts['organization'] {
  return story.organization({
    timezone: organization.zone,
    dayEpoch: organization.epochs.DAILY,
    weekEpoch: organization.epochs.WEEKLY,
    monthEpoch: organization.epochs.MONTHLY,
    yearEpoch: organization.epochs.ANNUALLY,
    currency: organization.currency,
    currencyConversions: organization.rates.map(({ from, to, by }) => ({ from, to, multiplier: by })),
    standingChargeBillInAdvance: organization.advance.standing,
    minimumSpendBillInAdvance: organization.advance.minimum,
    commitmentFeeBillInAdvance: organization.advance.fee,
    consolidateBills: organization.consolidate,
    creditApplicationOrder: organization.order as BillFacts['organization']['creditApplicationOrder'],
    allowNegativeBalances: organization.overdraft,
  });
}

function accountFacts(account: plain.Account): BillFacts['accounts'][number] {
  return story.account(account.id, {
    parentAccountId: account.parent,
    billEpoch: account.epoch,
    currency: account.currency,
    creditApplicationOrder: account.order as BillFacts['accounts'][number]['creditApplicationOrder'],
  });
}

function contractFacts(contract: plain.Contract): BillFacts['contracts'][number] {
  const { key, exclusive } = contract;
  return story.contract(contract.id, {
    startDate: contract.from,
    endDate: contract.to,
    applyContractPeriodLimits: contract.limits,
    billGroupingKey: key === null ? null : { id: key, exclusive },
  });
}

function attachmentFacts(row: plain.Attachment): BillFacts['accountPlans'][number] {
  return story.accountPlan(row.id, {
    accountId: row.account,
    planId: row.plan,
    planGroupId: row.group,
    startDate: row.from,
    endDate: row.to,
    billEpoch: row.epoch,
    contractId: row.contract,
    childBillingMode: row.mode,
  });
}

function termsFacts(terms: plain.Terms) {
  return {
    standingCharge: terms.standing,
    standingChargeBillInAdvance: terms.standingAdvance,
    minimumSpend: terms.minimum,
    minimumSpendBillInAdvance: terms.minimumAdvance,
  };
}

function templateFacts(template: plain.Template): BillFacts['planTemplates'][number] {
  return story.template(template.id, {
    ...termsFacts(template),
    standingCharge: template.standing ?? decimal(0),
    productId: template.product,
    currency: template.currency,
    billFrequency: template.every,
    billFrequencyInterval: template.interval,
    standingChargeInterval: template.standingInterval,
    standingChargeOffset: template.standingOffset,
  });
}

function bandFacts(id: string, bands: readonly plain.Band[]): PricingFacts['pricingBands'] {
  return bands.map((band, i) => ({
    id: `${id} ${i}`,
    lowerLimit: band.lower,
    fixedPrice: band.fixed,
    unitPrice: band.unit,
  }));
}

function pricingFacts(organization: plain.Organization, price: plain.Price, place: number): PricingFacts {
  const { fields } = the(organization.metrics, price.metric);
  return story.pricing(price.id, {
    dtCreated: createdAt(place),
    planId: price.plan,
    planTemplateId: price.template,
    aggregationId: price.metric,
    segment: price.segment === null ? null : segmentMap(fields, price.segment),
    type: price.type as PricingFacts['type'],
    startDate: price.from,
    endDate: price.to,
    cumulative: price.tiered,
    tiersSpanPlan: price.span,
    pricingBands: bandFacts(price.id, price.bands),
    overagePricingBands: bandFacts(`${price.id} over`, price.overage),
    minimumSpend: price.minimum,
    minimumSpendBillInAdvance: price.minimumAdvance,
  });
}

/** Field codes and the values of a segment, side by side. */
export function segmentMap(fields: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(fields.map((field, i) => [field, values[i] ?? '*']));
}

function metricFacts(metric: plain.Metric): BillFacts['aggregations'][number] {
  const { definition } = story.aggregation(metric.id);
  return story.aggregation(metric.id, {
    definition: {
      ...definition,
      method: metric.method as typeof definition.method,
      segmentedFields: metric.fields,
      segments: metric.segments.map((segment) => segmentMap(metric.fields, segment)),
    },
    quantityPerUnit: metric.per,
    rounding: metric.rounding as BillFacts['aggregations'][number]['rounding'],
    unit: metric.unit,
    defaultValue: metric.default,
  });
}

function counterFacts(price: plain.CounterPrice, place: number): BillFacts['counterPricings'][number] {
  const fields = {
    dtCreated: createdAt(place),
    planId: price.plan,
    planTemplateId: price.template,
    counterId: price.counter,
    startDate: price.from,
    endDate: price.to,
    cumulative: price.tiered,
    pricingBands: bandFacts(price.id, price.bands),
    runningTotalBillInAdvance: price.advance,
    proRateRunningTotal: price.prorateTotal,
    proRateAdjustmentDebit: price.prorateDebit,
    proRateAdjustmentCredit: price.prorateCredit,
  };
  return story.counterPricing(price.id, fields, []);
}

function targetFacts(organization: plain.Organization, { date, frequency }: Step): CreateTarget {
  return story.createTarget({
    now: midnight(date.add({ days: 1 }), organization.zone),
    lastDateInBillingPeriod: date.subtract({ days: 1 }),
    billingFrequency: frequency as CreateTarget['billingFrequency'],
  });
}
