import { sql } from 'kysely';
import type { PlainDate } from '../../kernel/time.ts';
import type { Condition, Db, Row } from '../../store/database.ts';
import type { LineRow } from './bill-rows.ts';

/** A line with what the query shows of its bill and of the bill's account. */
type BillDataRow = LineRow & {
  readonly billDate: PlainDate;
  readonly account: string;
  readonly accountName: string;
  readonly accountId: string;
  readonly isLocked: boolean;
};

/** One line of a bill as the billing data query shows it (spec 40 §13). */
export type BillData = {
  readonly updatedDate: unknown;
  readonly dimensions: Row;
  readonly measures: Row;
  readonly billDetails: Row;
};

export type BillDataSource = {
  readonly db: Db;
  readonly orgId: string;
  readonly conditions: readonly Condition[];
};

const PAGE_ROWS = 2000;

/** The lines of the newest bill dates first, at most `limit` of them, page by page. */
export async function* lineValues(
  source: BillDataSource,
  limit: number,
): AsyncGenerator<readonly BillData[]> {
  let last: BillDataRow | null = null;
  for (let left = limit; left > 0; left -= PAGE_ROWS) {
    const size = left < PAGE_ROWS ? left : PAGE_ROWS;
    const rows: BillDataRow[] = await pageAfter(source, last, size);
    if (rows.length > 0) yield rows.map(lineValueOf);
    if (rows.length < size) return;
    last = rows.at(-1) ?? null;
  }
}

async function pageAfter(
  { db, orgId, conditions }: BillDataSource,
  last: BillDataRow | null,
  size: number,
): Promise<BillDataRow[]> {
  const where = [sql`l.org_id = ${orgId}`, ...conditions, ...(last === null ? [] : [behind(last)])];
  const { rows } = await sql<BillDataRow>`
    select l.*, b.bill_date, b.start_date, b.end_date, b.due_date, b.status, b.timezone, b.billing_frequency,
      b.currency as bill_currency, b.external_invoice_reference, b.last_calculated_date,
      (b.dt_locked is not null or coalesce(b.end_date <= c.bill_lock_date, false)) as is_locked,
      a.id as account_id, a.code as account, a.name as account_name,
      p.id as parent_account_id, p.code as parent_account_code, p.name as parent_account_name
    from bill_line_item l
    join bill b on b.org_id = l.org_id and b.id = l.bill_id
    join bill_config c on c.org_id = b.org_id
    join account a on a.org_id = b.org_id and a.id = b.account_id
    left join account p on p.org_id = a.org_id and p.id = a.parent_account_id
    where ${sql.join(where, sql` and `)}
    order by b.bill_date desc, l.sequence_number, b.id, l.id limit ${size}`.execute(db);
  return rows;
}

function behind({ billDate, sequenceNumber, billId, id }: BillDataRow): Condition {
  const date = sql`${String(billDate)}::date`;
  return sql`(b.bill_date < ${date} or b.bill_date = ${date}
    and (l.sequence_number, b.id, l.id) > (${sequenceNumber}::int, ${billId}::uuid, ${id}::uuid))`;
}

function lineValueOf(row: BillDataRow): BillData {
  return {
    updatedDate: row['lastCalculatedDate'],
    dimensions: {
      account: row.account,
      accountName: row.accountName,
      accountId: row.accountId,
      parentAccountCode: row['parentAccountCode'],
      parentAccountName: row['parentAccountName'],
      parentAccountId: row['parentAccountId'],
      childAccountId: row.childAccountId,
      description: row.description,
      lineItemType: row.lineItemType,
      productName: row.productName,
      quantityUnit: row.unit,
      subtotalUnit: row.currency,
      convertedSubtotalUnit: row['billCurrency'],
      billId: row.billId,
      billLineItemId: row.id,
      commitmentId: row['commitmentId'],
      externalInvoiceReference: row['externalInvoiceReference'],
    },
    measures: {
      quantity: row.quantity,
      units: row.units,
      subtotal: row.subtotal,
      convertedSubtotal: row.convertedSubtotal,
      conversionRate: row.conversionRate,
      version: row.version,
    },
    billDetails: billDetailsOf(row),
  };
}

function billDetailsOf(row: BillDataRow): Row {
  const { billDate } = row;
  return {
    billDate,
    startDate: row['startDate'],
    endDate: row['endDate'],
    dueDate: row['dueDate'],
    servicePeriodStartDate: row.servicePeriodStartDate,
    servicePeriodEndDate: row.servicePeriodEndDate,
    timezone: row['timezone'],
    status: row['status'],
    locked: String(row.isLocked),
    billCurrency: row['billCurrency'],
    billingFrequency: row['billingFrequency'],
    year: billDate.year,
    month: String(billDate).slice(5, 7),
    week: weekText(billDate),
    day: billDate.day,
    yearMonth: String(billDate).slice(0, 7),
  };
}

/** The ISO week, for example `2024-W23`; 30 December 2024 is in `2025-W01`. */
export function weekText(date: PlainDate): string {
  return `${date.yearOfWeek}-W${String(date.weekOfYear).padStart(2, '0')}`;
}

/** The value as a row of a CSV file: dimensions, measures and details, in their order. */
export function lineValueCells({ dimensions, measures, billDetails }: BillData): Row {
  return { ...dimensions, ...measures, ...billDetails };
}
