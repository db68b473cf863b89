import type {
  AccountFacts,
  AccountPlanFacts,
  AggregationFacts,
  BillFacts,
  CompoundAggregationFacts,
  ContractFacts,
  CounterPricingFacts,
  CreateTarget,
  OrganizationFacts,
  PlanFacts,
  PlanGroupFacts,
  PlanTemplateFacts,
  PricingFacts,
} from '../../src/engine/billing/facts.ts';
import type { Frequency } from '../../src/engine/calendar/cycle.ts';
import { parseExpression } from '../../src/engine/expression/parse.ts';
import { decimal } from '../../src/kernel/decimal.ts';
import { type Instant, type PlainDate, startOfDate, Temporal } from '../../src/kernel/time.ts';

/** Short hand for local dates and for instants; a date alone means its midnight in UTC. */
export function day(text: string): PlainDate {
  return Temporal.PlainDate.from(text);
}

export function at(text: string): Instant {
  return text.includes('T') ? Temporal.Instant.from(text) : startOfDate(day(text), 'UTC');
}

const NO_EPOCHS = { dayEpoch: null, weekEpoch: null, monthEpoch: null, yearEpoch: null };

export function organization(fields: Partial<OrganizationFacts> = {}): OrganizationFacts {
  return {
    timezone: 'UTC',
    dayEpoch: day('2022-01-01'),
    weekEpoch: day('2022-01-04'),
    monthEpoch: day('2022-01-01'),
    yearEpoch: day('2022-01-01'),
    currency: 'USD',
    currencyConversions: [],
    daysBeforeBillDue: 1,
    standingChargeBillInAdvance: false,
    minimumSpendBillInAdvance: false,
    commitmentFeeBillInAdvance: false,
    consolidateBills: false,
    externalInvoiceDate: 'FIRST_DAY_OF_NEXT_PERIOD',
    creditApplicationOrder: ['PREPAYMENT', 'BALANCE'],
    allowNegativeBalances: false,
    ...fields,
  };
}

export function account(id: string, fields: Partial<AccountFacts> = {}): AccountFacts {
  return {
    id,
    code: id,
    parentAccountId: null,
    billEpoch: null,
    currency: null,
    daysBeforeBillDue: null,
    purchaseOrderNumber: null,
    creditApplicationOrder: null,
    ...fields,
  };
}

export function child(id: string, parentAccountId: string): AccountFacts {
  return account(id, { parentAccountId });
}

export function contract(id: string, fields: Partial<ContractFacts> = {}): ContractFacts {
  return {
    id,
    startDate: day('2024-01-01'),
    endDate: day('2030-01-01'),
    purchaseOrderNumber: null,
    applyContractPeriodLimits: false,
    billGroupingKey: null,
    usageFilters: [],
    ...fields,
  };
}

export function template(id: string, fields: Partial<PlanTemplateFacts> = {}): PlanTemplateFacts {
  return {
    id,
    productId: 'core',
    currency: 'USD',
    billFrequency: 'MONTHLY',
    billFrequencyInterval: 1,
    standingCharge: decimal(0),
    standingChargeDescription: null,
    standingChargeInterval: 1,
    standingChargeOffset: 0,
    standingChargeBillInAdvance: null,
    minimumSpend: null,
    minimumSpendDescription: null,
    minimumSpendBillInAdvance: null,
    ...fields,
  };
}

/** A template of a frequency, such as `cycle('annual', 'ANNUALLY')`. */
export function cycle(
  id: string,
  billFrequency: Frequency,
  fields: Partial<PlanTemplateFacts> = {},
): PlanTemplateFacts {
  return template(id, { billFrequency, ...fields });
}

export function plan(id: string, planTemplateId: string, fields: Partial<PlanFacts> = {}): PlanFacts {
  return {
    id,
    code: id,
    planTemplateId,
    standingCharge: null,
    standingChargeDescription: null,
    standingChargeBillInAdvance: null,
    standingChargeAccountingProductId: null,
    minimumSpend: null,
    minimumSpendDescription: null,
    minimumSpendBillInAdvance: null,
    minimumSpendAccountingProductId: null,
    ...fields,
  };
}

export function planGroup(id: string, planIds: readonly string[], fields: Partial<PlanGroupFacts> = {}) {
  const group: PlanGroupFacts = {
    id,
    name: id,
    currency: 'USD',
    planIds,
    standingCharge: null,
    standingChargeDescription: null,
    standingChargeBillInAdvance: null,
    standingChargeAccountingProductId: null,
    minimumSpend: null,
    minimumSpendDescription: null,
    minimumSpendBillInAdvance: null,
    minimumSpendAccountingProductId: null,
    ...fields,
  };
  return group;
}

export function accountPlan(id: string, fields: Partial<AccountPlanFacts> = {}): AccountPlanFacts {
  return {
    id,
    accountId: 'acme',
    planId: fields.planGroupId ? null : 'pro',
    planGroupId: null,
    startDate: at('2024-05-01'),
    endDate: null,
    billEpoch: null,
    contractId: null,
    childBillingMode: 'PARENT_BREAKDOWN',
    ...fields,
  };
}

/** Bands as `[lowerLimit, fixedPrice, unitPrice]`. */
export type BandRow = readonly [number | string, number | string, number | string];

