import { sql } from 'kysely';
import type { Db, Row, Tx } from '../../store/database.ts';
import type { LineRow } from './bill-rows.ts';

/** What an id is called; the code is null where the entity has none. */
export type Named = { readonly id: string; readonly name: string; readonly code: string | null };

/** Entities by id; what has been deleted since is missing. */
export type Names = ReadonlyMap<string, Named>;

const NAMED_TABLES = [
  ...['account', 'product', 'plan', 'plan_group', 'aggregation', 'compound_aggregation', 'meter', 'counter'],
  ...['contract', 'balance', 'charge'],
];

const NAMING_FIELDS = [
  ...['productId', 'planId', 'planGroupId', 'aggregationId', 'compoundAggregationId', 'meterId', 'counterId'],
  ...['contractId', 'balanceId', 'chargeId', 'childAccountId'],
];

/** Names of everything that the lines refer to, in one query. */
export async function namesOf(db: Db | Tx, orgId: string, lines: readonly LineRow[]): Promise<Names> {
  const ids = new Set(lines.flatMap(idsOf).filter((id) => typeof id === 'string'));
  const parts = NAMED_TABLES.map(
    (table) => sql`select id, name, code from ${sql.table(table)}
      where org_id = ${orgId} and id = any(${[...ids]}::uuid[])`,
  );
  const { rows } = await sql<Named>`${sql.join(parts, sql` union all `)}`.execute(db);
  return new Map(rows.map((row) => [row.id, row]));
}

function idsOf(line: LineRow): readonly unknown[] {
  const { accountId, usage = [] } = line.reason;
  const used = usage.flatMap((source) => [source.aggregationId, ...source.accountIds]);
  return [accountId, ...used, ...NAMING_FIELDS.map((field) => line[field])];
}

/** The entity with its name, its id alone when it has been deleted, null for none. */
export function named(names: Names, id: unknown): Row | null {
  if (typeof id !== 'string') return null;
  return { ...(names.get(id) ?? { id }) };
}
