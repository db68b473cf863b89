import { type RawBuilder, sql } from 'kysely';
import type { Segment } from '../../engine/metering/usage-query.ts';

/**
 * The segments that a row of `compound_aggregation` offers to pricings, as jsonb: those that all segmented
 * aggregations of its calculation have in common, in the order of the first; null when there are none (spec
 * 20 §12.3).
 */
export function availableSegments(): RawBuilder<readonly Segment[] | null> {
  return sql`with segmented as (
      select named.rank, aggregation.segments
      from jsonb_array_elements_text(compound_aggregation.aggregation_codes)
        with ordinality as named (code, rank)
      join aggregation on aggregation.org_id = compound_aggregation.org_id and aggregation.code = named.code
      where jsonb_typeof(aggregation.segments) = 'array' and aggregation.segments <> '[]'
    ), shared as (
      select offered.segment, (array_agg(offered.place order by segmented.rank))[1] as place
      from segmented, jsonb_array_elements(segmented.segments) with ordinality as offered (segment, place)
      group by offered.segment having count(*) = (select count(*) from segmented)
    )
    select jsonb_agg(shared.segment order by shared.place) from shared`;
}
