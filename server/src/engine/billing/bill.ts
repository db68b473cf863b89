// Spec 40 §4.1, §4.2, §5.2: what the calculation answers: bills, their lines, and why a bill failed.
import type { Decimal } from '../../kernel/decimal.ts';
import type { Instant, PlainDate } from '../../kernel/time.ts';
import type { BillFrequency } from '../calendar/cycle.ts';
import type { EpochTable } from '../calendar/epoch.ts';
import type { DateSpan } from '../calendar/local-dates.ts';
import type { LookupNeed } from '../expression/lookups.ts';
import type { Segment, UsageQuery } from '../metering/usage-query.ts';
import type { Conversion, NoConversionRate } from '../money/conversion.ts';
import type { RoundingFailure } from '../money/rounding.ts';
import type { BandUsage } from '../pricing/band-usage.ts';
import type { DraftDraw, DrawPhase } from './credit-draw.ts';

/**
 * What makes a bill the same bill when it is calculated again (spec 40 §4.2). `groupKey` is `default`,
 * `key:<bill grouping key id>` or `contract:<contract id>` (exclusive key); `frequencyKey` is `CONSOLIDATED`,
 * `AD_HOC` or frequency and interval such as `MONTHLY/1`.
 */
export type BillIdentity = {
  readonly accountId: string;
  readonly gridDate: PlainDate;
  readonly groupKey: string;
  readonly frequencyKey: string;
};

/** A bill that the target asks for. One that is kept, such as a locked one, is skipped (spec 40 §8.5). */
export type DueBill = {
  readonly identity: BillIdentity;
  readonly existingBillId: string | null;
  readonly kept: boolean;
};

/** What a job wrote on a bill; recalculations keep it, a later create job replaces it (spec 40 §7.5). */
export type BillStamp = EpochTable & {
  /** The zone of the bill's days, as a Temporal zone id. */
  readonly timezone: string;
  readonly targetCurrency: string | null;
  readonly currencyConversions: readonly Conversion[];
  readonly billDate: PlainDate | null;
  readonly dueDate: PlainDate | null;
  readonly externalInvoiceDate: PlainDate | null;
};

/**
 * One attached plan's part in a bill: the period that the bill closes, `[start, end)` in local dates (null
 * on a bill that only opens the plan's first period), the charges that were set to in advance then, and the
 * end of the period that they were for (null when the bill opens none), and the charges that were set to in
 * arrears for the closing period, other than those of 0. Bills from before the last two were stored lack
 * them. Stored with the bill; later calculations need it to charge each day once (spec 40 §3.4, §5.3).
 */
export type BilledPeriod = {
  readonly accountPlanId: string;
  readonly planId: string;
  readonly period: DateSpan | null;
  readonly advanceChargeKeys: readonly string[];
  readonly openedUntil?: PlainDate | null;
  readonly arrearsChargeKeys?: readonly string[];
};

export type LineItemType =
  | 'USAGE'
  | 'USAGE_CREDIT'
  | 'COUNTER_RUNNING_TOTAL_CHARGE'
  | 'COUNTER_ADJUSTMENT_DEBIT'
  | 'COUNTER_ADJUSTMENT_CREDIT'
  | 'STANDING_CHARGE'
  | 'MINIMUM_SPEND'
  | 'MINIMUM_SPEND_REFUND'
  | 'AD_HOC'
  | 'BALANCE_FEE'
  | 'COMMITMENT_FEE'
  | 'COMMITMENT_CONSUMED'
  | 'BALANCE_CONSUMED'
  | 'OVERAGE_USAGE'
  | 'OVERAGE_SURCHARGE'
  | 'CREDIT_MEMO'
  | 'DEBIT_MEMO';

/** Units and amount in one band (spec 30 §7.6), at most 12 decimals, not rounded to the currency. */
export type PricingBandUsage = BandUsage & { readonly convertedBandSubtotal: Decimal };

