import { enrich } from '../../src/engine/metering/enrich.ts';
import type {
  EnrichedMeasurement,
  Enrichment,
  EnrichmentSnapshot,
  SubmittedBatch,
} from '../../src/engine/metering/enrichment.ts';

export type Enriched = Extract<Enrichment, { kind: 'enriched' }> & {
  readonly stored: readonly EnrichedMeasurement[];
};

export type EnrichedOrNeeds = Enriched | Extract<Enrichment, { kind: 'needs' }>;

/** As `enrich`, with all that is to be stored in the answer. */
export function enrichment(
  batches: readonly SubmittedBatch[],
  snapshot: EnrichmentSnapshot,
): EnrichedOrNeeds {
  const stored: EnrichedMeasurement[] = [];
  const result = enrich(batches, snapshot, (measurement) => stored.push(measurement));
  return result.kind === 'enriched' ? { ...result, stored } : result;
}

/** An enrichment that needs nothing more. */
export function done(result: EnrichedOrNeeds): Enriched {
  if (result.kind !== 'enriched') throw new Error(JSON.stringify(result));
  return result;
}
