import { createHash } from 'node:crypto';
import { enrich } from '../../engine/metering/enrich.ts';
import type {
  EnrichedMeasurement,
  Enrichment,
  EnrichmentSnapshot,
  SubmittedBatch,
} from '../../engine/metering/enrichment.ts';
import { type IngestFailure, ingestFailure, type Place } from '../../engine/metering/ingest-failure.ts';
import { present } from '../../kernel/assert.ts';
import { textBytes } from '../../kernel/text-bytes.ts';
import { Temporal } from '../../kernel/time.ts';
import type { BatchGroup } from './measurement-inbox.ts';
import { measurementLine, measurementRows } from './measurement-row.ts';
import { placeName, type StoredPlaces, storedMeasurements, submittedBatches } from './submitted-group.ts';
import { type UidClaims, uidHash } from './uid-claims.ts';

/** A group on its way, and what an interrupted worker stored of it already; null when none had it before. */
export type Preparation = { readonly group: BatchGroup; readonly stored: StoredPlaces | null };

/** Rows as lines of ClickHouse's TabSeparated format. The token tells a repeated insert from a new one. */
export type MeasurementInsert = { readonly token: string; readonly count: number; readonly lines: Buffer };

/** What becomes of a group, as far as is known. */
export type GroupDraft = {
  readonly claims: UidClaims;
  readonly result:
    | Extract<Enrichment, { kind: 'needs' }>
    | {
        readonly kind: 'enriched';
        readonly inserts: readonly MeasurementInsert[];
        /** With their places in what was submitted. */
        readonly failures: readonly IngestFailure[];
        /** Hashes of the uids of measurements that are not stored. */
        readonly unwantedUids: readonly string[];
      };
};

export type Known = {
  /** Without uids. */
  readonly snapshot: Omit<EnrichmentSnapshot, 'takenUids'>;
  /** Hashes of uids of the group that others have. */
  readonly lostUids: ReadonlySet<string>;
};

/**
 * Reads a group and enriches it into the rows that ClickHouse stores, one measurement after the other, so
 * that little of it is alive at a time. What an interrupted worker has stored stays as it is. Throws when a
 * body cannot be read.
 */
export function draftedGroup({ group, stored }: Preparation, known: Known): GroupDraft {
  const before = storedMeasurements(group, stored ?? new Map());
  const takenUids = new Set(before.flatMap(({ submitted: { uid } }) => uid ?? []));
  const kept = new Set(takenUids);
  const hashes: string[][] = [];
  const positions: (readonly number[])[] = [];
  function* batches(): Generator<SubmittedBatch> {
    for (const batch of submittedBatches(group, stored ?? new Map())) {
      positions.push(batch.positions);
      hashes.push(hashesIn(group.orgId, batch, { lost: known.lostUids, taken: takenUids }));
      yield batch;
    }
  }
  const placed = <T extends Place>(item: T): T => submittedPlace(positions, item);
  const inserts = openInserts(group, stored);
  const store = (measurement: EnrichedMeasurement) => inserts.add(placed(measurement));
  const result = enrich(batches(), { ...known.snapshot, takenUids }, store);
  const claims = { hashes, times: group.batches.map(({ receivedAt }) => receivedAt) };
  if (result.kind === 'needs') return { claims, result };
  const rejected = new Set(result.rejected.flatMap(({ uid }) => uid ?? []));
  const unwanted = [...rejected].filter((uid) => !kept.has(uid) && !result.storedUids.has(uid));
  const failures = [...result.rejected.map(placed), ...result.calculationErrors.map(placed)];
  return {
    claims,
    result: {
      kind: 'enriched',
      inserts: inserts.all(),
      failures: [...failures, ...before.flatMap(calculationError)],
      unwantedUids: unwanted.map((uid) => uidHash(group.orgId, uid)),
    },
  };
}

/** The uids of a group alone. */
export function uidsOfGroup({ group, stored }: Preparation): UidClaims {
  const none = { lost: new Set<string>(), taken: new Set<string>() };
  const batches = submittedBatches(group, stored ?? new Map());
  return {
    hashes: Array.from(batches, (batch) => hashesIn(group.orgId, batch, none)),
    times: group.batches.map(({ receivedAt }) => receivedAt),
  };
}

type Uids = { readonly lost: ReadonlySet<string>; readonly taken: Set<string> };

/** The hashes of the uids of a batch; those that are lost are taken. */
function hashesIn(orgId: string, { measurements }: SubmittedBatch, { lost, taken }: Uids): string[] {
  const hashes: string[] = [];
  for (const { uid } of measurements) {
    if (uid === null) continue;
    const hash = uidHash(orgId, uid);
    hashes.push(hash);
    if (lost.has(hash)) taken.add(uid);
  }
  return hashes;
}

/** Moves the place of something that was left to decide to where it stands in what was submitted. */
function submittedPlace<T extends Place>(positions: readonly (readonly number[])[], item: T): T {
  const position = present(positions[item.batch]?.[item.position], 'a measurement of the group');
  return position === item.position ? item : { ...item, position };
}

/** The errors of what was stored before the crash; their reasons are gone. */
function calculationError({
  failedFields,
  accountId,
  ...place
}: ReturnType<typeof storedMeasurements>[number]): IngestFailure[] {
  if (failedFields.length === 0) return [];
  const errors = failedFields.map((field) => ({
    field,
    message: `Field '${field}' could not be calculated`,
  }));
  return [{ ...ingestFailure('CalculationError', place, errors), accountId }];
}

type Inserts = {
  readonly add: (measurement: EnrichedMeasurement) => void;
  readonly all: () => readonly MeasurementInsert[];
};

/**
 * Collects rows under the group's id as token: sent twice because an answer was lost, they are stored once.
 * ClickHouse compares tokens within a partition, which is a year. Of a year that holds rows of the group, all
 * have arrived that were sent; what is to be stored there besides (a meter has been made since) would be
 * taken for a repetition, so it goes under a token of its own.
 */
function openInserts(group: BatchGroup, stored: StoredPlaces | null): Inserts {
  const token = group.insertId;
  const years = new Set([...(stored ?? new Map()).values()].map((place) => place.year));
  const [usual, late] = [openInsert(group), openInsert(group)];
  const places: string[] = [];
  const add = (measurement: EnrichedMeasurement) => {
    const batchId = present(group.batches[measurement.batch], 'a batch').id;
    places.push(placeName(batchId, measurement.position));
    late.add(measurement);
  };
  const lateToken = () => `${token} ${createHash('sha256').update(places.join(' ')).digest('hex')}`;
  return {
    add:
      years.size === 0
        ? usual.add
        : (measurement) => (years.has(yearOf(measurement)) ? add(measurement) : usual.add(measurement)),
    all: () => [usual.all(token), late.all(lateToken())].filter(({ count }) => count > 0),
  };
}

function yearOf({ tsMs }: EnrichedMeasurement): number {
  return Temporal.Instant.fromEpochMilliseconds(tsMs).toZonedDateTimeISO('UTC').year;
}

function openInsert(group: BatchGroup) {
  const rowOf = measurementRows(group);
  const lines = textBytes();
  let count = 0;
  return {
    add: (measurement: EnrichedMeasurement) => {
      lines.add(measurementLine(rowOf(measurement)));
      count += 1;
    },
    all: (token: string): MeasurementInsert => ({ token, count, lines: lines.bytes() }),
  };
}
