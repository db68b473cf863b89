import { sql } from 'kysely';
import {
  type LookupNeed,
  type LookupRow,
  type LookupRows,
  type LookupSchema,
  type LookupTable,
  type LookupTables,
  lookupRowKey,
} from '../../engine/expression/lookups.ts';
import { present } from '../../kernel/assert.ts';
import type { Reader } from '../../store/database.ts';
import { lookupKeyHash } from './lookup-table-item.ts';

/** The PUBLISHED revision of a table. */
export type PublishedRevision = LookupSchema & { readonly revisionId: string };

/** By table code; null = no revision is PUBLISHED; absent = there is no such table. */
export type PublishedRevisions = ReadonlyMap<string, PublishedRevision | null>;

type Source = { readonly db: Reader; readonly orgId: string };
type StoredTable = LookupSchema & { readonly code: string; readonly revisionId: string | null };

/** The revisions that calculations which name these tables look rows up in (spec 20 §15.6). */
export async function publishedRevisions(
  { db, orgId }: Source,
  codes: readonly string[],
): Promise<PublishedRevisions> {
  if (codes.length === 0) return new Map();
  const { rows } = await sql<StoredTable>`
    select t.code, r.id as revision_id, r.fields, r.keys
    from lookup_table t left join lookup_table_revision r
      on r.org_id = t.org_id and r.lookup_table_id = t.id and r.status = 'PUBLISHED'
    where t.org_id = ${orgId} and t.code = any(${codes}::text[])`.execute(db);
  return new Map(
    rows.map(({ code, revisionId, fields, keys }) => [
      code,
      revisionId === null ? null : { revisionId, fields, keys },
    ]),
  );
}

/** For each need its row or null, by table code. Needs of tables without a revision are left out. */
export async function lookupRows(
  source: Source,
  revisions: PublishedRevisions,
  needs: readonly LookupNeed[],
): Promise<ReadonlyMap<string, LookupRows>> {
  const found = new Map<string, LookupRows>();
  for (const [code, revision] of revisions) {
    const keys = needs.filter((need) => need.table === code).map((need) => need.key);
    if (revision === null || keys.length === 0) continue;
    found.set(code, await rowsOfRevision(source, { revisionId: revision.revisionId, keys }));
  }
  return found;
}

/** A table with the id of its revision, to read rows of. */
type ReadTable = LookupTable & PublishedRevision;

/** The tables as calculations take them before any row was read. */
export function unreadTables(revisions: PublishedRevisions): LookupTables {
  const tables = [...revisions].map(([code, revision]) => {
    const table: ReadTable | null = revision && { rows: new Map(), ...revision };
    return [code, table] as const;
  });
  return new Map(tables);
}

/** The tables with those rows besides; `tables` come from `unreadTables`. */
export async function tablesWithRows(
  source: Source,
  tables: LookupTables,
  needs: readonly LookupNeed[],
): Promise<LookupTables> {
  const known = tables as ReadonlyMap<string, ReadTable | null>;
  const completed = new Map(known);
  for (const [code, rows] of await lookupRows(source, known, needs)) {
    const table = present(known.get(code), 'the table of the rows');
    completed.set(code, { ...table, rows: new Map([...table.rows, ...rows]) });
  }
  return completed;
}

type Wanted = { readonly revisionId: string; readonly keys: readonly LookupNeed['key'][] };

async function rowsOfRevision({ db, orgId }: Source, { revisionId, keys }: Wanted): Promise<LookupRows> {
  const hashes = keys.map(lookupKeyHash);
  const { rows } = await sql<{ keyHash: string; item: LookupRow }>`
    select key_hash, item from lookup_table_item
    where org_id = ${orgId} and revision_id = ${revisionId}
      and key_hash = any(${hashes}::text[])`.execute(db);
  const items = new Map(rows.map((row) => [row.keyHash, row.item]));
  return new Map(keys.map((key) => [lookupRowKey(key), items.get(lookupKeyHash(key)) ?? null]));
}
