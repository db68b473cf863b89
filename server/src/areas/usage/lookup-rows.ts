import type { LookupTables } from '../../engine/expression/lookups.ts';
import { lookupTablesOf } from '../../engine/expression/walk.ts';
import type { MeterDefinition } from '../../engine/metering/fields.ts';
import type { Tx } from '../../store/database.ts';
import { publishedRevisions, unreadTables } from '../catalog/index.ts';

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