/**
 * A line of a bill with every field of spec 40 §5.2; null = the line does not have the field. `subtotal` is
 * in `currency` (that of the price list), `convertedSubtotal` in the bill's currency. `key` is unique on the
 * bill and the same each time the bill is calculated. `sequenceNumber` starts at 1.
 */
export type BillLine = {
  readonly key: string;
  readonly sequenceNumber: number;
  readonly lineItemType: LineItemType;
  readonly description: string;
  readonly quantity: Decimal;
  readonly units: Decimal;
  readonly unit: string;
  readonly averageUnitPrice: Decimal;
  readonly subtotal: Decimal;
  readonly currency: string;
  readonly conversionRate: Decimal;
  readonly convertedSubtotal: Decimal;
  readonly usagePerPricingBand: readonly PricingBandUsage[] | null;
  readonly servicePeriodStartDate: Instant;
  readonly servicePeriodEndDate: Instant;
  readonly segment: Segment | null;
  readonly aggregationId: string | null;
  readonly compoundAggregationId: string | null;
  readonly meterId: string | null;
  readonly counterId: string | null;
  readonly pricingId: string | null;
  readonly planId: string | null;
  readonly planGroupId: string | null;
  readonly productId: string | null;
  readonly productName: string | null;
  readonly productCode: string | null;
  readonly accountingProductId: string | null;
  readonly accountingProductName: string | null;
  readonly accountingProductCode: string | null;
  readonly commitmentId: string | null;
  readonly balanceId: string | null;
  readonly chargeId: string | null;
  readonly contractId: string | null;
  readonly childAccountId: string | null;
  readonly childAccountCode: string | null;
  readonly referencedBillId: string | null;
  readonly referencedLineItemId: string | null;
  readonly reasonId: string | null;
  readonly reason: LineReason;
};

export type LineTiming = 'ARREARS' | 'ADVANCE';

/**
 * Why a line is on the bill and how its amount came about, as far as the line's own fields do not say so.
 */
export type LineReason = {
  /** The specification rule that made the line, for example `30 §7`. */
  readonly rule: string;
  /** Names what is charged, the same on all bills: each service time of one charge key is charged once. */
  readonly chargeKey: string;
  readonly timing: LineTiming;
  readonly accountPlanId: string | null;
  /**
   * The account that the usage or the attachment belongs to (the child's own id also where lines are
   * merged).
   */
  readonly accountId: string;
  /** The measurements behind the quantity; empty for every line that is not usage. */
  readonly usage: readonly LineUsage[];
  /** Units rated in earlier windows, with tiersSpanPlan; null when tiers do not span. */
  readonly earlierUnits: Decimal | null;
  /** The proration factor as `numerator/denominator` text; null for amounts that are not prorated. */
  readonly proration: string | null;
  /** In the line's currency, before rounding, caps and splits. */
  readonly exactAmount: Decimal;
  /** What an overage line would cost at normal prices, in its currency; null on every other line. */
  readonly normalSubtotal: Decimal | null;
  /** A minimum spend refund names the key of the in-advance line that it gives back. */
  readonly refundedLineKey: string | null;
  /** The children's lines behind a line of a PARENT_SUMMARY bill; empty for every other line. */
  readonly mergedFrom: readonly BilledLine[];
  /** What a consumed line paid of which lines; empty for every other line. */
  readonly drawn: readonly DrawnPart[];
  /** Figures that only this kind of line has, in its currency or in counter units. */
  readonly figures?: LineFigures;
};

/**
 * `charge`: a fixed charge of a whole period. `minimum`, `spend`: a minimum spend of the period and what met
 * it. `billed`: what a refund gives back of at most. `before`, `after`: a counter's values around its
 * adjustment. `uncapped`, `limit`: what a credit would have been, and what the lines that it applies to come
 * to, in the bill's currency.
 */
export type LineFigures = {
  readonly charge?: Decimal;
  readonly minimum?: Decimal;
  readonly spend?: Decimal;
  readonly billed?: Decimal;
  readonly before?: Decimal;
  readonly after?: Decimal;
  readonly uncapped?: Decimal;
  readonly limit?: Decimal;
};

