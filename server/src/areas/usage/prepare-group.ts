import type { Context } from '../../context.ts';
import type { EnrichedMeasurement, Enrichment } from '../../engine/metering/enrichment.ts';
import { type IngestFailure, ingestFailure, type Place } from '../../engine/metering/ingest-failure.ts';
import { present } from '../../kernel/assert.ts';
import { newId } from '../../kernel/ids.ts';
import { writeJson } from '../../kernel/json.ts';
import type { Tx } from '../../store/database.ts';
import { createAccounts, lockAccountCreation } from './create-accounts.ts';
import { loadSnapshot } from './ingest-snapshot.ts';
import { enrichWithLookups } from './lookup-rows.ts';
import type { BatchGroup, MeasurementBatch } from './measurement-inbox.ts';
import type { MeasurementRow } from './measurement-row.ts';
import { type StoredPlaces, type SubmittedGroup, submittedGroup, submittedPlace } from './submitted-group.ts';
import { claimUids, releaseUids, takenUids, uidHash } from './uid-claims.ts';

/** A group whose fate is decided: rows for ClickHouse, failures for events. Its uids are claimed. */
export type PreparedGroup = {
  readonly group: BatchGroup;
  readonly rows: readonly MeasurementRow[];
  readonly failures: readonly IngestFailure[];
};

type Preparation = {
  readonly group: BatchGroup;
  /** What an interrupted worker stored already; null when no worker had the group before. */
  readonly stored: StoredPlaces | null;
};

type Enriched = Extract<Enrichment, { kind: 'enriched' }>;

/** More rounds than accounts and lost claims can take; reached only by a bug. */
const MAX_ROUNDS = 8;

/**
 * Decides what becomes of the measurements of a group (spec 20 §7.4): unknown accounts are created and uids
 * are claimed inside the transaction, until the pure `enrich` has all it needs. A uid that another group
 * claims meanwhile counts as taken from the start, so the result is as if that group had come first. What
 * is stored already stays as it is, whatever has been changed or deleted since.
 */
export async function prepareGroup(
  ctx: Context,
  tx: Tx,
  { group, stored }: Preparation,
): Promise<PreparedGroup> {
  const { orgId } = group;
  const submitted = submittedGroup(group, stored ?? new Map());
  const measurements = submitted.batches.flatMap((batch) => batch.measurements);
  const uids = await knownUids(tx, group, submitted);
  let snapshot = await loadSnapshot(tx, orgId, measurements);
  let isLocked = false;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const known = { ...snapshot, takenUids: uids.taken };
    const { result, lookupTables } = await enrichWithLookups(tx, submitted.batches, {
      orgId,
      snapshot: known,
    });
    if (result.kind === 'enriched') {
      if ((await claim(tx, group, { result, uids })) === 'lost') continue;
      await releaseUids(tx, group.insertId, unwantedUids(uids, { result, hadClaims: stored !== null }));
      return preparedGroup(group, submitted, result);
    }
    if (isLocked) await createAccounts(ctx, tx, { orgId, codes: result.accountsToCreate });
    else await lockAccountCreation(tx, orgId);
    isLocked = true;
    snapshot = { ...(await loadSnapshot(tx, orgId, measurements)), lookupTables };
  }
  throw new Error(`enrichment of group ${group.insertId} does not come to an end`);
}

/** The uids of a group. */
type Uids = {
  /** Hashes of those that are left to decide. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Those that are stored, by this group or another. */
  readonly taken: Set<string>;
  /** Those that the group stored before. */
  readonly stored: ReadonlySet<string>;
  /** Those that are claimed now. */
  readonly claimed: Set<string>;
};

async function knownUids(tx: Tx, group: BatchGroup, submitted: SubmittedGroup): Promise<Uids> {
  const hashes = new Map<string, string>();
  for (const { measurements } of submitted.batches) {
    for (const { uid } of measurements) if (uid !== null) hashes.set(uid, uidHash(group.orgId, uid));
  }
  const now = present(group.batches[0], 'a batch of the group').receivedAt;
  const held = await takenUids(tx, group.insertId, { hashes: [...hashes.values()], now });
  const stored = new Set(submitted.stored.flatMap(({ submitted: { uid } }) => uid ?? []));
  const others = [...hashes].filter(([, hash]) => held.has(hash)).map(([uid]) => uid);
  return { hashes, taken: new Set([...others, ...stored]), stored, claimed: new Set() };
}

type Claim = { readonly result: Enriched; readonly uids: Uids };

/** Claims the uids of what is to be stored; those that another group won meanwhile are taken from now on. */
async function claim(tx: Tx, group: BatchGroup, { result, uids }: Claim): Promise<'won' | 'lost'> {
  const fresh = result.stored.flatMap(({ uid, batch }) => {
    if (uid === null || uids.claimed.has(uid)) return [];
    const hash = present(uids.hashes.get(uid), 'the hash of a uid');
    return [{ uid, hash, receivedAt: batchOf(group, batch).receivedAt }];
  });
  const won = await claimUids(tx, group.insertId, fresh);
  for (const { uid, hash } of fresh) (won.has(hash) ? uids.claimed : uids.taken).add(uid);
  return won.size === fresh.length ? 'won' : 'lost';
}

/**
 * Hashes of uids that the group may have claimed, now or before a crash, for what is not stored after all.
 */
function unwantedUids(
  { hashes, stored, claimed }: Uids,
  { result, hadClaims }: { readonly result: Enriched; readonly hadClaims: boolean },
): string[] {
  const wanted = new Set([...stored, ...result.stored.flatMap((row) => row.uid ?? [])]);
  return [...hashes]
    .filter(([uid]) => (hadClaims || claimed.has(uid)) && !wanted.has(uid))
    .map(([, hash]) => hash);
}

function batchOf(group: BatchGroup, batch: number): MeasurementBatch {
  return present(group.batches[batch], 'the batch of a measurement');
}

function preparedGroup(group: BatchGroup, submitted: SubmittedGroup, result: Enriched): PreparedGroup {
  const placed = <T extends Place>(items: readonly T[]) =>
    items.map((item) => submittedPlace(submitted, item));
  const failures = [...placed(result.rejected), ...placed(result.calculationErrors)];
  const rows = placed(result.stored).map((row) => measurementRow(group, row));
  return { group, rows, failures: [...failures, ...storedErrors(submitted)] };
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

function measurementRow(group: BatchGroup, row: EnrichedMeasurement): MeasurementRow {
  const batch = batchOf(group, row.batch);
  return {
    orgId: group.orgId,
    meterId: row.meterId,
    accountId: row.accountId,
    tsMs: row.tsMs,
    etsMs: row.etsMs,
    receivedMicros: String(batch.receivedAt.epochNanoseconds / 1000n),
    uid: row.uid ?? newId(),
    insertId: group.insertId,
    batchId: batch.id,
    position: row.position,
    source: batch.source,
    measures: row.numbers,
    dimensions: row.texts,
    failedFields: row.failedFields,
    undeclared: row.undeclared.length > 0 ? writeJson(row.undeclared) : '',
  };
}
