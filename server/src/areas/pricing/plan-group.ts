import { sql } from 'kysely';
import { deleteOwned } from '../../api/delete-owned.ts';
import {
  amount,
  code,
  customFields,
  description,
  flag,
  name,
  optional,
  reference,
  text,
} from '../../api/fields.ts';
import { anyId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';
import { planGroupLink } from './plan-group-link.ts';

/** Several plans under one minimum spend and one standing charge (spec 30 §4). */
export const planGroup = defineResource({
  name: 'PlanGroup',
  path: 'plangroups',
  summary: 'a plan group',
  table: 'plan_group',
  permission: 'config:plangroup',
  event: 'configuration.plangroup',
  maxPageSize: 200,
  fields: {
    name: name(),
    code: optional(code()),
    currency: text({ min: 3, max: 3 }),
    standingCharge: optional(amount({ min: 0 })),
    standingChargeDescription: optional(description()),
    standingChargeBillInAdvance: optional(flag()),
    standingChargeAccountingProductId: optional(reference('Product')),
    minimumSpend: optional(amount({ min: 0 })),
    minimumSpendDescription: optional(description()),
    minimumSpendBillInAdvance: optional(flag()),
    minimumSpendAccountingProductId: optional(reference('Product')),
    accountId: optional(reference('Account')),
    customFields: customFields(),
  },
  filters: { accountId: anyId('accountId'), ids: anyId('id') },
  example: { name: 'Bundle', currency: 'USD', minimumSpend: 500 },
  check: async (scope, next, before) => {
    if (before && before.accountId !== next.accountId) await ownerMustFit(scope, next);
  },
  beforeDelete: (scope, { id }) => deleteOwned(planGroupLink, scope, sql`plan_group_id = ${id}`),
});

/**
 * A group changes its account only as far as its attachments and its bespoke plans allow (spec 30 §4, §16.4).
 */
async function ownerMustFit(
  scope: CheckScope,
  group: { id: string; accountId: string | null },
): Promise<void> {
  const { rows } = await sql`
    select from account_plan where org_id = ${scope.orgId} and plan_group_id = ${group.id}
      and account_id <> ${group.accountId}::uuid
    union all
    select from plan_group_link l join plan p on p.org_id = l.org_id and p.id = l.plan_id
    where l.org_id = ${scope.orgId} and l.plan_group_id = ${group.id}
      and p.account_id is distinct from ${group.accountId}::uuid and p.account_id is not null
    limit 1`.execute(scope.tx);
  if (rows.length > 0) {
    throw refusal('VALIDATION_FAILED', 'accountId', 'does not fit the attachments or the plans of the group');
  }
}
