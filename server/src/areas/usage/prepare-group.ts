import type { Context } from '../../context.ts';
import type { EnrichedMeasurement, Enrichment } from '../../engine/metering/enrichment.ts';
import { type IngestFailure, ingestFailure, type Place } from '../../engine/metering/ingest-failure.ts';
import type { Tx } from '../../store/database.ts';
import { createAccounts, lockAccountCreation } from './create-accounts.ts';
import { loadSnapshot } from './ingest-snapshot.ts';
import { enrichWithLookups } from './lookup-rows.ts';
import type { BatchGroup } from './measurement-inbox.ts';
import { type StoredPlaces, type SubmittedGroup, submittedGroup, submittedPlace } from './submitted-group.ts';
import { claimUids, releaseUids, uidHash } from './uid-claims.ts';

/** A group whose fate is decided: what ClickHouse stores, failures for events. Its uids are claimed. */
export type PreparedGroup = {
  readonly group: BatchGroup;
  /** With their places in what was submitted. */
  readonly rows: readonly EnrichedMeasurement[];
  readonly failures: readonly IngestFailure[];
};

type Preparation = {
  readonly group: BatchGroup;
  /** What an interrupted worker stored already; null when no worker had the group before. */
  readonly stored: StoredPlaces | null;
};

type Enriched = Extract<Enrichment, { kind: 'enriched' }>;

/** More rounds than accounts can take; reached only by a bug. */
const MAX_ROUNDS = 8;

/**
 * Decides what becomes of the measurements of a group (spec 20 §7.4): its uids are claimed and unknown
 * accounts are created inside the transaction, until the pure `enrich` has all it needs; then the claims of
 * what is not stored are given back. What is stored already stays as it is, whatever has been changed or
 * deleted since.
 */
export async function prepareGroup(
  ctx: Context,
  tx: Tx,
  { group, stored }: Preparation,
): Promise<PreparedGroup> {
  const { orgId } = group;
  const submitted = submittedGroup(group, stored ?? new Map());
  const measurements = submitted.batches.flatMap((batch) => batch.measurements);
  const uids = await claimedUids(tx, group, submitted);
  let snapshot = { ...(await loadSnapshot(tx, orgId, measurements)), takenUids: uids.taken };
  let isLocked = false;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const { result, lookupTables } = await enrichWithLookups(tx, submitted.batches, { orgId, snapshot });
    if (result.kind === 'enriched') {
      await releaseUids(tx, group.insertId, unwantedUids(uids, result));
      return preparedGroup(group, submitted, result);
    }
    if (isLocked) await createAccounts(ctx, tx, { orgId, codes: result.accountsToCreate });
    else await lockAccountCreation(tx, orgId);
    isLocked = true;
    snapshot = { ...(await loadSnapshot(tx, orgId, measurements)), takenUids: uids.taken, lookupTables };
  }
  throw new Error(`enrichment of group ${group.insertId} does not come to an end`);
}

/** The uids of a group, all of them claimed but those that others have. */
type Uids = {
  /** Hashes of those that are left to decide. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Those that are stored, by this group or another. */
  readonly taken: ReadonlySet<string>;
  /** Those that the group stored before. */
  readonly stored: ReadonlySet<string>;
};

async function claimedUids(tx: Tx, group: BatchGroup, submitted: SubmittedGroup): Promise<Uids> {
  const hashes = new Map<string, string>();
  const starts: number[] = [];
  for (const { measurements } of submitted.batches) {
    starts.push(hashes.size + 1);
    for (const { uid } of measurements) {
      if (uid !== null && !hashes.has(uid)) hashes.set(uid, uidHash(group.orgId, uid));
    }
  }
  const times = submitted.batches.map(({ receivedAt }) => receivedAt);
  const claims = { hashes: [...hashes.values()], starts, times };
  const lost = new Set(await claimUids(tx, group, claims));
  const stored = new Set(submitted.stored.flatMap(({ submitted: { uid } }) => uid ?? []));
  const others = lost.size === 0 ? [] : [...hashes].flatMap(([uid, hash]) => (lost.has(hash) ? uid : []));
  return { hashes, taken: new Set([...others, ...stored]), stored };
}

/** Hashes of uids that the group has claimed, now or before a crash, for what is not stored after all. */
function unwantedUids({ hashes, stored }: Uids, result: Enriched): string[] {
  if (result.rejected.length === 0) return [];
  const wanted = new Set(stored);
  for (const { uid } of result.stored) if (uid !== null) wanted.add(uid);
  return [...hashes].flatMap(([uid, hash]) => (wanted.has(uid) ? [] : hash));
}

function preparedGroup(group: BatchGroup, submitted: SubmittedGroup, result: Enriched): PreparedGroup {
  const placed = <T extends Place>(items: readonly T[]) =>
    items.map((item) => submittedPlace(submitted, item));
  const failures = [...placed(result.rejected), ...placed(result.calculationErrors)];
  return { group, rows: placed(result.stored), failures: [...failures, ...storedErrors(submitted)] };
}

/** Calculation errors of what was stored before the crash; their reasons are gone. */
function storedErrors({ stored }: SubmittedGroup): IngestFailure[] {
  return stored
    .filter(({ failedFields }) => failedFields.length > 0)
    .map(({ failedFields, accountId, ...place }) => {
      const errors = failedFields.map((field) => ({
        field,
        message: `Field '${field}' could not be calculated`,
      }));
      return { ...ingestFailure('CalculationError', place, errors), accountId };
    });
}
