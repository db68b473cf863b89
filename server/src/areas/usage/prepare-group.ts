import type { Context } from '../../context.ts';
import type { EnrichmentSnapshot } from '../../engine/metering/enrichment.ts';
import type { IngestFailure } from '../../engine/metering/ingest-failure.ts';
import type { Tx } from '../../store/database.ts';
import { tablesWithRows } from '../catalog/index.ts';
import { createAccounts, lockAccountCreation } from './create-accounts.ts';
import {
  draftedGroup,
  type GroupDraft,
  type MeasurementInsert,
  type Preparation,
  uidsOfGroup,
} from './draft-group.ts';
import { loadSnapshot } from './ingest-snapshot.ts';
import { submittedCodes } from './submitted-group.ts';
import { claimUids, releaseUids, repeatsUids } from './uid-claims.ts';

/** A group whose fate is decided: what ClickHouse stores, failures for events. Its uids are claimed. */
export type PreparedGroup = {
  readonly inserts: readonly MeasurementInsert[];
  readonly failures: readonly IngestFailure[];
};

/** More rounds than accounts can take; reached only by a bug. */
const MAX_ROUNDS = 8;

/**
 * Decides what becomes of the measurements of a group (spec 20 §7.4): its uids are claimed and unknown
 * accounts are created inside the transaction, until the pure `enrich` has all it needs; then the claims of
 * what is not stored are given back. What is stored already stays as it is, whatever has been changed or
 * deleted since.
 *
 * Mostly all uids are new, so the rows are made before the uids are claimed: while PostgreSQL does that,
 * they are bytes and not objects. When some are taken, the group is read again.
 */
export async function prepareGroup(ctx: Context, tx: Tx, preparation: Preparation): Promise<PreparedGroup> {
  const { orgId, insertId } = preparation.group;
  const codes = submittedCodes(preparation.group);
  const claimed = async (claims: GroupDraft['claims']) => {
    return new Set(await claimUids(tx, preparation.group, claims));
  };
  let lostUids = repeatsUids(orgId) ? await claimed(uidsOfGroup(preparation)) : null;
  let snapshot = await loadSnapshot(tx, orgId, codes);
  let isLocked = false;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    let draft = await draftWithLookups(tx, preparation, { snapshot, lostUids: lostUids ?? new Set() });
    if (lostUids === null) {
      lostUids = await claimed(draft.claims);
      if (lostUids.size > 0) draft = await draftWithLookups(tx, preparation, { snapshot, lostUids });
    }
    if (draft.result.kind === 'enriched') {
      const { inserts, failures, unwantedUids } = draft.result;
      await releaseUids(tx, insertId, unwantedUids);
      return { inserts, failures };
    }
    if (isLocked) await createAccounts(ctx, tx, { orgId, codes: draft.result.accountsToCreate });
    else await lockAccountCreation(tx, orgId);
    isLocked = true;
    snapshot = await loadSnapshot(tx, orgId, codes);
  }
  throw new Error(`enrichment of group ${insertId} does not come to an end`);
}

type Known = {
  readonly snapshot: EnrichmentSnapshot;
  readonly lostUids: ReadonlySet<string>;
};

/**
 * Drafts until no more rows of lookup tables are needed. A key may come from another row, so there are as
 * many rounds as lookups lie within one another; each reads rows that were not known to be there or not.
 */
async function draftWithLookups(tx: Tx, preparation: Preparation, known: Known): Promise<GroupDraft> {
  const { orgId } = preparation.group;
  let { lookupTables } = known.snapshot;
  for (;;) {
    const draft = draftedGroup(preparation, { ...known, snapshot: { ...known.snapshot, lookupTables } });
    const { result } = draft;
    if (result.kind === 'enriched' || result.lookups.length === 0) return draft;
    lookupTables = await tablesWithRows({ db: tx, orgId }, lookupTables, result.lookups);
  }
}
