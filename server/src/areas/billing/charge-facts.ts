import { sql } from 'kysely';
import type { ChargeFacts } from '../../engine/billing/facts.ts';
import type { Reader, Tx } from '../../store/database.ts';
import { prepared, withNext } from '../../store/value-client.ts';

type Source = { readonly db: Reader; readonly orgId: string };

/** The charges of the accounts that are on no bill, or on one that is not locked. */
export async function loadCharges(
  { db, orgId }: Source,
  accountIds: readonly string[],
): Promise<readonly ChargeFacts[]> {
  const { rows } = await sql<ChargeFacts>`${prepared}
    select c.id, c.account_id, c.line_item_type, coalesce(c.description, c.name) as description,
      c.entity_id as balance_id, c.currency, c.amount, c.units, c.unit_price,
      c.service_period_start_date, c.service_period_end_date, c.bill_date, c.contract_id, c.bill_id,
      coalesce(c.accounting_product_id, w.fees_accounting_product_id) as accounting_product_id
    from charge c
    left join balance w on w.org_id = c.org_id and w.id = c.entity_id
    left join bill b on b.org_id = c.org_id and b.id = c.bill_id
    where c.org_id = ${orgId} and c.account_id = any(${accountIds}::uuid[]) and b.dt_locked is null`.execute(
    db,
  );
  return rows;
}

/** Writes down which charges the bills carry, as their lines say; what has left them is on no bill. */
export async function markBilledCharges(tx: Tx, orgId: string, billIds: readonly string[]): Promise<void> {
  if (billIds.length === 0) return;
  await sql`${withNext}
    with line as (
      select charge_id, bill_id from bill_line_item
      where org_id = ${orgId} and bill_id = any(${billIds}::uuid[]) and charge_id is not null
    )
    update charge c set bill_id = line.bill_id
    from charge o left join line on line.charge_id = o.id
    where c.org_id = ${orgId} and o.org_id = ${orgId} and c.id = o.id
      and (o.bill_id = any(${billIds}::uuid[]) or o.id in (select charge_id from line))
      and o.bill_id is distinct from line.bill_id`.execute(tx);
}
