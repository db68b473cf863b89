import { acceptedMeasurements } from '../../engine/metering/check-submission.ts';
import type { SubmittedBatch } from '../../engine/metering/enrichment.ts';
import type { Place } from '../../engine/metering/ingest-failure.ts';
import type { SubmittedMeasurement } from '../../engine/metering/submitted-measurement.ts';
import { present } from '../../kernel/assert.ts';
import { parseJson } from '../../kernel/json.ts';
import type { BatchGroup, MeasurementBatch } from './measurement-inbox.ts';
import { submissionFromText } from './submission-json.ts';

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

/** The measurements of a group: what is left to decide, and what an interrupted worker has stored. */
export type SubmittedGroup = {
  /** Those left, in the order of their receipt. */
  readonly batches: readonly SubmittedBatch[];
  readonly stored: readonly (PlacedMeasurement & StoredPlace)[];
};

/** Reads the bodies of a group, which passed their checks at the time of their receipt. */
export function submittedGroup(group: BatchGroup, known: StoredPlaces): SubmittedGroup {
  const stored: (PlacedMeasurement & StoredPlace)[] = [];
  const batches = group.batches.map((row, batch): SubmittedBatch => {
    const measurements = acceptedMeasurements(submissionFromText(row.body));
    const left: number[] = [];
    for (const [position, submitted] of measurements.entries()) {
      const place = known.size > 0 ? known.get(placeName(row.id, position)) : undefined;
      if (place) stored.push({ ...place, batch, position, submitted });
      else left.push(position);
    }
    const { id, receivedAt } = row;
    return { id, receivedAt, measurements: chosen(measurements, left), positions: left };
  });
  return { batches, stored };
}

function chosen<T>(items: readonly T[], positions: readonly number[]): readonly T[] {
  if (positions.length === items.length) return items;
  return positions.map((position) => present(items[position], 'a measurement of the batch'));
}

/** Moves the place of something that was left to decide to where it stands in what was submitted. */
export function submittedPlace<T extends Place>(group: SubmittedGroup, item: T): T {
  const position = present(group.batches[item.batch]?.positions[item.position], 'a measurement of the group');
  return position === item.position ? item : { ...item, position };
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
