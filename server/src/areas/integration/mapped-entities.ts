import { sql } from 'kysely';
import { refusal } from '../../kernel/errors.ts';
import { uuidFromText } from '../../kernel/ids.ts';
import { columnName } from '../../store/column-name.ts';
import type { Tx } from '../../store/database.ts';

/** Entities that mappings are offered for (spec 60 §7); mappings of other names are free-form. */
export const MAPPED_ENTITIES = [
  'Account',
  'AccountPlan',
  'Aggregation',
  'Balance',
  'Bill',
  'Commitment',
  'CompoundAggregation',
  'Contract',
  'Counter',
  'Currency',
  'Meter',
  'Plan',
  'PlanGroup',
  'PlanTemplate',
  'Product',
  'TransactionType',
] as const;

type Mapped = { readonly m3terEntity: string; readonly m3terId: string };

/**
 * Refuses a mapping of an entity of ours that does not exist. The row is kept from being deleted until the
 * transaction ends, so that its delete finds the mapping.
 */
export async function mappedEntityMustExist(
  { tx, orgId }: { readonly tx: Tx; readonly orgId: string },
  { m3terEntity, m3terId }: Mapped,
): Promise<void> {
  const known = MAPPED_ENTITIES.find((name) => name.toLowerCase() === m3terEntity.toLowerCase());
  if (known === undefined) return;
  const id = uuidFromText(m3terId);
  const { rows } = await sql`select from ${sql.table(tableOf(known))}
    where org_id = ${orgId} and id = ${id} for key share`.execute(tx);
  if (rows.length === 0) throw refusal('REFERENCE_NOT_FOUND', 'm3terId', `names no ${known} that exists`);
}

/** `PlanTemplate` is kept in plan_template. */
function tableOf(entity: string): string {
  return columnName(entity).slice(1);
}
