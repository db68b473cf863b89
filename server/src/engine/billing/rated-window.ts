// Spec 30 §6.3, §7, §8, §16.5: one rating window with its quantity, its amount and whose usage it is.
import { type Decimal, maxOf, sumOf, ZERO } from '../../kernel/decimal.ts';
import type { ClosedSpan, DateSpan } from '../calendar/local-dates.ts';
import type { UsageQuery } from '../metering/usage-query.ts';
import { type Rating, rateUnits } from '../pricing/bands.ts';
import { rateSpanning } from '../pricing/span-tiers.ts';
import { billedUnits } from '../pricing/units.ts';
import type { AttachedPlan } from './attached-plan.ts';
import type { BillFailure } from './bill.ts';
import type { Calculation } from './calculation.ts';
import type { DueMember } from './due-member.ts';
import { earlierServices, type ServicePeriod } from './earlier-services.ts';
import type { AccountFacts } from './facts.ts';
import { isBillFailure } from './line-amount.ts';
import { type Metric, metricOf } from './metric.ts';
import {
  type MetricQuestions,
  metricQuestions,
  metricValue,
  ownValue,
  type Valuing,
} from './metric-value.ts';
import { type Pool, poolIn, poolOf } from './pool.ts';
import { type OwnedPricing, type PricedWindow, type PricingSlot, pricedWindows } from './pricing-slot.ts';
import type { Question } from './question.ts';
import { receivedBefore } from './scheduled-slots.ts';

/** A share of a window: an account and its own quantity in it, which is not below 0. */
export type UsageShare = { readonly account: AccountFacts; readonly weight: Decimal };

/** A window with a value. `rating` is in the plan's currency and not rounded. */
export type RatedWindow = {
  readonly attached: AttachedPlan;
  readonly pricing: OwnedPricing;
  readonly metric: Metric;
  readonly span: ClosedSpan;
  /** The questions behind the quantity; none for a calculation that reads no measurements. */
  readonly questions: readonly Question[];
  readonly quantity: Decimal;
  readonly units: Decimal;
  /** Units of earlier windows when tiers span the plan, else null. */
  readonly earlierUnits: Decimal | null;
  readonly rating: Rating;
  /** At least one; several where a pooled block is shown per account, in the order of their lines. */
  readonly shares: readonly UsageShare[];
};

/** The windows that have a value, and the queries that are still open; or why there is no value. */
export type Rated = {
  readonly windows: readonly RatedWindow[];
  readonly needs: readonly UsageQuery[];
  readonly failure: BillFailure | null;
};

type Windowing = {
  readonly calculation: Calculation;
  readonly member: DueMember;
  readonly slot: PricingSlot;
};

/** Rates one slot of a due member in its closing period. */
export function ratedSlot(windowing: Windowing): Rated {
  const { calculation, member, slot } = windowing;
  const asked: WindowQuestions[] = [];
  for (const window of windowsIn(slot, member.closing === null ? [] : [member.closing])) {
    asked.push(windowQuestions(windowing, window));
  }
  const needs = asked.flatMap(queriesOf).filter((query) => !calculation.answers.has(query.key));
  if (needs.length > 0) return { windows: [], needs, failure: null };
  const windows: RatedWindow[] = [];
  for (const questions of asked) {
    const rated = ratedWindow(windowing, questions);
    if (rated === null) continue;
    if (isBillFailure(rated)) return { windows: [], needs: [], failure: rated };
    windows.push(rated);
  }
  return { windows, needs: [], failure: null };
}

/** A window and the billing period that it lies in. */
type PeriodWindow = PricedWindow & { readonly period: DateSpan };

function windowsIn(slot: PricingSlot, periods: readonly ServicePeriod[]): readonly PeriodWindow[] {
  return periods.flatMap((period) =>
    pricedWindows(slot, period.service).map((window) => ({ period, ...window })),
  );
}

type WindowQuestions = {
  readonly window: PeriodWindow;
  readonly pooled: MetricQuestions;
  /** Only where the block is shown per account. */
  readonly perAccount: readonly { readonly account: AccountFacts; readonly questions: MetricQuestions }[];
  /** With tiers that span the plan: all windows of the slot before this one. */
  readonly earlier: readonly { readonly window: PeriodWindow; readonly questions: MetricQuestions }[];
};

