// Spec 20 §11.5: which segment of an aggregation a measurement belongs to.
import type { Segment } from './usage-query.ts';

const WILDCARD = '*';

/** The part of an aggregation that decides about segments. */
export type Segmentation = {
  readonly segmentedFields: readonly string[];
  readonly segments: readonly Segment[];
};

/**
 * The one segment of a measurement with the given text values by field code, or null when it matches none
 * (it then counts nowhere in the aggregation). Exact values compare case-sensitively; a missing value
 * matches only a wildcard. The candidate with the fewest wildcards wins; on a tie the first segmented field
 * in which the candidates differ decides for the exact value.
 */
export function segmentOf(definition: Segmentation, values: ReadonlyMap<string, string>): Segment | null {
  const { segmentedFields, segments } = definition;
  let best: Segment | null = null;
  for (const segment of segments) {
    if (!isMatch(segmentedFields, segment, values)) continue;
    if (best === null || precedence(segmentedFields, segment, best) < 0) best = segment;
  }
  return best;
}

/**
 * The segments in order of precedence: the first that a measurement matches is its segment. Segments with
 * wildcards in the same fields are neighbours and keep their given order (none of them can match together).
 */
export function segmentOrder(
  segmentedFields: readonly string[],
  segments: readonly Segment[],
): readonly Segment[] {
  return segments.toSorted((a, b) => precedence(segmentedFields, a, b));
}

function isMatch(fields: readonly string[], segment: Segment, values: ReadonlyMap<string, string>): boolean {
  return fields.every((field) => isWildcard(segment, field) || segment[field] === values.get(field));
}

function isWildcard(segment: Segment, field: string): boolean {
  return segment[field] === WILDCARD;
}

/** Negative when `a` comes before `b`; 0 when both have their wildcards in the same fields. */
function precedence(fields: readonly string[], a: Segment, b: Segment): number {
  let difference = 0;
  let first = 0;
  for (const field of fields) {
    const here = (isWildcard(a, field) ? 1 : 0) - (isWildcard(b, field) ? 1 : 0);
    difference += here;
    if (first === 0) first = here;
  }
  return difference || first;
}
