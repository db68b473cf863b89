import type { Segment } from '../../engine/metering/usage-query.ts';
import type { FieldError } from '../../kernel/errors.ts';

/** The text that two segments share exactly when they have the same fields and values. */
export function segmentKey(segment: Segment): string {
  return JSON.stringify(Object.entries(segment).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * What is wrong with segments as an aggregation declares them: fields without segments or the other way
 * round, a field named twice, a segment with other fields, the same segment twice (spec 20 §11.5). Null when
 * nothing is.
 */
export function segmentationError(
  segmentedFields: readonly string[],
  segments: readonly Segment[],
): FieldError | null {
  if (segmentedFields.length === 0 && segments.length === 0) return null;
  if (segments.length === 0) return { field: 'segments', message: 'are required with segmentedFields' };
  if (segmentedFields.length === 0) {
    return { field: 'segmentedFields', message: 'are required with segments' };
  }
  const fields = new Set(segmentedFields);
  if (fields.size < segmentedFields.length)
    return { field: 'segmentedFields', message: 'name a field twice' };
  const odd = segments.findIndex((segment) => !hasExactly(segment, fields));
  if (odd >= 0) {
    return {
      field: `segments[${odd}]`,
      message: `must have exactly the fields ${segmentedFields.join(', ')}`,
    };
  }
  const twice = indexOfRepetition(segments.map(segmentKey));
  return twice < 0 ? null : { field: `segments[${twice}]`, message: 'is in the list already' };
}

function hasExactly(segment: Segment, fields: ReadonlySet<string>): boolean {
  const names = Object.keys(segment);
  return names.length === fields.size && names.every((name) => fields.has(name));
}

function indexOfRepetition(keys: readonly string[]): number {
  const seen = new Set<string>();
  return keys.findIndex((key) => {
    const known = seen.has(key);
    seen.add(key);
    return known;
  });
}

/**
 * The first of the priced segments that is not on offer; null when all are. A pricing without a segment
 * (null) is for a metric without segments, and the other way round (spec 30 §5 rule 6).
 */
export function lostPricing<P extends { readonly segment: Segment | null }>(
  pricings: readonly P[],
  available: readonly Segment[],
): P | null {
  const keys = new Set(available.map(segmentKey));
  const fits = ({ segment }: P) => (segment === null ? keys.size === 0 : keys.has(segmentKey(segment)));
  return pricings.find((pricing) => !fits(pricing)) ?? null;
}
