import { sql } from 'kysely';
import {
  type LookupNeed,
  type LookupRow,
  type LookupTable,
  type LookupTables,
  lookupRowKey,
} from '../../engine/expression/lookups.ts';
import { lookupTablesOf } from '../../engine/expression/walk.ts';
import { enrich } from '../../engine/metering/enrich.ts';
import type { Enrichment, EnrichmentSnapshot, SubmittedBatch } from '../../engine/metering/enrichment.ts';
import type { MeterDefinition } from '../../engine/metering/fields.ts';
import type { Tx } from '../../store/database.ts';
import { lookupKeyHash } from '../catalog/index.ts';

/** The PUBLISHED revision of a table, with its id to read rows of. */
type PublishedTable = LookupTable & { readonly revisionId: string };

type StoredTable = { readonly code: string; readonly revisionId: string | null } & Pick<
  LookupTable,
  'fields' | 'keys'
>;

/** The tables that calculations of these meters name, without rows (spec 20 §15.6). */
export async function loadLookupTables(
  tx: Tx,
  orgId: string,
  meters: Iterable<MeterDefinition>,
): Promise<LookupTables> {
  const codes = [...meters].flatMap(({ derivedFields }) =>
    derivedFields.flatMap(({ root }) => (root ? lookupTablesOf(root) : [])),
  );
  if (codes.length === 0) return new Map();
  const { rows } = await sql<StoredTable>`
    select t.code, r.id as revision_id, r.fields, r.keys
    from lookup_table t left join lookup_table_revision r
      on r.org_id = t.org_id and r.lookup_table_id = t.id and r.status = 'PUBLISHED'
    where t.org_id = ${orgId} and t.code = any(${codes}::text[])`.execute(tx);
  return new Map(
    rows.map(({ code, ...table }) => [
      code,
      table.revisionId === null ? null : { ...table, rows: new Map() },
    ]),
  );
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
    lookupTables = await withRows(tx, orgId, { tables: lookupTables, needs: result.lookups });
  }
}

type Reading = { readonly tables: LookupTables; readonly needs: readonly LookupNeed[] };

async function withRows(tx: Tx, orgId: string, { tables, needs }: Reading): Promise<LookupTables> {
  const completed = new Map(tables);
  for (const [code, table] of tables) {
    const keys = needs.filter((need) => need.table === code).map((need) => need.key);
    if (table === null || keys.length === 0) continue;
    const { revisionId } = table as PublishedTable;
    const read = await readRows(tx, { orgId, revisionId, keys });
    completed.set(code, { ...table, rows: new Map([...table.rows, ...read]) });
  }
  return completed;
}

type RowsOfRevision = {
  readonly orgId: string;
  readonly revisionId: string;
  readonly keys: readonly LookupNeed['key'][];
};

/** For each key its row or null, by `lookupRowKey`. */
async function readRows(
  tx: Tx,
  { orgId, revisionId, keys }: RowsOfRevision,
): Promise<[string, LookupRow | null][]> {
  const hashes = keys.map(lookupKeyHash);
  const { rows } = await sql<{ keyHash: string; item: LookupRow }>`
    select key_hash, item from lookup_table_item
    where org_id = ${orgId} and revision_id = ${revisionId}
      and key_hash = any(${hashes}::text[])`.execute(tx);
  const items = new Map(rows.map((row) => [row.keyHash, row.item]));
  return keys.map((key) => [lookupRowKey(key), items.get(lookupKeyHash(key)) ?? null]);
}
