import { sql } from 'kysely';
import type {
  AccountFacts,
  AccountPlanFacts,
  ContractFacts,
  CounterAdjustmentFacts,
} from '../../engine/billing/facts.ts';
import type { Reader } from '../../store/database.ts';
import { prepared } from '../../store/value-client.ts';

/** A contract and the account that signed it. */
export type ContractRow = ContractFacts & { readonly accountId: string };

type Source = { readonly db: Reader; readonly orgId: string };

/** The accounts of the units, parents and children. */
export async function loadAccounts(
  { db, orgId }: Source,
  unitIds: readonly string[],
): Promise<readonly AccountFacts[]> {
  const { rows } = await sql<AccountFacts>`${prepared}
    select id, code, parent_account_id, bill_epoch, currency, days_before_bill_due, purchase_order_number,
      credit_application_order
    from account
    where org_id = ${orgId} and (id = any(${unitIds}::uuid[]) or parent_account_id = any(${unitIds}::uuid[]))
  `.execute(db);
  return rows;
}

/** The plans attached to the accounts. */
export async function loadAccountPlans(
  { db, orgId }: Source,
  ids: readonly string[],
): Promise<readonly AccountPlanFacts[]> {
  const { rows } = await sql<AccountPlanFacts>`${prepared}
    select id, account_id, plan_id, plan_group_id, start_date, end_date, bill_epoch, contract_id,
      child_billing_mode
    from account_plan where org_id = ${orgId} and account_id = any(${ids}::uuid[])`.execute(db);
  return rows;
}

/**
 * The contracts of the accounts, and those with the ids that something of theirs is linked to: a child that
 * has left its parent keeps the contract of the parent that its plans name (spec 50 §3.1).
 */
export async function loadContracts(
  { db, orgId }: Source,
  {
    accountIds,
    linkedIds,
  }: { readonly accountIds: readonly string[]; readonly linkedIds: readonly string[] },
): Promise<readonly ContractRow[]> {
  const { rows } = await sql<ContractRow>`${prepared}
    select c.id, c.account_id, c.start_date, c.end_date, c.purchase_order_number,
      c.apply_contract_period_limits, c.usage_filters,
      case when k.id is not null then jsonb_build_object('id', k.id, 'exclusive', k.exclusive) end
        as bill_grouping_key
    from contract c
    left join bill_grouping_key k on k.org_id = c.org_id and k.id = c.bill_grouping_key_id
    where c.org_id = ${orgId}
      and (c.account_id = any(${accountIds}::uuid[]) or c.id = any(${linkedIds}::uuid[]))`.execute(db);
  return rows;
}

/** The values that counters of the accounts have had. */
export async function loadCounterAdjustments(
  { db, orgId }: Source,
  ids: readonly string[],
): Promise<readonly CounterAdjustmentFacts[]> {
  const { rows } = await sql<CounterAdjustmentFacts>`${prepared}
    select id, account_id, counter_id, date, value::numeric as value
    from counter_adjustment where org_id = ${orgId} and account_id = any(${ids}::uuid[])`.execute(db);
  return rows;
}
