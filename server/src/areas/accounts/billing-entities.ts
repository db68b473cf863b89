import { sql } from 'kysely';
import { isEarlier } from '../../api/body-rules.ts';
import { changeOf, scopeOf } from '../../api/entity-writes.ts';
import type { AnyCall } from '../../api/operation.ts';
import type { Resource } from '../../api/resource-spec.ts';
import { present } from '../../kernel/assert.ts';
import { type Instant, localDate, type PlainDate } from '../../kernel/time.ts';
import type { Condition } from '../../store/database.ts';
import { lockEntity, replaceEntity, type Stored } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { counterPricing, pricing } from '../pricing/index.ts';
import { accountPlan } from './account-plan.ts';
import { commitment } from './commitment.ts';
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

const KINDS: ReadonlyMap<BillingEntity, Kind> = new Map<BillingEntity, Kind>([
  ['CONTRACT', { resource: contract, endsOnDate: true, of: ofAccounts }],
  ['ACCOUNTPLAN', { resource: accountPlan, endsOnDate: false, of: ofAccounts }],
  ['PREPAYMENT', { resource: commitment, endsOnDate: true, of: ofAccounts }],
  ['PRICINGS', { resource: pricing, endsOnDate: false, of: ofBespokePlans }],
  ['COUNTER_PRICINGS', { resource: counterPricing, endsOnDate: false, of: ofBespokePlans }],
]);

function ofAccounts(accountIds: readonly string[]): Condition {
  return sql`account_id = any(${accountIds}::uuid[])`;
}

/** Prices that no other account sees: those of plans made for one of the accounts. */
function ofBespokePlans(accountIds: readonly string[]): Condition {
  return sql`exists (select from plan p
    where p.org_id = entity.org_id and p.id = entity.plan_id and p.account_id = any(${accountIds}::uuid[]))`;
}

export type Ending = {
  readonly accountIds: readonly string[];
  /** The first moment at which the entities are no longer active. */
  readonly end: Instant;
  /** The organization's timezone. */
  readonly zone: string;
  /** The one contract that may be ended; any when left out. */
  readonly contractId?: string;
};

export type Ended = { readonly updated: readonly string[]; readonly failed: readonly string[] };

/**
 * Ends the entities of a kind that are active at `end`, each in a transaction of its own. Those that have
 * ended by then are left alone; those that begin then or later cannot be ended and are answered as failed.
 */
export async function endBillingEntities(
  call: AnyCall,
  entity: BillingEntity,
  ending: Ending,
): Promise<Ended> {
  const kind = present(KINDS.get(entity), `the kind ${entity}`);
  const end = kind.endsOnDate ? localDate(ending.end, ending.zone) : ending.end;
  const outcomes = { updated: [] as string[], failed: [] as string[] };
  for (const id of await idsEndingLater(call, kind, { ending, end })) {
    const outcome = await endEntity({ call, resource: kind.resource }, id, end);
    if (outcome !== 'ended') outcomes[outcome].push(id);
  }
  return outcomes;
}

type Search = { readonly ending: Ending; readonly end: Instant | PlainDate };

async function idsEndingLater(call: AnyCall, kind: Kind, { ending, end }: Search): Promise<string[]> {
  const { contractId, accountIds } = ending;
  const chosen =
    kind.resource === contract && contractId !== undefined ? sql`entity.id = ${contractId}` : sql`true`;
  const { rows } = await sql<{ id: string }>`
    select entity.id from ${sql.table(kind.resource.table)} entity
    where entity.org_id = ${call.orgId} and ${kind.of(accountIds)} and ${chosen}
      and (entity.end_date is null or entity.end_date > ${String(end)})
    order by entity.dt_created, entity.id`.execute(call.ctx.db);
  return rows.map(({ id }) => id);
}

type Dated = { readonly startDate: Instant | PlainDate; readonly endDate: Instant | PlainDate | null };

/** What an end does to an entity: nothing when it has ended by then, and it cannot end before it begins. */
export function endingOf(
  { startDate, endDate }: Dated,
  end: Instant | PlainDate,
): 'ended' | 'failed' | 'updated' {
  if (endDate !== null && !isEarlier(end, endDate)) return 'ended';
  return isEarlier(startDate, end) ? 'updated' : 'failed';
}

type Target = { readonly call: AnyCall; readonly resource: Resource };

async function endEntity({ call, resource }: Target, id: string, endDate: Instant | PlainDate) {
  return inTransaction(call.ctx.db, async (tx) => {
    const before = await lockEntity(tx, resource.entityTable, { orgId: call.orgId, id });
    if (!before) return 'ended';
    const outcome = endingOf(before as Stored & Dated, endDate);
    if (outcome !== 'updated') return outcome;
    const { writer } = scopeOf(tx, call);
    const after = await replaceEntity(tx, resource.entityTable, {
      writer,
      id,
      values: { ...before, endDate },
    });
    await recordChange(tx, writer, changeOf(resource, call, { before, after }));
    return outcome;
  });
}
