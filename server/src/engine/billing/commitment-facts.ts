// Spec 50 §4.1: a commitment and what bills have made of it so far, loaded by the shell.
import type { Decimal } from '../../kernel/decimal.ts';
import type { Instant, PlainDate } from '../../kernel/time.ts';
import type { BillFrequency } from '../calendar/cycle.ts';
import type { ClosedSpan } from '../calendar/local-dates.ts';
import type { BilledDraw, ChildBillingMode } from './facts.ts';

/**
 * A commitment (prepayment), `[startDate, endDate)` in dates of the organization's zone. `draws` and `fees`
 * are those of all bills, the bills being calculated included; amounts are in `currency`.
 */
export type CommitmentFacts = {
  readonly id: string;
  readonly dtCreated: Instant;
  readonly accountId: string;
  readonly amount: Decimal;
  readonly currency: string;
  readonly startDate: PlainDate;
  readonly endDate: PlainDate;
  readonly amountPrePaid: Decimal;
  readonly amountFirstBill: Decimal | null;
  readonly billingPlanId: string | null;
  /** How often the billing plan bills; null without one. */
  readonly billFrequency: BillFrequency | null;
  readonly billFrequencyInterval: number | null;
  readonly billingInterval: number;
  readonly billingOffset: number;
  readonly billEpoch: PlainDate | null;
  readonly commitmentFeeBillInAdvance: boolean | null;
  readonly feeDates: readonly FeeDateFacts[];
  /** Empty = all products. */
  readonly productIds: readonly string[];
  /** Empty = every type that a commitment can pay for. */
  readonly lineItemTypes: readonly string[];
  readonly overageSurchargePercent: Decimal | null;
  readonly separateOverageUsage: boolean;
  readonly commitmentFeeDescription: string | null;
  readonly commitmentUsageDescription: string | null;
  readonly overageDescription: string | null;
  readonly accountingProductId: string | null;
  readonly feesAccountingProductId: string | null;
  readonly drawdownsAccountingProductId: string | null;
  readonly contractId: string | null;
  readonly childBillingMode: ChildBillingMode;
  readonly draws: readonly BilledDraw[];
  readonly fees: readonly BilledFee[];
};

/** An agreed fee, billed on `date`. */
export type FeeDateFacts = {
  readonly date: PlainDate;
  readonly amount: Decimal;
  readonly servicePeriodStartDate: Instant;
  readonly servicePeriodEndDate: Instant;
};

/**
 * A fee line of a bill; `key` says which fee it is. Facts that were kept before the line's service period was
 * one of them have none.
 */
export type BilledFee = {
  readonly billId: string;
  readonly key: string;
  readonly amount: Decimal;
  readonly service?: ClosedSpan;
};
