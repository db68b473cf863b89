import { type RawBuilder, sql } from 'kysely';
import type { CheckScope } from '../../api/resource-spec.ts';
import { present } from '../../kernel/assert.ts';
import { type FieldError, refusal } from '../../kernel/errors.ts';
import { availableSegments } from '../catalog/index.ts';
import { productOfOwner } from './product-of-owner.ts';

type Priced = {
  readonly planId: string | null;
  readonly planTemplateId: string | null;
  readonly aggregationId: string | null;
  readonly compoundAggregationId: string | null;
  readonly segment: Readonly<Record<string, string>> | null;
};

type Metric = {
  readonly ownProduct: boolean;
  readonly segmented: boolean;
  readonly known: boolean;
};

/**
 * The metric of a new pricing is global or of the plan's product (spec 30 §5 rule 5), and the segment is one
 * of the metric's, or there is none on either side (rule 6). These never change afterwards.
 */
export async function metricMustFit(scope: CheckScope, pricing: Priced): Promise<void> {
  const { rows } = await sql<Metric>`
    with metric as materialized (
      select (${productOfMetric(scope.orgId, pricing)}) as product_id,
             coalesce((${segmentsOfMetric(scope.orgId, pricing)}), '[]') as segments
    )
    select coalesce(metric.product_id = ${productOfOwner(scope.orgId, pricing)}, true) as own_product,
           metric.segments <> '[]' as segmented,
           exists (select from jsonb_array_elements(metric.segments) as offered (segment)
                   where offered.segment = ${JSON.stringify(pricing.segment)}::jsonb) as known
    from metric`.execute(scope.tx);
  const refused = metricError(present(rows[0], 'metric'), pricing);
  if (refused) throw refusal('VALIDATION_FAILED', refused.field, refused.message);
}

function metricError(metric: Metric, { aggregationId, segment }: Priced): FieldError | null {
  if (!metric.ownProduct) {
    const field = aggregationId === null ? 'compoundAggregationId' : 'aggregationId';
    return { field, message: 'belongs to another product' };
  }
  if (segment === null) {
    return metric.segmented ? { field: 'segment', message: 'is required: the metric has segments' } : null;
  }
  return metric.known ? null : { field: 'segment', message: 'is not one of the segments of the metric' };
}

/** The product of the metric, null when it is global. */
function productOfMetric(
  orgId: string,
  { aggregationId, compoundAggregationId }: Priced,
): RawBuilder<unknown> {
  if (aggregationId === null) {
    return sql`select product_id from compound_aggregation
               where org_id = ${orgId} and id = ${compoundAggregationId}`;
  }
  return sql`select m.product_id from aggregation a join meter m on m.org_id = a.org_id and m.id = a.meter_id
             where a.org_id = ${orgId} and a.id = ${aggregationId}`;
}

/** The segments that the metric can be priced by, as one jsonb list; null when there are none. */
function segmentsOfMetric(
  orgId: string,
  { aggregationId, compoundAggregationId }: Priced,
): RawBuilder<unknown> {
  if (aggregationId === null) {
    return sql`select (${availableSegments()}) from compound_aggregation
               where org_id = ${orgId} and id = ${compoundAggregationId}`;
  }
  return sql`select segments from aggregation where org_id = ${orgId} and id = ${aggregationId}`;
}

/** The values of a pricing's segment in the order of the metric's segmented fields: `eu, *` (spec 30 §11). */
export function segmentText(): RawBuilder<unknown> {
  return sql`select string_agg(pricing.segment ->> f.field, ', ' order by f.place)
    from (select a.segmented_fields from aggregation a
          where a.org_id = pricing.org_id and a.segments @> jsonb_build_array(pricing.segment)
            and (a.id = pricing.aggregation_id
                 or exists (select from compound_aggregation c
                            where c.org_id = pricing.org_id and c.id = pricing.compound_aggregation_id
                              and jsonb_exists(c.aggregation_codes, a.code)))
          order by a.id limit 1) a
    cross join jsonb_array_elements_text(a.segmented_fields) with ordinality f (field, place)`;
}
