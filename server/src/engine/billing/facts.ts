// Spec 40 §5.4 step 1, §8.5: everything that bills of one account unit are calculated from, loaded by the
// shell.
import type { Decimal } from '../../kernel/decimal.ts';
import type { Instant, PlainDate } from '../../kernel/time.ts';
import type { BillingSchedule } from '../calendar/billing-schedule.ts';
import type { BillFrequency } from '../calendar/cycle.ts';
import type { EpochTable } from '../calendar/epoch.ts';
import type { CustomFieldLevels, CustomFieldValues } from '../expression/custom-field.ts';
import type { LookupRows, LookupSchema } from '../expression/lookups.ts';
import type { CompoundDefinition } from '../metering/compound-value.ts';
import type { AggregationDefinition, Segment, UsageFilter } from '../metering/usage-query.ts';
import type { Conversion } from '../money/conversion.ts';
import type { CurrencyRule } from '../money/rounding.ts';
import type { PricingBand } from '../pricing/bands.ts';
import type { UnitRounding } from '../pricing/units.ts';
import type { BilledLine, BilledPeriod, BillIdentity, BillLine, BillStamp } from './bill.ts';
import type { CommitmentFacts } from './commitment-facts.ts';
import type { DrawPhase } from './credit-draw.ts';

export type ChildBillingMode = 'PARENT_BREAKDOWN' | 'PARENT_SUMMARY' | 'CHILD';

/**
 * The facts of one account unit: a parent account with all its children, or a single account (spec 40 §6.1).
 * Rows may come in any order. Amounts are Decimals, instants are UTC, dates are local dates without a zone.
 * A field that a row does not have is null. Rows that nothing in the unit refers to do no harm.
 */
export type BillFacts = {
  readonly organization: OrganizationFacts;
  readonly currencies: readonly CurrencyRule[];
  /** Products of the plans, and every product that an `accountingProductId` names. */
  readonly products: readonly ProductFacts[];
  readonly accounts: readonly AccountFacts[];
  readonly contracts: readonly ContractFacts[];
  /** Attachments of all accounts of the unit, past, present and future. */
  readonly accountPlans: readonly AccountPlanFacts[];
  /** Plans of the attachments and of the attached groups' members. */
  readonly plans: readonly PlanFacts[];
  readonly planTemplates: readonly PlanTemplateFacts[];
  readonly planGroups: readonly PlanGroupFacts[];
  /** Pricings of those plans and of their templates, whatever their dates. */
  readonly pricings: readonly PricingFacts[];
  /** Those that are priced, and those that the priced compound ones name. */
  readonly aggregations: readonly AggregationFacts[];
  readonly compoundAggregations: readonly CompoundAggregationFacts[];
  readonly customFields: CustomFieldFacts;
  /**
   * Lookup tables that the priced compound aggregations name, by code: the PUBLISHED revision, or null when
   * there is none. Left out when they name no table.
   */
  readonly lookupTables?: ReadonlyMap<string, LookupRevisionFacts | null>;
  /** The rows of those tables that the calculation has asked for so far, by table code. */
  readonly lookupRows?: ReadonlyMap<string, LookupRows>;
  readonly counters: readonly CounterFacts[];
  readonly counterPricings: readonly CounterPricingFacts[];
  /** Adjustments of the unit's accounts, whatever their dates. */
  readonly counterAdjustments: readonly CounterAdjustmentFacts[];
  /** Commitments of the unit's accounts, whatever their dates. */
  readonly commitments: readonly CommitmentFacts[];
  /** Balances of the unit's accounts, whatever their dates. */
  readonly balances: readonly BalanceFacts[];
  /** One-off charges of the unit's accounts that are on no bill, or on one that is not locked. */
  readonly charges: readonly ChargeFacts[];
  /** All existing bills of the unit's accounts. */
  readonly bills: readonly ExistingBillFacts[];
  /**
   * Bills outside of the unit that charge for its attachments or have fees of its commitments, from when one
   * of its accounts had another parent: they stay as they are and say what is charged already. Left out when
   * there are none.
   */
  readonly formerBills?: readonly ExistingBillFacts[];
  readonly target: BillTarget;
};

