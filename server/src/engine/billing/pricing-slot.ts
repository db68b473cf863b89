// Spec 30 §6: what an attached plan prices, each slot with its pricings and their rating windows.
import { rememberingLast } from '../../kernel/memo.ts';
import type { ClosedSpan } from '../calendar/local-dates.ts';
import type { Segment } from '../metering/usage-query.ts';
import { ratingWindows } from '../pricing/winner.ts';
import type { AttachedPlan } from './attached-plan.ts';
import type { PlanFacts, PricingFacts, PricingType } from './facts.ts';
import { type FactsIndex, sortedBy, textOrder } from './facts-index.ts';
import { metricId } from './metric.ts';

/** A pricing that knows whether the plan itself or its template owns it. */
export type OwnedPricing = PricingFacts & { readonly ownedByPlan: boolean };

/** The pricings of one metric, segment and type. */
export type PricingSlot = {
  /** Equal for equal slots, and the order in which slots are worked through. */
  readonly key: string;
  readonly type: PricingType;
  readonly pricings: readonly OwnedPricing[];
};

/** A piece of service time in which one pricing applies. */
export type PricedWindow = { readonly pricing: OwnedPricing; readonly span: ClosedSpan };

const slotsOfPlans = rememberingLast<PlanFacts, readonly PricingSlot[]>();

/** The slots of an attached plan, ordered by key. */
export function pricingSlots(
  { plan, template }: AttachedPlan,
  { facts }: FactsIndex,
): readonly PricingSlot[] {
  const rows = facts.pricings.filter((row) => row.planId === plan.id || row.planTemplateId === template.id);
  return slotsOfPlans(plan, rows, () => slotsOf(rows));
}

function slotsOf(rows: readonly PricingFacts[]): readonly PricingSlot[] {
  const owned = sortedBy(rows.map(ownedPricing), (pricing) => pricing.id);
  const keys = [...new Set(owned.map(slotKeyOf))].toSorted(textOrder);
  return keys.map((key) => {
    const pricings = owned.filter((pricing) => slotKeyOf(pricing) === key);
    return { key, type: pricings[0]?.type ?? 'DEBIT', pricings };
  });
}

function ownedPricing(row: PricingFacts): OwnedPricing {
  return { ownedByPlan: row.planId !== null, ...row };
}

function slotKeyOf(pricing: PricingFacts): string {
  return `${pricing.type} ${metricId(pricing)} ${segmentKey(pricing.segment)}`;
}

/** The windows of a slot in a span, in order of time. */
export function pricedWindows(slot: PricingSlot, span: ClosedSpan): readonly PricedWindow[] {
  return ratingWindows(slot.pricings, span.start, span.end).map(({ pricing, start, end }) => ({
    pricing,
    span: { start, end },
  }));
}

/** A text that is equal for equal segments whatever the order of their fields; empty for none. */
export function segmentKey(segment: Segment | null): string {
  if (segment === null) return '';
  return JSON.stringify(sortedBy(Object.entries(segment), ([field]) => field));
}

/**
 * The segment's values in the order of the aggregation's segmented fields, such as `USA, *` (spec 30 §11).
 */
export function segmentText(segment: Segment, fields: readonly string[]): string {
  return fields.map((field) => segment[field] ?? '').join(', ');
}
