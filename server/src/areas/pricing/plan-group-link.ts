import { sql } from 'kysely';
import { reference } from '../../api/fields.ts';
import { anyId, equalId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';
import { lockAttachments, refuseClash } from './attachment-clash.ts';

/** One plan as a member of one plan group (spec 30 §4). */
export const planGroupLink = defineResource({
  name: 'PlanGroupLink',
  path: 'plangrouplinks',
  summary: 'a plan group link',
  table: 'plan_group_link',
  permission: 'config:plangrouplink',
  event: 'configuration.plangrouplink',
  maxPageSize: 100,
  fields: { planGroupId: reference('PlanGroup'), planId: reference('Plan') },
  filters: { planGroup: equalId('planGroupId'), plan: equalId('planId'), ids: anyId('id') },
  example: { planGroupId: '{PlanGroup}', planId: '{Plan}' },
  check: async (scope, next, before) => {
    await lockAttachments(scope, next.planGroupId);
    await bespokePlanMustFit(scope, next);
    if (!(await addsProduct(scope, next, before))) return;
    const attachment = sql<boolean>`a.plan_group_id = ${next.planGroupId}`;
    await refuseClash(scope, { field: 'planId', attachment, planId: next.planId });
  },
});

type Link = { readonly id: string; readonly planGroupId: string; readonly planId: string };

/** Whether the group had no plan of the product before; else it clashes with nothing more. */
async function addsProduct(
  { tx, orgId }: CheckScope,
  { id, planGroupId, planId }: Link,
  before: Link | null,
): Promise<boolean> {
  const replacedId = before?.planGroupId === planGroupId ? before.planId : null;
  const { rows } = await sql`
    select from plan p
    join plan_template t on t.org_id = p.org_id and t.id = p.plan_template_id
    join plan other on other.org_id = p.org_id and (other.id = ${replacedId} or other.id in (
      select plan_id from plan_group_link
      where org_id = ${orgId} and plan_group_id = ${planGroupId} and id <> ${id}))
    join plan_template u on u.org_id = p.org_id and u.id = other.plan_template_id
    where p.org_id = ${orgId} and p.id = ${planId} and u.product_id = t.product_id limit 1`.execute(tx);
  return rows.length === 0;
}

/** A plan made for one account joins only groups made for the same account. */
async function bespokePlanMustFit(
  { tx, orgId }: CheckScope,
  link: { planGroupId: string; planId: string },
): Promise<void> {
  const { rows } = await sql`
    select from plan p join plan_group g on g.org_id = p.org_id and g.id = ${link.planGroupId}
    where p.org_id = ${orgId} and p.id = ${link.planId}
      and p.account_id is not null and p.account_id is distinct from g.account_id`.execute(tx);
  if (rows.length > 0) {
    throw refusal(
      'VALIDATION_FAILED',
      'planId',
      'is a bespoke plan and the group is not for the same account',
    );
  }
}
