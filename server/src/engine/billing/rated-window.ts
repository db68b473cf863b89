// Spec 30 §6.3, §7, §8, §16.5: one rating window with its quantity, its amount and whose usage it is.
import { type Decimal, maxOf, sumOf, ZERO } from '../../kernel/decimal.ts';
import type { ClosedSpan } from '../calendar/local-dates.ts';
import type { UsageQuery } from '../metering/usage-query.ts';
import { type Rating, rateUnits } from '../pricing/bands.ts';
import { rateSpanning } from '../pricing/span-tiers.ts';
import { billedUnits } from '../pricing/units.ts';
import type { AttachedPlan } from './attached-plan.ts';
import type { Calculation } from './calculation.ts';
import type { DueMember } from './due-member.ts';
import { earlierServices } from './earlier-services.ts';
import type { AccountFacts, AggregationFacts } from './facts.ts';
import { rowOf } from './facts-index.ts';
import { poolAt, poolChanges } from './pool.ts';
import { type OwnedPricing, type PricedWindow, type PricingSlot, pricedWindows } from './pricing-slot.ts';
import { answerTo, type Question, questionOf } from './question.ts';

/** A share of a window: an account and its own quantity in it, which is not below 0. */
export type UsageShare = { readonly account: AccountFacts; readonly weight: Decimal };

/** A window with a value. `rating` is in the plan's currency and not rounded. */
export type RatedWindow = {
  readonly attached: AttachedPlan;
  readonly pricing: OwnedPricing;
  readonly aggregation: AggregationFacts;
  readonly span: ClosedSpan;
  readonly usageQueryKey: string;
  readonly quantity: Decimal;
  readonly units: Decimal;
  /** Units of earlier windows when tiers span the plan, else null. */
  readonly earlierUnits: Decimal | null;
  readonly rating: Rating;
  /** At least one; several where a pooled block is shown per account, in the order of their lines. */
  readonly shares: readonly UsageShare[];
};

/** The windows that have a value, and the queries that are still open. */
export type Rated = { readonly windows: readonly RatedWindow[]; readonly needs: readonly UsageQuery[] };

type Windowing = {
  readonly calculation: Calculation;
  readonly member: DueMember;
  readonly slot: PricingSlot;
};

/** Rates one slot of a due member in its closing period. */
export function ratedSlot(windowing: Windowing): Rated {
  const { calculation, member } = windowing;
  const asked = windowsIn(windowing, member.closing === null ? [] : [member.closing.service]).map((window) =>
    windowQuestions(windowing, window),
  );
  const open = asked.flatMap(queriesOf).filter((query) => !calculation.answers.has(query.key));
  if (open.length > 0) return { windows: [], needs: open };
  const windows = asked.map((questions) => ratedWindow(windowing, questions));
  return { windows: windows.filter((window) => window !== null), needs: [] };
}

function windowsIn(
  { calculation, member, slot }: Windowing,
  spans: readonly ClosedSpan[],
): readonly PricedWindow[] {
  const cuts = poolChanges(calculation, member.attached);
  return spans.flatMap((span) => pricedWindows(slot, span, cuts));
}

type WindowQuestions = {
  readonly window: PricedWindow;
  readonly pooled: Question;
  /** Only where the block is shown per account. */
  readonly perAccount: readonly { readonly account: AccountFacts; readonly question: Question }[];
  /** With tiers that span the plan: all windows of the slot before this one. */
  readonly earlier: readonly { readonly window: PricedWindow; readonly question: Question }[];
};

function windowQuestions(windowing: Windowing, window: PricedWindow): WindowQuestions {
  const { calculation, member } = windowing;
  const accounts = poolAt(calculation, member.attached, window.span.start);
  const isShared = accounts.length > 1 && member.attached.accountPlan.childBillingMode !== 'PARENT_SUMMARY';
  const before = window.pricing.tiersSpanPlan
    ? windowsIn(windowing, earlierServices(calculation, member, window.span.start))
    : [];
  return {
    window,
    pooled: windowQuestion(windowing, window, accounts),
    perAccount: (isShared ? accounts : []).map((account) => ({
      account,
      question: windowQuestion(windowing, window, [account]),
    })),
    earlier: before.map((earlier) => ({
      window: earlier,
      question: windowQuestion(windowing, earlier, poolAt(calculation, member.attached, earlier.span.start)),
    })),
  };
}

function windowQuestion(
  { calculation, member }: Windowing,
  { pricing, span }: PricedWindow,
  accounts: readonly AccountFacts[],
): Question {
  return questionOf({
    aggregation: rowOf(calculation.index.aggregations, pricing.aggregationId).definition,
    segment: pricing.segment,
    accounts,
    span,
    filters: member.attached.contract?.usageFilters ?? [],
  });
}

function queriesOf({ pooled, perAccount, earlier }: WindowQuestions): readonly UsageQuery[] {
  return [pooled, ...[...perAccount, ...earlier].map(({ question }) => question)].map(({ query }) => query);
}

/**
 * Null when nothing was measured and the aggregation has no default: then there is no line (spec 30 §7.1).
 */
function ratedWindow({ calculation, member }: Windowing, asked: WindowQuestions): RatedWindow | null {
  const { pricing, span } = asked.window;
  const { answers, index } = calculation;
  const aggregation = rowOf(index.aggregations, pricing.aggregationId);
  const quantity = answerTo(answers, asked.pooled) ?? aggregation.defaultValue;
  if (quantity === null) return null;
  const units = billedUnits(quantity, aggregation);
  const rated = asked.earlier
    .map(({ question }) => answerTo(answers, question) ?? aggregation.defaultValue)
    .filter((earlier) => earlier !== null)
    .map((earlier) => billedUnits(earlier, aggregation));
  return {
    attached: member.attached,
    pricing,
    aggregation,
    span,
    usageQueryKey: asked.pooled.query.key,
    quantity,
    units,
    earlierUnits: pricing.tiersSpanPlan ? sumOf(rated) : null,
    rating: ratingOf(pricing, units, rated),
    shares: sharesOf(calculation, member.attached, asked),
  };
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
function sharesOf(
  { answers }: Calculation,
  attached: AttachedPlan,
  { perAccount }: WindowQuestions,
): readonly UsageShare[] {
  const shares = perAccount
    .map(({ account, question }) => ({ account, value: answerTo(answers, question) }))
    .filter((share) => share.value !== null)
    .map(({ account, value }) => ({ account, weight: maxOf(value ?? ZERO, ZERO) }));
  const isSplit = shares.some((share) => share.weight.gt(0));
  return isSplit ? shares : [{ account: attached.account, weight: ZERO }];
}
