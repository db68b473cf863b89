// Spec 20 §11, §12, 30 §5, §18: what a pricing prices: an aggregation, or a calculation over several.
import { present } from '../../kernel/assert.ts';
import { aggregationCodesOf } from '../metering/compound-names.ts';
import type { LineOrigin } from './draft.ts';
import type { AggregationFacts, CompoundAggregationFacts, PricingFacts } from './facts.ts';
import { type FactsIndex, rowOf } from './facts-index.ts';

export type Metric =
  | { readonly kind: 'SIMPLE'; readonly row: AggregationFacts }
  | {
      readonly kind: 'COMPOUND';
      readonly row: CompoundAggregationFacts;
      /** The aggregations that the calculation names, in the order of its text. */
      readonly inputs: readonly AggregationFacts[];
    };

/** The metric of a pricing. An input that does not exist any more is left out. */
export function metricOf(index: FactsIndex, pricing: PricingFacts): Metric {
  if (pricing.compoundAggregationId === null) {
    return { kind: 'SIMPLE', row: rowOf(index.aggregations, metricId(pricing)) };
  }
  const row = rowOf(index.compoundAggregations, pricing.compoundAggregationId);
  const inputs = aggregationCodesOf(row.calculation)
    .map((code) => index.aggregationsByCode.get(code))
    .filter((input) => input !== undefined);
  return { kind: 'COMPOUND', row, inputs };
}

/** The id of what is priced, be it simple or compound. */
export function metricId({ aggregationId, compoundAggregationId }: PricingFacts): string {
  return present(aggregationId ?? compoundAggregationId, 'the metric of the pricing');
}

/** The order in which a segment's values are written; a compound takes it from its first segmented input. */
export function segmentedFieldsOf(metric: Metric): readonly string[] {
  const rows = metric.kind === 'SIMPLE' ? [metric.row] : metric.inputs;
  return rows.map((row) => row.definition.segmentedFields).find((fields) => fields.length > 0) ?? [];
}

/** The part of a line's origin that names the metric; a compound has no single meter. */
export function metricOrigin(metric: Metric): LineOrigin {
  return metric.kind === 'SIMPLE'
    ? { aggregationId: metric.row.id, meterId: metric.row.definition.meterId }
    : { compoundAggregationId: metric.row.id };
}
