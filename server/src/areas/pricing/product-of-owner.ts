import { sql } from 'kysely';

/** The product of a plan or of a plan template, of which exactly one is given, as a query. */
export function productOfOwner(
  orgId: string,
  owner: { planId: string | null; planTemplateId: string | null },
) {
  return sql<string>`(select t.product_id from plan_template t where t.org_id = ${orgId} and t.id = coalesce(
    ${owner.planTemplateId}::uuid,
    (select p.plan_template_id from plan p where p.org_id = ${orgId} and p.id = ${owner.planId}::uuid)))`;
}
