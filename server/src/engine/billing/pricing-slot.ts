// Spec 30 §6.1, §6.3: what an attached plan prices, each slot with the pricings of the plan and its template.
import type { AttachedPlan } from './attached-plan.ts';
import type { PricingFacts, PricingType } from './facts.ts';
import { type FactsIndex, sortedBy, textOrder } from './facts-index.ts';

/** The pricings of one metric, segment and type; those of the plan hide those of the template. */
export type PricingSlot = {
  /** Equal for equal slots, and the order in which slots are worked through. */
  readonly key: string;
  readonly type: PricingType;
  readonly planPricings: readonly PricingFacts[];
  readonly templatePricings: readonly PricingFacts[];
};

/** The slots of an attached plan, ordered by key. */
export function pricingSlots(attached: AttachedPlan, index: FactsIndex): readonly PricingSlot[] {
  const owned = index.facts.pricings.filter(
    (pricing) => pricing.planId === attached.plan.id || pricing.planTemplateId === attached.template.id,
  );
  const keys = [...new Set(owned.map(slotKeyOf))].sort(textOrder);
  return keys.map((key) => {
    const pricings = sortedBy(
      owned.filter((pricing) => slotKeyOf(pricing) === key),
      (pricing) => pricing.id,
    );
    return {
      key,
      type: pricings[0]?.type ?? 'DEBIT',
      planPricings: pricings.filter((pricing) => pricing.planId !== null),
      templatePricings: pricings.filter((pricing) => pricing.planId === null),
    };
  });
}

function slotKeyOf(pricing: PricingFacts): string {
  return `${pricing.type} ${pricing.aggregationId} ${segmentKey(pricing.segment)}`;
}

/** A text that is equal for equal segments whatever the order of their fields; empty for none. */
export function segmentKey(segment: PricingFacts['segment']): string {
  if (segment === null) return '';
  const fields = sortedBy(Object.entries(segment), ([field]) => field);
  return JSON.stringify(fields);
}

/** The segment's values in the order of the aggregation's segmented fields, such as `USA, *` (spec 30 §11). */
export function segmentText(segment: NonNullable<PricingFacts['segment']>, fields: readonly string[]): string {
  return fields.map((field) => segment[field] ?? '').join(', ');
}
