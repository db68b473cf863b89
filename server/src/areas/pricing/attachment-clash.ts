import { sql } from 'kysely';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Condition } from '../../store/database.ts';

/** Which attachments are looked at for a clash, and on what field a refusal is told. */
type Clash = {
  readonly field: string;
  /** Chooses attachments by the columns of the alias `a`. */
  readonly attachment: Condition;
  /** Looks at the product of this plan only; at those of all plans when left out. */
  readonly planId?: string;
  /** When the attachment was active before, for its plans never change: clashes of then may stay. */
  readonly before?: { readonly startDate: Instant; readonly endDate: Instant | null } | null;
};

/**
 * Refuses when an attachment overlaps in time with another one of the same account that has a plan of the
 * same product, unless the organization allows it (spec 30 §16.1). A group stands for all of its plans. Where
 * it was active before, a clash counts when it reaches beyond that: from 5 to 20 May it grows when the
 * attachment ended on 10 May, and shrinks when it ended on 31 May.
 *
 * The caller holds the rows of the accounts, so that of two attachments written at the same time the second
 * sees the first.
 */
export async function refuseClash(scope: CheckScope, clash: Clash): Promise<void> {
  const { field, attachment, planId, before = null } = clash;
  const ofPlan = planId === undefined ? sql`true` : sql`a.product_id = ${productOfPlan(scope.orgId, planId)}`;
  const { rows } = await sql<{ id: string }>`
    with attachment as (
      select ap.*, t.product_id
      from account_plan ap
      left join plan_group_link l on l.org_id = ap.org_id and l.plan_group_id = ap.plan_group_id
      join plan p on p.org_id = ap.org_id and p.id = coalesce(ap.plan_id, l.plan_id)
      join plan_template t on t.org_id = p.org_id and t.id = p.plan_template_id
      where ap.org_id = ${scope.orgId} and ap.account_id in (
        select a.account_id from account_plan a where a.org_id = ${scope.orgId} and ${attachment})
    )
    select b.id from attachment a join attachment b
      on b.account_id = a.account_id and b.product_id = a.product_id and b.id <> a.id
      and a.start_date < coalesce(b.end_date, 'infinity') and b.start_date < coalesce(a.end_date, 'infinity')
    where ${attachment} and ${ofPlan} and ${before === null ? sql`true` : growthBeyond(before)}
      and not exists (
      select from organization_config c where c.org_id = ${scope.orgId} and c.allow_overlapping_plans)
    limit 1`.execute(scope.tx);
  const [other] = rows;
  if (!other) return;
  const message = `overlaps with the plans of the same product of account plan ${other.id}`;
  throw refusal('VALIDATION_FAILED', field, message);
}

function growthBeyond({ startDate, endDate }: NonNullable<Clash['before']>) {
  return sql`(greatest(a.start_date, b.start_date) < ${startDate}
    or least(coalesce(a.end_date, 'infinity'), coalesce(b.end_date, 'infinity'))
      > coalesce(${endDate}::timestamptz, 'infinity'))`;
}

function productOfPlan(orgId: string, planId: string) {
  return sql`(select t.product_id from plan p join plan_template t on t.org_id = p.org_id
    and t.id = p.plan_template_id where p.org_id = ${orgId} and p.id = ${planId})`;
}

/**
 * Holds a plan group and then every account that it is attached to until the transaction ends. Attaching
 * takes its locks in the same order, group before account, so that the two cannot wait for each other.
 */
export async function lockAttachments({ tx, orgId }: CheckScope, planGroupId: string): Promise<void> {
  await sql`select from plan_group where org_id = ${orgId} and id = ${planGroupId}
            for no key update`.execute(tx);
  await sql`select from account where org_id = ${orgId} and id in (
              select account_id from account_plan where org_id = ${orgId} and plan_group_id = ${planGroupId})
            order by id for no key update`.execute(tx);
}
