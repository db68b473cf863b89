import { sql } from 'kysely';
import type { BalanceFacts, BilledDraw } from '../../engine/billing/facts.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Reader } from '../../store/database.ts';
import { prepared } from '../../store/value-client.ts';
import { groupedBy } from './catalog-facts.ts';

type Source = { readonly db: Reader; readonly orgId: string };

export type BalanceRequest = {
  readonly accountIds: readonly string[];
  /** Money that has been applied by then can be drawn. */
  readonly now: Instant;
  /** Whether nobody else may move money on the balances until the transaction ends. */
  readonly lock: boolean;
};

/**
 * The balances of the accounts with what is in them. They are found and locked first and read then, so
 * that what was waited for counts; one that is created meanwhile is left to the next calculation.
 */
export async function loadBalances(source: Source, request: BalanceRequest): Promise<BalanceFacts[]> {
  const { db, orgId } = source;
  const { rows } = await sql<{ id: string }>`${prepared}
    select id from balance where org_id = ${orgId} and account_id = any(${request.accountIds}::uuid[])
    order by id ${request.lock ? sql`for no key update` : sql``}`.execute(db);
  const ids = rows.map((row) => row.id);
  if (ids.length === 0) return [];
  const [balances, allDraws] = await Promise.all([rowsOf(source, ids, request.now), drawsOf(source, ids)]);
  const draws = groupedBy(allDraws, (draw) => draw.balanceId);
  return balances.map((row) => ({
    ...row,
    draws: (draws.get(row.id) ?? []).map(({ billId, phase, amount }) => ({ billId, phase, amount })),
  }));
}

async function rowsOf({ db, orgId }: Source, ids: readonly string[], now: Instant) {
  const { rows } = await sql<Omit<BalanceFacts, 'draws'>>`${prepared}
    select b.id, b.dt_created, b.account_id, b.name, b.currency, b.start_date, b.end_date,
      b.rollover_end_date, b.rollover_amount, b.product_ids, b.line_item_types, b.contract_id,
      b.balance_draw_down_description, b.overage_description, b.overage_surcharge_percent,
      b.consumptions_accounting_product_id, b.allow_overdraft,
      (select coalesce(sum(t.amount), 0) from balance_transaction t
       where t.org_id = b.org_id and t.balance_id = b.id and t.bill_id is null
         and (t.announced or t.applied_date <= ${now})) as funds,
      exists (select from balance_transaction t
       where t.org_id = b.org_id and t.balance_id = b.id and t.amount > 0
         and (t.announced or t.applied_date <= ${now})) as was_funded
    from balance b where b.org_id = ${orgId} and b.id = any(${ids}::uuid[])`.execute(db);
  return rows;
}

async function drawsOf({ db, orgId }: Source, ids: readonly string[]) {
  const { rows } = await sql<BilledDraw & { balanceId: string }>`${prepared}
    select balance_id, bill_id, phase, -amount as amount from balance_transaction
    where org_id = ${orgId} and balance_id = any(${ids}::uuid[]) and bill_id is not null`.execute(db);
  return rows;
}
