import { sql } from 'kysely';
import {
  amount,
  code,
  customFields,
  description,
  flag,
  integer,
  name,
  optional,
  reference,
  withDefault,
} from '../../api/fields.ts';
import { anyId, type Filter, uuidParameter } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';
import { deletePrices } from './delete-prices.ts';

/** Plans whose template belongs to the product. */
function ofProduct(): Filter<string> {
  return {
    schema: uuidParameter(),
    where: (productId) => sql`exists (select from plan_template t
      where t.org_id = plan.org_id and t.id = plan.plan_template_id and t.product_id = ${productId})`,
  };
}

/** What an account is charged by: a template with own prices, amounts and texts (spec 30 §3). */
export const plan = defineResource({
  name: 'Plan',
  path: 'plans',
  summary: 'a plan',
  table: 'plan',
  permission: 'config:plan',
  event: 'configuration.plan',
  maxPageSize: 100,
  fields: {
    planTemplateId: reference('PlanTemplate'),
    name: name(),
    code: code(),
    standingCharge: optional(amount({ min: 0 })),
    standingChargeDescription: optional(description()),
    standingChargeBillInAdvance: optional(flag()),
    standingChargeAccountingProductId: optional(reference('Product')),
    minimumSpend: optional(amount({ min: 0 })),
    minimumSpendDescription: optional(description()),
    minimumSpendBillInAdvance: optional(flag()),
    minimumSpendAccountingProductId: optional(reference('Product')),
    ordinal: optional(integer({ min: 0 })),
    bespoke: withDefault(flag(), false),
    accountId: optional(reference('Account')),
    customFields: customFields(),
  },
  filters: { productId: ofProduct(), accountId: anyId('accountId'), ids: anyId('id') },
  immutable: ['accountId'],
  computed: {
    productId: {
      schema: reference('Product'),
      sql: sql`select t.product_id from plan_template t
               where t.org_id = plan.org_id and t.id = plan.plan_template_id`,
    },
  },
  example: { planTemplateId: '{PlanTemplate}', name: 'Pro', code: 'pro', minimumSpend: 40 },
  complete: (values) => {
    if (values.accountId !== null) return { ...values, bespoke: true };
    if (values.bespoke) throw refusal('VALIDATION_FAILED', 'accountId', 'is required for a bespoke plan');
    return values;
  },
  check: async (scope, next, before) => {
    if (before && before.planTemplateId !== next.planTemplateId) {
      await templatesMustAgree(scope, [before.planTemplateId, next.planTemplateId]);
    }
  },
  beforeDelete: (scope, { id }) => deletePrices(scope, sql`plan_id = ${id}`),
});

/** A plan moves only to a template of the same product and currency (spec 30 §3.1). */
async function templatesMustAgree({ tx, orgId }: CheckScope, ids: readonly string[]): Promise<void> {
  const { rows } = await sql<{ kinds: string }>`
    select count(distinct (product_id, currency)) as kinds from plan_template
    where org_id = ${orgId} and id = any(${ids}::uuid[])`.execute(tx);
  if (String(rows[0]?.kinds) !== '1') {
    throw refusal(
      'VALIDATION_FAILED',
      'planTemplateId',
      'must be a template of the same product and currency',
    );
  }
}