/**
 * Measurements of one aggregation that a line charges for: those of all the accounts together, in
 * `[start, end)`, that the filters let through and that fall in the segment. A null segment of a segmented
 * aggregation means any of its segments.
 */
export type LineUsage = Pick<
  UsageQuery,
  'accountIds' | 'start' | 'end' | 'filters' | 'receivedBefore' | 'absences'
> & {
  readonly aggregationId: string;
  readonly segment: Segment | null;
};

/** What was drawn for one line, in the credit's currency and converted into the bill's. */
export type DrawnPart = {
  readonly lineKey: string;
  readonly phase: DrawPhase;
  readonly amount: Decimal;
  readonly convertedAmount: Decimal;
};

/** The part of a stored line that later calculations look at. Every BillLine is one. */
export type BilledLine = Pick<
  BillLine,
  | 'key'
  | 'lineItemType'
  | 'subtotal'
  | 'currency'
  | 'planId'
  | 'planGroupId'
  | 'pricingId'
  | 'servicePeriodStartDate'
  | 'servicePeriodEndDate'
> & {
  readonly reason: Pick<
    LineReason,
    | 'chargeKey'
    | 'timing'
    | 'accountPlanId'
    | 'accountId'
    | 'normalSubtotal'
    | 'refundedLineKey'
    | 'mergedFrom'
  >;
};

/** One calculated bill. Dates are local dates of `timezone`; `endDate` is exclusive (spec 40 §4.1). */
export type DraftBill = {
  readonly identity: BillIdentity;
  readonly existingBillId: string | null;
  readonly startDate: PlainDate;
  readonly endDate: PlainDate;
  readonly startDateTimeUTC: Instant;
  readonly endDateTimeUTC: Instant;
  readonly billDate: PlainDate;
  readonly dueDate: PlainDate;
  readonly externalInvoiceDate: PlainDate;
  readonly billingFrequency: BillFrequency;
  /** Null for AD_HOC and MIXED. */
  readonly billFrequencyInterval: number | null;
  readonly timezone: string;
  readonly currency: string;
  /** The rates that lines of this bill used, without the trivial ones. */
  readonly currencyConversions: readonly Conversion[];
  readonly purchaseOrderNumber: string | null;
  readonly billTotal: Decimal;
  readonly lines: readonly BillLine[];
  /** What the bill takes from credits; it replaces whatever an existing bill took. */
  readonly draws: readonly DraftDraw[];
  /** No line at all: a new bill is not created when `suppressedEmptyBills` is on (spec 40 §4.6). */
  readonly isEmpty: boolean;
  /** To be stored with the bill and given back in `ExistingBillFacts`. */
  readonly stamp: BillStamp;
  readonly periods: readonly BilledPeriod[];
};

/** Why bills cannot be calculated (spec 40 §14); `entity` says what needed the amount, for the alert. */
export type BillFailure = (NoConversionRate | RoundingFailure | CalculationFailure) & {
  readonly entity: string;
  /** The account whose bill alone cannot be made; null = no bill of the unit with that date can. */
  readonly billAccountId: string | null;
};

/**
 * The calculation of a compound aggregation, or the query of a simple one, the `entity`, gives no number
 * (spec 20 §11.6, §12.2).
 */
export type CalculationFailure = {
  readonly kind: 'CalculationFailed';
  readonly reason: string;
  readonly of?: 'SIMPLE' | 'COMPOUND';
};

/** Bills that could not be calculated for one cause; existing ones stay as they are. */
export type FailedBills = { readonly identities: readonly BillIdentity[]; readonly failure: BillFailure };

/**
 * Either questions (call again with the answers and the rows of lookup tables added), or the bills of every
 * due identity that is not locked, and apart from them those that failed: a failure never stops the unit's
 * other bills (spec 40 §14).
 */
export type BillsCalculation =
  | {
      readonly kind: 'needs';
      readonly queries: readonly UsageQuery[];
      readonly lookups: readonly LookupNeed[];
    }
  | { readonly kind: 'bills'; readonly bills: readonly DraftBill[]; readonly failed: readonly FailedBills[] };