/**
 * The billing part of OrganizationConfig (spec 40 §2.1); `timezone` is a Temporal zone id (`zoneFromText`).
 */
export type OrganizationFacts = {
  readonly timezone: string;
  readonly dayEpoch: PlainDate;
  readonly weekEpoch: PlainDate;
  readonly monthEpoch: PlainDate;
  readonly yearEpoch: PlainDate;
  readonly currency: string;
  readonly currencyConversions: readonly Conversion[];
  readonly daysBeforeBillDue: number;
  readonly standingChargeBillInAdvance: boolean;
  readonly minimumSpendBillInAdvance: boolean;
  readonly commitmentFeeBillInAdvance: boolean;
  readonly consolidateBills: boolean;
  readonly externalInvoiceDate: 'FIRST_DAY_OF_NEXT_PERIOD' | 'LAST_DAY_OF_ARREARS';
  readonly creditApplicationOrder: readonly CreditSource[];
  /** What holds for balances that do not say whether they may go below 0. */
  readonly allowNegativeBalances: boolean;
};

/** What pays for charges before the customer does: commitments or balances (spec 50 §6.4). */
export type CreditSource = 'PREPAYMENT' | 'BALANCE';

export type ProductFacts = { readonly id: string; readonly name: string; readonly code: string };

/** One account; exactly one of a unit has no `parentAccountId`. */
export type AccountFacts = {
  readonly id: string;
  readonly code: string;
  readonly parentAccountId: string | null;
  readonly billEpoch: PlainDate | null;
  readonly currency: string | null;
  readonly daysBeforeBillDue: number | null;
  readonly purchaseOrderNumber: string | null;
  readonly creditApplicationOrder: readonly CreditSource[] | null;
};

/** A contract, `[startDate, endDate)` in local dates. */
export type ContractFacts = {
  readonly id: string;
  readonly startDate: PlainDate;
  readonly endDate: PlainDate;
  readonly purchaseOrderNumber: string | null;
  readonly applyContractPeriodLimits: boolean;
  readonly billGroupingKey: { readonly id: string; readonly exclusive: boolean } | null;
  readonly usageFilters: readonly UsageFilter[];
};

/** An AccountPlan (`planId`) or AccountPlanGroup (`planGroupId`): exactly one of the two is set. */
export type AccountPlanFacts = {
  readonly id: string;
  readonly accountId: string;
  readonly planId: string | null;
  readonly planGroupId: string | null;
  readonly startDate: Instant;
  readonly endDate: Instant | null;
  readonly billEpoch: PlainDate | null;
  readonly contractId: string | null;
  readonly childBillingMode: ChildBillingMode;
};

/** A plan's own stored values; null inherits (spec 30 §3.1). */
export type PlanFacts = {
  readonly id: string;
  readonly code: string;
  readonly planTemplateId: string;
  readonly standingCharge: Decimal | null;
  readonly standingChargeDescription: string | null;
  readonly standingChargeBillInAdvance: boolean | null;
  readonly standingChargeAccountingProductId: string | null;
  readonly minimumSpend: Decimal | null;
  readonly minimumSpendDescription: string | null;
  readonly minimumSpendBillInAdvance: boolean | null;
  readonly minimumSpendAccountingProductId: string | null;
};

export type PlanTemplateFacts = {
  readonly id: string;
  readonly productId: string;
  readonly currency: string;
  readonly billFrequency: BillFrequency;
  readonly billFrequencyInterval: number;
  readonly standingCharge: Decimal;
  readonly standingChargeDescription: string | null;
  readonly standingChargeInterval: number;
  readonly standingChargeOffset: number;
  readonly standingChargeBillInAdvance: boolean | null;
  readonly minimumSpend: Decimal | null;
  readonly minimumSpendDescription: string | null;
  readonly minimumSpendBillInAdvance: boolean | null;
};

/** A plan group; `planIds` are its members now, which stand for the whole period (spec 30 §4). */
export type PlanGroupFacts = {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  readonly planIds: readonly string[];
  readonly standingCharge: Decimal | null;
  readonly standingChargeDescription: string | null;
  readonly standingChargeBillInAdvance: boolean | null;
  readonly standingChargeAccountingProductId: string | null;
  readonly minimumSpend: Decimal | null;
  readonly minimumSpendDescription: string | null;
  readonly minimumSpendBillInAdvance: boolean | null;
  readonly minimumSpendAccountingProductId: string | null;
};

