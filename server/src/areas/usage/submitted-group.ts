import { acceptedMeasurements } from '../../engine/metering/check-submission.ts';
import type { SubmittedBatch } from '../../engine/metering/enrichment.ts';
import type { Place } from '../../engine/metering/ingest-failure.ts';
import type { SubmittedMeasurement } from '../../engine/metering/submitted-measurement.ts';
import { present } from '../../kernel/assert.ts';
import { parseJson } from '../../kernel/json.ts';
import type { BatchGroup, MeasurementBatch } from './measurement-inbox.ts';
import { submissionFromText } from './submission-json.ts';
import { codesAmong, type SubmittedCodes } from './submitted-codes.ts';

/** A measurement of a group that is in ClickHouse. */
export type StoredPlace = {
  readonly accountId: string;
  readonly year: number;
  readonly failedFields: readonly string[];
};

/** The stored measurements of a group, by `placeName`. */
export type StoredPlaces = ReadonlyMap<string, StoredPlace>;

export function placeName(batchId: string, position: number): string {
  return `${batchId}:${position}`;
}

/** A measurement of a group, with its place in it. */
export type PlacedMeasurement = Place & { readonly submitted: SubmittedMeasurement };

/**
 * Reads the bodies of a group, which passed their checks at the time of their receipt, one after the other:
 * all at once would outlive the next garbage collections. Each has the measurements that are left to decide.
 */
export function* submittedBatches(group: BatchGroup, known: StoredPlaces): Generator<SubmittedBatch> {
  for (const row of group.batches) {
    const { id, receivedAt } = row;
    const measurements = measurementsOf(row);
    const all = [...measurements.keys()];
    const positions = known.size === 0 ? all : all.filter((at) => !known.has(placeName(id, at)));
    const left = positions.map((at) => present(measurements[at], 'a measurement of the batch'));
    yield { id, receivedAt, measurements: left, positions };
  }
}

/** What an interrupted worker has stored of a group. */
export function storedMeasurements(
  group: BatchGroup,
  known: StoredPlaces,
): readonly (PlacedMeasurement & StoredPlace)[] {
  if (known.size === 0) return [];
  return group.batches.flatMap((row, batch) =>
    measurementsOf(row).flatMap((submitted, position) => {
      const place = known.get(placeName(row.id, position));
      return place ? { ...place, batch, position, submitted } : [];
    }),
  );
}

/** The codes that the measurements of a group name. */
export function submittedCodes(group: BatchGroup): SubmittedCodes {
  const [meters, accounts] = [new Set<string>(), new Set<string>()];
  for (const row of group.batches) {
    const codes = row.codes ?? codesAmong(measurementsOf(row));
    for (const code of codes.meters) meters.add(code);
    for (const code of codes.accounts) accounts.add(code);
  }
  return { meters, accounts };
}

function measurementsOf({ body, codes }: MeasurementBatch): readonly SubmittedMeasurement[] {
  return acceptedMeasurements(codes === null ? submissionFromText(body) : JSON.parse(body));
}

/** A reader of measurements as they were submitted, with all their digits; each batch is read once. */
export function submittedDocuments(group: BatchGroup): (place: Place) => unknown {
  const bodies = new Map<number, readonly unknown[]>();
  return ({ batch, position }) => {
    const measurements = bodies.get(batch) ?? documentsOf(present(group.batches[batch], 'a batch'));
    bodies.set(batch, measurements);
    return measurements[position];
  };
}

function documentsOf({ body }: MeasurementBatch): readonly unknown[] {
  return (parseJson(body) as { readonly measurements: readonly unknown[] }).measurements;
}
