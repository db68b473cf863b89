import { type RawBuilder, sql } from 'kysely';
import type { Segment } from '../../engine/metering/usage-query.ts';

/**
 * The segments that a row of `compound_aggregation` offers to pricings, as jsonb: those that all segmented
 * aggregations of its calculation have in common; null when there are none (spec 20 §12.3).
 */
export function availableSegments(): RawBuilder<readonly Segment[] | null> {
  return sql`with segmented as (
      select aggregation.id, aggregation.segments from aggregation
      where aggregation.org_id = compound_aggregation.org_id
        and jsonb_exists(compound_aggregation.aggregation_codes, aggregation.code)
        and jsonb_typeof(aggregation.segments) = 'array' and aggregation.segments <> '[]'
    ), shared as (
      select offered.segment, min(offered.place) as place
      from segmented, jsonb_array_elements(segmented.segments) with ordinality as offered (segment, place)
      group by offered.segment having count(*) = (select count(*) from segmented)
    )
    select jsonb_agg(shared.segment order by shared.place) from shared`;
}