function windowQuestions(windowing: Windowing, window: PeriodWindow): WindowQuestions {
  const { calculation, member, slot } = windowing;
  const pool = poolIn(calculation, member.attached, window.span);
  const { accounts } = pool;
  const isShared = accounts.length > 1 && member.attached.accountPlan.childBillingMode !== 'PARENT_SUMMARY';
  const before = window.pricing.tiersSpanPlan
    ? windowsIn(slot, earlierServices(calculation, member, window.span.start))
    : [];
  return {
    window,
    pooled: questionsFor(windowing, window, pool),
    perAccount: (isShared ? accounts : []).map((account) => ({
      account,
      questions: questionsFor(windowing, window, poolOf(pool, account)),
    })),
    earlier: before.map((earlier) => ({
      window: earlier,
      questions: questionsFor(windowing, earlier, poolIn(calculation, member.attached, earlier.span)),
    })),
  };
}

function questionsFor(
  { calculation, member }: Windowing,
  { pricing, span }: PricedWindow,
  pool: Pool,
): MetricQuestions {
  return metricQuestions(metricOf(calculation.index, pricing), {
    segment: pricing.segment,
    pool,
    span,
    filters: member.attached.contract?.usageFilters ?? [],
    receivedBefore: receivedBefore(calculation, member.attached),
  });
}

function queriesOf({ pooled, perAccount, earlier }: WindowQuestions): readonly UsageQuery[] {
  return [pooled, ...[...perAccount, ...earlier].map(({ questions }) => questions)].flatMap(({ inputs }) =>
    inputs.map(({ question }) => question.query),
  );
}

/**
 * Null when the metric has no value, as when nothing was measured and there is no default: then there is no
 * line (spec 30 §7.1).
 */
function ratedWindow(windowing: Windowing, asked: WindowQuestions): RatedWindow | null | BillFailure {
  const { attached } = windowing.member;
  const { pricing, span } = asked.window;
  const { metric, inputs } = asked.pooled;
  const quantity = metricValue(valuingOf(windowing, asked.window), asked.pooled);
  if (quantity === null || isBillFailure(quantity)) return quantity;
  const units = billedUnits(quantity, metric.row);
  const earlier = earlierUnitsOf(windowing, asked);
  if ('kind' in earlier) return earlier;
  return {
    attached,
    pricing,
    metric,
    span,
    questions: inputs.map(({ question }) => question),
    quantity,
    units,
    earlierUnits: pricing.tiersSpanPlan ? sumOf(earlier) : null,
    rating: ratingOf(pricing, units, earlier),
    shares: sharesOf(windowing, asked),
  };
}

function valuingOf({ calculation, member }: Windowing, { period }: PeriodWindow): Valuing {
  return { calculation, attached: member.attached, period };
}

/** The units of each earlier window that has a value. */
function earlierUnitsOf(
  windowing: Windowing,
  { earlier, pooled }: WindowQuestions,
): readonly Decimal[] | BillFailure {
  const units: Decimal[] = [];
  for (const { window, questions } of earlier) {
    const value = metricValue(valuingOf(windowing, window), questions);
    if (value === null) continue;
    if (isBillFailure(value)) return value;
    units.push(billedUnits(value, pooled.metric.row));
  }
  return units;
}

function ratingOf(pricing: OwnedPricing, units: Decimal, earlier: readonly Decimal[]): Rating {
  const { pricingBands, cumulative, tiersSpanPlan } = pricing;
  if (!tiersSpanPlan) return rateUnits(pricingBands, cumulative, units);
  return rateSpanning(pricingBands, cumulative, {
    prior: sumOf(earlier),
    hasPrior: earlier.length > 0,
    units,
  });
}

/**
 * The accounts that have usage, or the attachment's own account for the whole when none can be told apart.
 */
function sharesOf(windowing: Windowing, { window, perAccount }: WindowQuestions): readonly UsageShare[] {
  const valuing = valuingOf(windowing, window);
  const shares = perAccount
    .map(({ account, questions }) => ({ account, value: ownValue(valuing, questions) }))
    .filter((share) => share.value !== null)
    .map(({ account, value }) => ({ account, weight: maxOf(value ?? ZERO, ZERO) }));
  const isSplit = shares.some((share) => share.weight.gt(0));
  return isSplit ? shares : [{ account: windowing.member.attached.account, weight: ZERO }];
}