export function bands(id: string, rows: readonly BandRow[]): PricingFacts['pricingBands'] {
  return rows.map(([lowerLimit, fixedPrice, unitPrice], index) => ({
    id: `${id}-${index}`,
    lowerLimit: decimal(lowerLimit),
    fixedPrice: decimal(fixedPrice),
    unitPrice: decimal(unitPrice),
  }));
}

/**
 * A pricing of plan `pro` on aggregation `calls`, one band at 1 per unit, unless the fields say otherwise.
 */
export function pricing(
  id: string,
  fields: Partial<PricingFacts> = {},
  rows: readonly BandRow[] = [[0, 0, 1]],
) {
  const row: PricingFacts = {
    id,
    dtCreated: at('2024-01-01'),
    planId: fields.planTemplateId ? null : 'pro',
    planTemplateId: null,
    aggregationId: fields.compoundAggregationId ? null : 'calls',
    compoundAggregationId: null,
    segment: null,
    type: 'DEBIT',
    startDate: at('2024-01-01'),
    endDate: null,
    cumulative: true,
    tiersSpanPlan: false,
    pricingBands: bands(id, rows),
    overagePricingBands: [],
    minimumSpend: decimal(0),
    minimumSpendDescription: null,
    minimumSpendBillInAdvance: null,
    description: null,
    accountingProductId: null,
    ...fields,
  };
  return row;
}

export function aggregation(id: string, fields: Partial<AggregationFacts> = {}): AggregationFacts {
  return {
    id,
    code: id,
    name: id,
    definition: {
      id,
      meterId: 'meter',
      targetField: 'n',
      numericTarget: true,
      method: 'SUM',
      segmentedFields: [],
      segments: [],
      customSql: null,
    },
    quantityPerUnit: decimal(1),
    rounding: 'NONE',
    unit: 'call',
    defaultValue: null,
    accountingProductId: null,
    ...fields,
  };
}

/** A compound aggregation with that calculation. */
export function compound(
  id: string,
  calculation: string,
  fields: Partial<CompoundAggregationFacts> = {},
): CompoundAggregationFacts {
  const parsed = parseExpression(calculation);
  if (parsed.kind === 'error') throw new Error(parsed.message);
  return {
    id,
    name: id,
    calculation: parsed.root,
    evaluateNullAggregations: false,
    quantityPerUnit: decimal(1),
    rounding: 'NONE',
    unit: 'call',
    accountingProductId: null,
    ...fields,
  };
}

export function counterPricing(
  id: string,
  fields: Partial<CounterPricingFacts>,
  rows: readonly BandRow[],
): CounterPricingFacts {
  return {
    id,
    dtCreated: at('2024-01-01'),
    planId: 'pro',
    planTemplateId: null,
    counterId: 'seats',
    startDate: at('2024-01-01'),
    endDate: null,
    cumulative: true,
    pricingBands: bands(id, rows),
    description: null,
    accountingProductId: null,
    runningTotalBillInAdvance: true,
    proRateRunningTotal: true,
    proRateAdjustmentDebit: true,
    proRateAdjustmentCredit: true,
    ...fields,
  };
}

/** The counter `seats` of `acme` set to values from dates on. */
export function adjustments(values: Readonly<Record<string, number>>): BillFacts['counterAdjustments'] {
  return Object.entries(values).map(([date, value]) => ({
    id: `adjustment-${date}`,
    accountId: 'acme',
    counterId: 'seats',
    date: day(date),
    value: decimal(value),
  }));
}

export function createTarget(fields: Partial<CreateTarget> = {}): CreateTarget {
  return {
    kind: 'CREATE',
    now: at('2024-06-10T12:00:00Z'),
    billingFrequency: null,
    billFrequencyInterval: null,
    lastDateInBillingPeriod: null,
    billDate: null,
    dueDate: null,
    externalInvoiceDate: null,
    targetCurrency: null,
    currencyConversions: [],
    timezone: null,
    ...NO_EPOCHS,
    ...fields,
  };
}

/** A create job for the bills with this grid date. */
export function billsOf(date: string, fields: Partial<CreateTarget> = {}): CreateTarget {
  return createTarget({ lastDateInBillingPeriod: day(date).subtract({ days: 1 }), ...fields });
}

/**
 * Account `acme`, product `core` ("Core"), counter `seats` ("seat"), aggregation `calls`; the rest as given.
 */
export function facts(rows: Partial<BillFacts> = {}): BillFacts {
  return {
    organization: organization(),
    currencies: [],
    products: [{ id: 'core', name: 'Core', code: 'core' }],
    accounts: [account('acme')],
    contracts: [],
    accountPlans: [accountPlan('ap')],
    plans: [plan('pro', 'monthly')],
    planTemplates: [template('monthly')],
    planGroups: [],
    pricings: [],
    aggregations: [aggregation('calls')],
    compoundAggregations: [],
    customFields: { defaults: {}, own: new Map() },
    counters: [{ id: 'seats', name: 'Seats', unit: 'seat' }],
    counterPricings: [],
    counterAdjustments: [],
    commitments: [],
    balances: [],
    charges: [],
    bills: [],
    target: billsOf('2024-06-01'),
    ...rows,
  };
}
