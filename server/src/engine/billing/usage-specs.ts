// Spec 30 §7.6, §16.5, §18, 40 §5.8 no. 5, §6.3: a rated window as lines, split where accounts are shown.
import { type Decimal, sumOf } from '../../kernel/decimal.ts';
import { type Fraction, fraction, timesFraction } from '../money/fraction.ts';
import { splitAmount } from '../money/split.ts';
import { type BandUsage, bandUsage, published, scaledBand } from '../pricing/band-usage.ts';
import type { BillFailure, LineUsage } from './bill.ts';
import type { Calculation } from './calculation.ts';
import { type LineSpec, RANK } from './draft.ts';
import type { AccountFacts } from './facts.ts';
import { currencyRule, isBillFailure, roundedAmount } from './line-amount.ts';
import { metricId, metricOrigin, segmentedFieldsOf } from './metric.ts';
import { billOfAll } from './placement.ts';
import { segmentKey, segmentText } from './pricing-slot.ts';
import type { Question } from './question.ts';
import type { RatedWindow } from './rated-window.ts';

/**
 * The lines of a window, as usage. The parts of a block add up to the block: each is rounded by itself and
 * the last takes the remainder; quantity, units and bands follow the same weights.
 */
export function usageSpecs(calculation: Calculation, rated: RatedWindow): readonly LineSpec[] | BillFailure {
  const whole = wholeSpec(rated);
  if (rated.shares.length === 1) return [{ ...whole, owner: rated.shares[0]?.account ?? whole.owner }];
  const { exactAmount: amount, currency } = whole;
  const entity = `USAGE of plan ${rated.attached.plan.code}`;
  const billAccountId = billOfAll(calculation, rated.attached);
  const total = roundedAmount(calculation, { amount, currency, entity, billAccountId });
  if (isBillFailure(total)) return total;
  const weights = rated.shares.map((share) => share.weight);
  const parts = splitAmount(total, weights, currencyRule(calculation, currency));
  if ('kind' in parts) return { ...parts, entity, billAccountId };
  const sum = sumOf(weights);
  return rated.shares.map((share, at) => ({
    ...sharedSpec(whole, share.weight, sum),
    owner: share.account,
    origin: { ...whole.origin, usage: rated.questions.map((question) => usageOf(question, share.account)) },
    subtotal: parts[at] ?? total,
  }));
}

/** What the line charges for, of the whole block or of one account of it. */
function usageOf({ query, segment }: Question, account?: AccountFacts): LineUsage {
  const { start, end, filters, receivedBefore } = query;
  const accountIds = account ? [account.id] : query.accountIds;
  const usage = { aggregationId: query.aggregation.id, accountIds, segment, start, end, filters };
  const limited = receivedBefore === undefined ? usage : { receivedBefore, ...usage };
  const absences = (query.absences ?? []).filter(({ accountId }) => !account || accountId === account.id);
  return absences.length === 0 ? limited : { absences, ...limited };
}

function sharedSpec(whole: LineSpec, weight: Decimal, sum: Decimal): LineSpec {
  const share = fraction(weight, sum);
  return {
    ...whole,
    exactAmount: timesFraction(whole.exactAmount, share),
    quantity: timesFraction(whole.quantity, share),
    units: timesFraction(whole.units, share),
    bands: whole.bands?.map((band) => sharedBand(band, share)) ?? null,
  };
}

export function sharedBand(band: BandUsage, share: Fraction): BandUsage {
  return scaledBand(band, (value) => published(timesFraction(value, share)));
}

function wholeSpec(rated: RatedWindow): LineSpec {
  const { attached, metric, pricing, quantity } = rated;
  const { accountingProductId, unit, quantityPerUnit } = metric.row;
  const { cumulative } = pricing;
  return {
    attached,
    isGroupCharge: false,
    owner: attached.account,
    rank: RANK.usage,
    lineItemType: 'USAGE',
    rule: '30 §7',
    chargeKey: usageChargeKey(rated),
    timing: 'ARREARS',
    service: rated.span,
    description: pricing.description ?? usageDescription(rated),
    currency: attached.template.currency,
    exactAmount: rated.rating.amount,
    product: attached.product,
    accountingProductId: pricing.accountingProductId ?? accountingProductId ?? attached.product.id,
    quantity,
    units: rated.units,
    unit,
    bands: bandUsage(rated.rating.use, { quantity, quantityPerUnit, cumulative }),
    origin: {
      pricingId: pricing.id,
      ...metricOrigin(metric),
      segment: pricing.segment,
      usage: rated.questions.map((question) => usageOf(question)),
      ...(rated.earlierUnits === null ? {} : { earlierUnits: rated.earlierUnits }),
    },
  };
}

function usageChargeKey({ attached, pricing }: RatedWindow): string {
  return `usage/${attached.key}/${pricing.type}/${metricId(pricing)}/${segmentKey(pricing.segment)}`;
}

function usageDescription({ metric, pricing }: RatedWindow): string {
  const { name } = metric.row;
  if (pricing.segment === null) return name;
  return `${name} (${segmentText(pricing.segment, segmentedFieldsOf(metric))})`;
}
