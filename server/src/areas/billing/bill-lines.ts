import { sql } from 'kysely';
import type { BillLine } from '../../engine/billing/bill.ts';
import type { Tx } from '../../store/database.ts';
import { newEnvelope, type Writer } from '../../store/entity-store.ts';
import { insertRows } from '../../store/insert-rows.ts';
import { rowSet } from '../../store/row-set.ts';
import { withNext } from '../../store/value-client.ts';
import type { LineRow } from './bill-rows.ts';

type BeforeAndAfter = { readonly lines: readonly BillLine[]; readonly before: readonly LineRow[] };

/** The rows of calculated lines; a line that the bill had before under the same key keeps its id. */
export function lineRows(writer: Writer, billId: string, { lines, before }: BeforeAndAfter): LineRow[] {
  const known = new Map(before.map((line) => [line.key, line]));
  const rows: LineRow[] = [];
  for (const line of lines) {
    const envelope = newEnvelope(writer);
    rows.push(Object.assign({}, line, envelope, { billId, id: known.get(line.key)?.id ?? envelope.id }));
  }
  return rows;
}

/** Inserts the lines of new bills. */
export async function insertLines(tx: Tx, lines: readonly LineRow[]): Promise<void> {
  await insertRows(tx, 'bill_line_item', lines);
}

/** What a calculation decides of a line; its id and the bill are what it keeps. */
const CALCULATED_COLUMNS = [
  'sequence_number',
  'line_item_type',
  'description',
  'quantity',
  'units',
  'unit',
  'average_unit_price',
  'subtotal',
  'currency',
  'conversion_rate',
  'converted_subtotal',
  'usage_per_pricing_band',
  'service_period_start_date',
  'service_period_end_date',
  'segment',
  'aggregation_id',
  'compound_aggregation_id',
  'meter_id',
  'counter_id',
  'pricing_id',
  'plan_id',
  'plan_group_id',
  'product_id',
  'product_name',
  'product_code',
  'accounting_product_id',
  'accounting_product_name',
  'accounting_product_code',
  'commitment_id',
  'balance_id',
  'charge_id',
  'contract_id',
  'child_account_id',
  'child_account_code',
  'referenced_bill_id',
  'referenced_line_item_id',
  'reason_id',
  'reason',
];

type Replacement = { readonly billIds: readonly string[]; readonly lines: readonly LineRow[] };

/** Gives existing bills these lines and no others. A line that comes out the same is not written. */
export async function replaceLines(tx: Tx, writer: Writer, { billIds, lines }: Replacement): Promise<void> {
  if (billIds.length === 0) return;
  await sql`${withNext}delete from bill_line_item
    where org_id = ${writer.orgId} and bill_id = any(${billIds}::uuid[]) and (bill_id, key) not in (
      select * from unnest(${lines.map((line) => line.billId)}::uuid[],
        ${lines.map((line) => line.key)}::text[]))`.execute(tx);
  const rows = await rowSet(tx, 'bill_line_item', lines);
  const columns = CALCULATED_COLUMNS.map((column) => sql.ref(column));
  const own = CALCULATED_COLUMNS.map((column) => sql.ref(`l.${column}`));
  const given = CALCULATED_COLUMNS.map((column) => sql.ref(`excluded.${column}`));
  await sql`${withNext}insert into bill_line_item as l select r.* from ${rows} r
    on conflict (org_id, bill_id, key) do update
    set (${sql.join(columns)}, version, dt_last_modified, last_modified_by)
      = (${sql.join(given)}, l.version + 1, excluded.dt_last_modified, excluded.last_modified_by)
    where (${sql.join(own)}) is distinct from (${sql.join(given)})`.execute(tx);
}
