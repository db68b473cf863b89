import { sql } from 'kysely';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';

type Owned = { readonly id: string; readonly productId: string | null };

/**
 * With a pricing a compound aggregation may only leave its product, because its pricings may lie on plans of
 * any product once it is global and on plans of its own product before (spec 20 §12.4).
 */
export async function refuseOtherProduct(scope: CheckScope, next: Owned, before: Owned): Promise<void> {
  if (next.productId === null || next.productId === before.productId) return;
  const { rows } = await sql<{ id: string }>`select id from pricing
    where org_id = ${scope.orgId} and compound_aggregation_id = ${next.id}
    order by id limit 1`.execute(scope.tx);
  if (!rows[0]) return;
  throw refusal('IMMUTABLE_FIELD', 'productId', `cannot be changed while pricing ${rows[0].id} uses it`);
}
