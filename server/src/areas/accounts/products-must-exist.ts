import { sql } from 'kysely';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';

/** Products inside of a list have no foreign key, so they are looked up (spec 10 §9). */
export async function productsMustExist(
  { tx, orgId }: CheckScope,
  productIds: readonly string[],
): Promise<void> {
  if (productIds.length === 0) return;
  const { rows } = await sql<{ id: string }>`
    select id from product where org_id = ${orgId} and id = any(${productIds}::uuid[])`.execute(tx);
  const known = new Set(rows.map(({ id }) => id));
  const unknown = productIds.findIndex((id) => !known.has(id));
  if (unknown < 0) return;
  throw refusal('REFERENCE_NOT_FOUND', `productIds[${unknown}]`, 'names something that does not exist');
}
