import { sql } from 'kysely';
import { ENGINE_VERSION } from '../../engine/version.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Db, Row, Tx } from '../../store/database.ts';
import type { Writer } from '../../store/entity-store.ts';
import { rowSet } from '../../store/row-set.ts';
import { withNext } from '../../store/value-client.ts';
import {
  type CatalogTexts,
  type FactParts,
  factParts,
  factsFromParts,
  type KeptFacts,
} from './bill-fact-parts.ts';
import type { CalculatedUnit } from './calculate-units.ts';

/** A written bill and the calculation that it comes from. */
export type BillOrigin = { readonly billId: string; readonly unit: CalculatedUnit };

/** What a bill was calculated from, as it is kept. */
export type BillFactTexts = {
  readonly billId: string;
  readonly measuredBefore: Instant | null;
  readonly parts: FactParts;
};

/** The texts of what bills were calculated from; `catalogs` remembers those that many share. */
export function billFactTexts(
  origins: readonly BillOrigin[],
  catalogs: CatalogTexts,
): readonly BillFactTexts[] {
  const known = new Map<CalculatedUnit, FactParts>();
  return origins.map(({ billId, unit }) => {
    const parts = known.get(unit) ?? factParts(unit, catalogs);
    known.set(unit, parts);
    return { billId, measuredBefore: unit.measuredBefore, parts };
  });
}

/**
 * Keeps what the bills were calculated from, in two statements however many bills they are. Equal facts are
 * kept once: a month changes little of them.
 */
export async function keepBillFacts(tx: Tx, writer: Writer, texts: readonly BillFactTexts[]): Promise<void> {
  if (texts.length === 0) return;
  const { orgId } = writer;
  await sql`${withNext}select pg_advisory_xact_lock_shared(hashtextextended(${lockName(orgId)}, 0))`.execute(
    tx,
  );
  await insertSets(tx, orgId, texts);
  const manifests = texts.map((text) => manifestRow(writer, text));
  await sql`${withNext}insert into bill_manifest as m
    select r.* from ${await rowSet(tx, 'bill_manifest', manifests)} r
    on conflict (org_id, bill_id) do update
    set (engine_version, calculated_at, catalog_digest, unit_digest, run_digest, measured_before) =
      (excluded.engine_version, excluded.calculated_at, excluded.catalog_digest, excluded.unit_digest,
      excluded.run_digest, excluded.measured_before)`.execute(tx);
}

function manifestRow({ orgId, now }: Writer, { billId, measuredBefore, parts }: BillFactTexts): Row {
  return {
    orgId,
    billId,
    engineVersion: ENGINE_VERSION,
    calculatedAt: now,
    catalogDigest: parts.catalog.digest,
    unitDigest: parts.unit.digest,
    runDigest: parts.run.digest,
    measuredBefore,
  };
}

/** Whoever keeps facts has it shared; the one who removes unused facts has it alone. */
export function lockName(orgId: string): string {
  return `bill facts of ${orgId}`;
}

async function insertSets(tx: Tx, orgId: string, texts: readonly BillFactTexts[]): Promise<void> {
  const sets = texts.flatMap(({ parts }) => [parts.catalog, parts.unit, parts.run]);
  const unique = new Map(sets.map(({ digest, content }) => [digest, content]));
  // In one order, so that transactions with equal facts never wait for each other in a circle.
  const digests = [...unique.keys()].sort();
  // Neither has line breaks. As a text[], the driver would look for quotes in all of it once more.
  const contents = digests.map((digest) => unique.get(digest) ?? '').join('\n');
  await sql`${withNext}insert into bill_fact_set (org_id, digest, content)
    select ${orgId}, s.digest, s.content
    from unnest(string_to_array(${digests.join('\n')}::text, e'\\n'),
      string_to_array(${contents}::text, e'\\n')) s (digest, content)
    on conflict do nothing`.execute(tx);
}

/** Which facts a bill was last calculated from. */
export type BillManifest = {
  readonly engineVersion: string;
  readonly calculatedAt: Instant;
  readonly catalogDigest: string;
  readonly unitDigest: string;
  readonly runDigest: string;
  /** What came at it or after may be missing; null where only the time of calculation is known. */
  readonly measuredBefore: Instant | null;
};

/** A bill's manifest and the facts; null for a bill that was calculated before facts were kept. */
export async function billFacts(
  db: Db | Tx,
  orgId: string,
  billId: string,
): Promise<(KeptFacts & { readonly manifest: BillManifest }) | null> {
  const { rows } = await sql<BillManifest & { catalog: string; unit: string; run: string }>`
    select m.engine_version, m.calculated_at, m.catalog_digest, m.unit_digest, m.run_digest,
      m.measured_before,
      catalog.content as catalog, own.content as unit, run.content as run
    from bill_manifest m
    join bill_fact_set catalog on catalog.org_id = m.org_id and catalog.digest = m.catalog_digest
    join bill_fact_set own on own.org_id = m.org_id and own.digest = m.unit_digest
    join bill_fact_set run on run.org_id = m.org_id and run.digest = m.run_digest
    where m.org_id = ${orgId} and m.bill_id = ${billId}`.execute(db);
  const [row] = rows;
  if (row === undefined) return null;
  const { catalog, unit, run, ...manifest } = row;
  return { ...factsFromParts({ catalog, unit, run }), manifest };
}

/** As `billFacts`; throws ILLEGAL_STATE when nothing was kept. */
export async function keptBillFacts(db: Db | Tx, orgId: string, billId: string) {
  const kept = await billFacts(db, orgId, billId);
  if (kept !== null) return kept;
  const reason = 'the bill was calculated before its facts were kept; recalculate it first';
  throw new ApiError('ILLEGAL_STATE', reason);
}
