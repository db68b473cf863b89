import type { LookupTables } from '../../engine/expression/lookups.ts';
import { lookupTablesOf } from '../../engine/expression/walk.ts';
import { enrich } from '../../engine/metering/enrich.ts';
import type { Enrichment, EnrichmentSnapshot, SubmittedBatch } from '../../engine/metering/enrichment.ts';
import type { MeterDefinition } from '../../engine/metering/fields.ts';
import type { Tx } from '../../store/database.ts';
import { publishedRevisions, tablesWithRows, unreadTables } from '../catalog/index.ts';

/** The tables that calculations of these meters name, without rows (spec 20 §15.6). */
export async function loadLookupTables(
  tx: Tx,
  orgId: string,
  meters: Iterable<MeterDefinition>,
): Promise<LookupTables> {
  const codes = [...meters].flatMap(({ derivedFields }) =>
    derivedFields.flatMap(({ root }) => (root ? lookupTablesOf(root) : [])),
  );
  return unreadTables(await publishedRevisions({ db: tx, orgId }, codes));
}

/**
 * Enriches until no more rows of lookup tables are needed: the result, and the lookup tables with the rows
 * that were read. A key may come from another row, so there are as many rounds as lookups lie within one
 * another; each reads rows that were not known to be there or not.
 */
export async function enrichWithLookups(
  tx: Tx,
  batches: readonly SubmittedBatch[],
  { orgId, snapshot }: { readonly orgId: string; readonly snapshot: EnrichmentSnapshot },
): Promise<{ readonly result: Enrichment; readonly lookupTables: LookupTables }> {
  let { lookupTables } = snapshot;
  for (;;) {
    const result = enrich(batches, { ...snapshot, lookupTables });
    if (result.kind === 'enriched' || result.lookups.length === 0) return { result, lookupTables };
    lookupTables = await tablesWithRows({ db: tx, orgId }, lookupTables, result.lookups);
  }
}