export type PricingType = 'DEBIT' | 'PRODUCT_CREDIT' | 'GLOBAL_CREDIT';

/**
 * A pricing of a plan or of a plan template, on an aggregation or on a compound one: of both pairs of ids
 * exactly one is set.
 */
export type PricingFacts = {
  readonly id: string;
  readonly dtCreated: Instant;
  readonly planId: string | null;
  readonly planTemplateId: string | null;
  readonly aggregationId: string | null;
  readonly compoundAggregationId: string | null;
  readonly segment: Segment | null;
  readonly type: PricingType;
  readonly startDate: Instant;
  readonly endDate: Instant | null;
  readonly cumulative: boolean;
  readonly tiersSpanPlan: boolean;
  readonly pricingBands: readonly PricingBand[];
  /** Empty = usage beyond a credit costs what it costs. */
  readonly overagePricingBands: readonly PricingBand[];
  readonly minimumSpend: Decimal;
  readonly minimumSpendDescription: string | null;
  readonly minimumSpendBillInAdvance: boolean | null;
  readonly description: string | null;
  readonly accountingProductId: string | null;
};

/** The metric of a pricing: how measurements become a quantity and a quantity becomes units (spec 20 §11). */
export type AggregationFacts = {
  readonly id: string;
  /** Its name in calculations; without one no calculation can name it. */
  readonly code: string | null;
  readonly name: string;
  readonly definition: AggregationDefinition;
  readonly quantityPerUnit: Decimal;
  readonly rounding: UnitRounding;
  readonly unit: string;
  readonly defaultValue: Decimal | null;
  readonly accountingProductId: string | null;
};

/** A metric that is calculated from values of aggregations (spec 20 §12). */
export type CompoundAggregationFacts = CompoundDefinition & {
  readonly id: string;
  readonly name: string;
  readonly quantityPerUnit: Decimal;
  readonly rounding: UnitRounding;
  readonly unit: string;
  readonly accountingProductId: string | null;
};

/**
 * Custom fields as calculations see them: of the organization by entity type, and the own ones of accounts,
 * products, plan templates, plans, account plans, contracts and compound aggregations by the id of the row.
 */
export type CustomFieldFacts = {
  readonly defaults: CustomFieldLevels['defaults'];
  readonly own: ReadonlyMap<string, CustomFieldValues>;
};

/** The id tells one revision from the next: what is PUBLISHED does not change. */
export type LookupRevisionFacts = LookupSchema & { readonly revisionId: string };

export type CounterFacts = { readonly id: string; readonly name: string; readonly unit: string };

export type CounterPricingFacts = {
  readonly id: string;
  readonly dtCreated: Instant;
  readonly planId: string | null;
  readonly planTemplateId: string | null;
  readonly counterId: string;
  readonly startDate: Instant;
  readonly endDate: Instant | null;
  readonly cumulative: boolean;
  readonly pricingBands: readonly PricingBand[];
  readonly description: string | null;
  readonly accountingProductId: string | null;
  readonly runningTotalBillInAdvance: boolean;
  readonly proRateRunningTotal: boolean;
  readonly proRateAdjustmentDebit: boolean;
  readonly proRateAdjustmentCredit: boolean;
};

/** `value` is the counter's new absolute value from `date` on. */
export type CounterAdjustmentFacts = {
  readonly id: string;
  readonly accountId: string;
  readonly counterId: string;
  readonly date: PlainDate;
  readonly value: Decimal;
};

/**
 * A balance and what is in it. `funds` is what people and schedules have put in and taken out so far; `draws`
 * is what bills have drawn, the bills being calculated included. Both are in `currency`, draws above 0.
 */
