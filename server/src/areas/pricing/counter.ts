import { sql } from 'kysely';
import { code, longText, name, optional, reference } from '../../api/fields.ts';
import { anyCode, anyId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';

/**
 * Something that accounts hold a number of, such as seats; without a product it prices any plan (spec 30
 * §15.1).
 */
export const counter = defineResource({
  name: 'Counter',
  path: 'counters',
  summary: 'a counter',
  table: 'counter',
  permission: 'config:counter',
  event: 'configuration.counter',
  maxPageSize: 200,
  fields: {
    name: name(),
    code: optional(code()),
    unit: longText(),
    productId: optional(reference('Product')),
  },
  filters: { ids: anyId('id'), codes: anyCode('code'), productId: anyId('productId') },
  example: { name: 'Seats', code: 'seats', unit: 'seat' },
  complete: async (values, before, scope) => {
    if (before === null || values.productId === before.productId) return values;
    const pricingId = await counterPricingOf(scope, before.id);
    if (pricingId === null) return values;
    if (values.productId === null) return { ...values, productId: before.productId };
    throw refusal(
      'IMMUTABLE_FIELD',
      'productId',
      `cannot be changed while counter pricing ${pricingId} uses it`,
    );
  },
});

/** The id of a pricing of the counter, or null when it has none. */
async function counterPricingOf(scope: CheckScope, counterId: string): Promise<string | null> {
  const { rows } = await sql<{ id: string }>`select id from counter_pricing
    where org_id = ${scope.orgId} and counter_id = ${counterId} order by id limit 1`.execute(scope.tx);
  return rows[0]?.id ?? null;
}
