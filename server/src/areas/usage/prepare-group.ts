import type { Context } from '../../context.ts';
import { checkSubmission } from '../../engine/metering/check-submission.ts';
import { enrich } from '../../engine/metering/enrich.ts';
import type {
  EnrichedMeasurement,
  Enrichment,
  EnrichmentSnapshot,
  SubmittedBatch,
} from '../../engine/metering/enrichment.ts';
import type { IngestFailure } from '../../engine/metering/ingest-failure.ts';
import { assert, present } from '../../kernel/assert.ts';
import { newId } from '../../kernel/ids.ts';
import { parseJson, writeJson } from '../../kernel/json.ts';
import type { Tx } from '../../store/database.ts';
import { createAccounts } from './create-accounts.ts';
import { completedSnapshot, loadSnapshot } from './ingest-snapshot.ts';
import type { BatchGroup } from './measurement-inbox.ts';
import type { MeasurementRow } from './measurement-row.ts';
import { submissionFromText } from './submission-json.ts';
import { claimUids, releaseUids, takenUids, uidHash } from './uid-claims.ts';

/** A group whose fate is decided: rows for ClickHouse, failures for events. Its uids are claimed. */
export type PreparedGroup = {
  readonly group: BatchGroup;
  readonly rows: readonly MeasurementRow[];
  readonly failures: readonly IngestFailure[];
};

type Preparation = {
  readonly group: BatchGroup;
  /** Measurements that an interrupted worker stored already, as `batch id:position`. */
  readonly stored: ReadonlySet<string>;
};

/** More rounds than accounts, lookups and lost claims can take; reached only by a bug. */
const MAX_ROUNDS = 8;

/**
 * Decides what becomes of the measurements of a group (spec 20 §7.4): unknown accounts are created and uids are
 * claimed inside the transaction, until the pure `enrich` has all it needs. A uid that another group claims
 * meanwhile counts as taken from the start, so the result is as if that group had come first.
 */
export async function prepareGroup(
  ctx: Context,
  tx: Tx,
  { group, stored }: Preparation,
): Promise<PreparedGroup> {
  const batches = group.batches.map((batch): SubmittedBatch => {
    const check = checkSubmission(submissionFromText(batch.body), ctx.clock.now());
    assert(check.kind === 'accepted', 'what is in the inbox has passed the checks');
    return { receivedAt: batch.receivedAt, measurements: check.measurements };
  });
  const claimed = new Set<string>();
  let snapshot = await snapshotWithUids(tx, group, batches);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const result = enrich(batches, snapshot);
    if (result.kind === 'needs') {
      await createAccounts(ctx, tx, { orgId: group.orgId, codes: result.accountsToCreate });
      snapshot = await completedSnapshot(tx, group.orgId, { snapshot, codes: result.accountsToCreate });
      continue;
    }
    const lost = await claim(tx, group, { result, claimed });
    if (lost.size === 0) return preparedGroup({ group, stored }, result);
    snapshot = { ...snapshot, takenUids: new Set([...snapshot.takenUids, ...lost]) };
  }
  throw new Error(`enrichment of group ${group.insertId} does not come to an end`);
}

async function snapshotWithUids(
  tx: Tx,
  group: BatchGroup,
  batches: readonly SubmittedBatch[],
): Promise<EnrichmentSnapshot> {
  const measurements = batches.flatMap((batch) => batch.measurements);
  const snapshot = await loadSnapshot(tx, group.orgId, measurements);
  const uids = new Map<string, string>();
  for (const { uid } of measurements) if (uid !== null) uids.set(uidHash(group.orgId, uid), uid);
  const now = present(group.batches[0], 'a batch of the group').receivedAt;
  const taken = await takenUids(tx, group.insertId, { hashes: [...uids.keys()], now });
  return {
    ...snapshot,
    takenUids: new Set([...taken].map((hash) => present(uids.get(hash), 'a submitted uid'))),
  };
}

type Enriched = Extract<Enrichment, { kind: 'enriched' }>;
type Claim = { readonly result: Enriched; readonly claimed: Set<string> };

/** Claims the uids of what is to be stored; gives back earlier claims that no longer are. Answers the lost uids. */
async function claim(tx: Tx, group: BatchGroup, { result, claimed }: Claim): Promise<Set<string>> {
  const wanted = new Map<string, EnrichedMeasurement>();
  for (const row of result.stored) if (row.uid !== null) wanted.set(uidHash(group.orgId, row.uid), row);
  const fresh = [...wanted].filter(([hash]) => !claimed.has(hash));
  const claims = fresh.map(([hash, row]) => ({ hash, receivedAt: batchOf(group, row).receivedAt }));
  const won = await claimUids(tx, group.insertId, claims);
  for (const hash of won) claimed.add(hash);
  await releaseUids(
    tx,
    group.insertId,
    [...claimed].filter((hash) => !wanted.has(hash)),
  );
  const lost = fresh.filter(([hash]) => !won.has(hash)).map(([, row]) => present(row.uid, 'a claimed uid'));
  return new Set(lost);
}

function batchOf(group: BatchGroup, { batch }: { readonly batch: number }): BatchGroup['batches'][number] {
  return present(group.batches[batch], 'the batch of a measurement');
}

function preparedGroup({ group, stored }: Preparation, result: Enriched): PreparedGroup {
  const isNew = (place: { readonly batch: number; readonly position: number }) =>
    !stored.has(`${batchOf(group, place).id}:${place.position}`);
  const failures = [...result.rejected.filter(isNew), ...result.calculationErrors];
  return { group, rows: result.stored.filter(isNew).map((row) => measurementRow(group, row)), failures };
}

function measurementRow(group: BatchGroup, row: EnrichedMeasurement): MeasurementRow {
  const batch = batchOf(group, row);
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

/** The measurement of a failure as it was submitted, with all its digits. */
export function submittedMeasurement(group: BatchGroup, failure: IngestFailure): unknown {
  const body = parseJson(batchOf(group, failure).body) as { readonly measurements: readonly unknown[] };
  return body.measurements[failure.position];
}
