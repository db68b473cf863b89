import { sql } from 'kysely';
import { isEarlier } from '../../api/body-rules.ts';
import { changeOf, scopeOf } from '../../api/entity-writes.ts';
import type { AnyCall } from '../../api/operation.ts';
import type { Resource } from '../../api/resource-spec.ts';
import { type Instant, localDate, type PlainDate } from '../../kernel/time.ts';
import type { Condition } from '../../store/database.ts';
import { lockEntity, replaceEntity, type Stored } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { counterPricing, pricing } from '../pricing/index.ts';
import { accountPlan } from './account-plan.ts';
import { contract } from './contract.ts';

/** What can be ended together on an account (spec 50 §3.3). */
export const BILLING_ENTITIES = [
  'CONTRACT',
  'ACCOUNTPLAN',
  'PREPAYMENT',
  'PRICINGS',
  'COUNTER_PRICINGS',
] as const;
export type BillingEntity = (typeof BILLING_ENTITIES)[number];

type Kind = {
  readonly resource: Resource;
  /** True when the end is a date of the organization's zone, not a moment. */
  readonly endsOnDate: boolean;
  readonly of: (accountIds: readonly string[]) => Condition;
};

const KINDS: { readonly [entity in BillingEntity]?: Kind } = {
  CONTRACT: { resource: contract, endsOnDate: true, of: ofAccounts },
  ACCOUNTPLAN: { resource: accountPlan, endsOnDate: false, of: ofAccounts },
  PRICINGS: { resource: pricing, endsOnDate: false, of: ofBespokePlans },
  COUNTER_PRICINGS: { resource: counterPricing, endsOnDate: false, of: ofBespokePlans },
};

function ofAccounts(accountIds: readonly string[]): Condition {
  return sql`account_id = any(${accountIds}::uuid[])`;
}

/** Prices that no other account sees: those of plans made for one of the accounts. */
function ofBespokePlans(accountIds: readonly string[]): Condition {
  return sql`exists (select from plan p
    where p.org_id = priced.org_id and p.id = priced.plan_id and p.account_id = any(${accountIds}::uuid[]))`;
}