export type BalanceFacts = {
  readonly id: string;
  readonly dtCreated: Instant;
  readonly accountId: string;
  readonly name: string;
  readonly currency: string;
  readonly startDate: Instant;
  readonly endDate: Instant;
  readonly rolloverEndDate: Instant | null;
  readonly rolloverAmount: Decimal | null;
  /** Empty = all products. */
  readonly productIds: readonly string[];
  /** Empty = every type that a balance can pay for. */
  readonly lineItemTypes: readonly string[];
  readonly contractId: string | null;
  readonly balanceDrawDownDescription: string | null;
  readonly overageDescription: string | null;
  readonly overageSurchargePercent: Decimal | null;
  readonly consumptionsAccountingProductId: string | null;
  /** Null = as the organization says. */
  readonly allowOverdraft: boolean | null;
  readonly funds: Decimal;
  /** Whether anything was ever put in: only then can usage exceed the balance. */
  readonly wasFunded: boolean;
  readonly draws: readonly BilledDraw[];
};

/**
 * A one-off charge (spec 50 §8): `amount`, or `units` at `unitPrice`, in `currency`, below 0 for a credit.
 */
export type ChargeFacts = {
  readonly id: string;
  readonly accountId: string;
  readonly lineItemType: 'AD_HOC' | 'BALANCE_FEE';
  /** Its text on the bill. */
  readonly description: string;
  /** The balance that a BALANCE_FEE is for. */
  readonly balanceId: string | null;
  readonly currency: string;
  readonly amount: Decimal | null;
  readonly units: Decimal | null;
  readonly unitPrice: Decimal | null;
  readonly servicePeriodStartDate: Instant;
  readonly servicePeriodEndDate: Instant;
  readonly billDate: PlainDate;
  /** Its own, else that of the balance's fees. */
  readonly accountingProductId: string | null;
  readonly contractId: string | null;
  /** The bill that carries it. */
  readonly billId: string | null;
};

export type BilledDraw = {
  readonly billId: string;
  readonly phase: DrawPhase;
  readonly amount: Decimal;
};

/**
 * A bill that exists. `locked` means effectively locked (own flag or `billLockDate`, spec 40 §2.2). `lines`
 * are its generated lines; those whose service period ended before the periods being calculated may be left
 * out (with plans of several frequencies in one group: before the longest of them).
 */
export type ExistingBillFacts = {
  readonly id: string;
  readonly identity: BillIdentity;
  readonly locked: boolean;
  /** This run of the schedule takes it as it is: approved, and nothing new was measured (spec 40 §7.6). */
  readonly settled?: boolean;
  readonly startDate: PlainDate;
  readonly endDate: PlainDate;
  readonly billDate: PlainDate;
  readonly stamp: BillStamp;
  readonly periods: readonly BilledPeriod[];
  readonly lines: readonly BilledLine[];
  /** When it was last calculated; only runs of the schedule look at it. */
  readonly calculatedAt?: Instant;
  /** CREDIT_MEMO and DEBIT_MEMO lines as they stand; the calculation re-attaches them unchanged. */
  readonly memoLines: readonly BillLine[];
};

export type BillTarget = CreateTarget | RecalculateTarget;

/**
 * The fields of a create job or a preview (spec 40 §8.1) as sent; `now` decides the date when none is given.
 */
export type CreateTarget = EpochTable & {
  readonly kind: 'CREATE';
  readonly now: Instant;
  readonly billingFrequency: BillFrequency | null;
  readonly billFrequencyInterval: number | null;
  readonly lastDateInBillingPeriod: PlainDate | null;
  readonly billDate: PlainDate | null;
  readonly dueDate: PlainDate | null;
  readonly externalInvoiceDate: PlainDate | null;
  readonly targetCurrency: string | null;
  readonly currencyConversions: readonly Conversion[];
  /** A Temporal zone id, or null for the organization's. */
  readonly timezone: string | null;
  /** Set for a run of the organization's schedule at `now`, which names no date (spec 40 §7.6). */
  readonly schedule?: BillingSchedule;
};

/** Recalculation of bills that exist (spec 40 §7.5, §8.2); a child's bill follows its parent's. */
export type RecalculateTarget = {
  readonly kind: 'RECALCULATE';
  readonly now: Instant;
  readonly billIds: readonly string[];
  /** Whether bills of children may be named too, as when one of their charges has changed (spec 50 §8.3). */
  readonly namesChildren?: boolean;
};
