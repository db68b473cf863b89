import { sql } from 'kysely';
import { fieldsRefused } from '../../api/body.ts';
import { eitherMustBeSet, endMustFollowStart } from '../../api/body-rules.ts';
import {
  code,
  customFields,
  date,
  dateTime,
  oneOf,
  optional,
  reference,
  withDefault,
} from '../../api/fields.ts';
import { activeAt, anyId, equalId, type Filter, flagParameter, uuidParameter } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Condition } from '../../store/database.ts';
import { attachmentMustFit } from './attachment-rules.ts';

export const CHILD_BILLING_MODES = ['PARENT_BREAKDOWN', 'PARENT_SUMMARY', 'CHILD'] as const;

/** A plan, or a group of plans, attached to an account for a time (spec 30 §16). */
export const accountPlan = defineResource({
  name: 'AccountPlan',
  path: 'accountplans',
  summary: 'an account plan',
  table: 'account_plan',
  permission: 'config:accountplan',
  event: 'configuration.accountplan',
  maxPageSize: 100,
  fields: {
    accountId: reference('Account'),
    planId: optional(reference('Plan')),
    planGroupId: optional(reference('PlanGroup')),
    startDate: dateTime(),
    endDate: optional(dateTime()),
    code: optional(code()),
    billEpoch: optional(date()),
    contractId: optional(reference('Contract')),
    childBillingMode: withDefault(oneOf(CHILD_BILLING_MODES), 'PARENT_BREAKDOWN'),
    customFields: customFields(),
  },
  filters: {
    account: equalId('accountId'),
    plan: ofPlan(),
    product: ofProduct(),
    contract: ofContract(),
    date: activeAt('accountPlan'),
    includeall: { schema: flagParameter(), where: () => sql`true` },
    ids: anyId('id'),
  },
  immutable: ['accountId'],
  computed: {
    productId: {
      schema: reference('Product'),
      sql: sql`select t.product_id from plan p
               join plan_template t on t.org_id = p.org_id and t.id = p.plan_template_id
               where p.org_id = account_plan.org_id and p.id = account_plan.plan_id`,
    },
  },
  example: { accountId: '{Account}', planId: '{Plan}', startDate: '2024-01-01T00:00:00Z' },
  complete: (values, before) => {
    eitherMustBeSet(values, ['planId', 'planGroupId'], before);
    endMustFollowStart(values);
    return values;
  },
  check: attachmentMustFit,
  listRules: listConditions,
});

function ofPlan(): Filter<string> {
  return { schema: uuidParameter(), where: (id) => sql`plan_id = ${id}` };
}

/** Attachments of a plan of the product; a group has no product of its own. */
function ofProduct(): Filter<string> {
  return {
    schema: uuidParameter(),
    where: (id) => sql`exists (select from plan p
      join plan_template t on t.org_id = p.org_id and t.id = p.plan_template_id
      where p.org_id = account_plan.org_id and p.id = account_plan.plan_id and t.product_id = ${id})`,
  };
}

/**
 * Attachments of plans that are linked to the contract; those of groups are never listed by it (spec 30
 * §16.3).
 */
function ofContract(): Filter<string> {
  return { schema: uuidParameter(), where: (id) => sql`(contract_id = ${id} and plan_group_id is null)` };
}

/**
 * Lists by account, plan or contract have what is active now, unless `includeall` or a `date` asks for
 * something else; a product is looked for within an account only (spec 30 §16.3).
 */
function listConditions(query: Readonly<Record<string, unknown>>, now: Instant): readonly Condition[] {
  const { account, plan, product, contract, date: moment, includeall } = query;
  if (product !== undefined && account === undefined) {
    throw fieldsRefused([{ field: 'product', message: 'needs the parameter account' }]);
  }
  const scoped = [account, plan, contract].some((id) => id !== undefined);
  if (!scoped || includeall === true || moment !== undefined) return [];
  const at = String(now);
  return [sql`(start_date <= ${at} and (end_date is null or end_date > ${at}))`];
}
