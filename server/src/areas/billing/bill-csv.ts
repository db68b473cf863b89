import { sql } from 'kysely';
import { type Decimal, ONE } from '../../kernel/decimal.ts';
import type { Condition, Db } from '../../store/database.ts';
import { type BillRow, billsWhere, type LineRow, linesOfBills } from './bill-rows.ts';
import { csvText } from './csv-text.ts';

/** Whose import the columns are for. */
export type ExternalSystem = 'STANDARD' | 'XERO';

/** A line with its bill and the account of the bill. */
type BilledRow = { readonly bill: BillRow; readonly line: LineRow; readonly contact: Contact };
type Contact = { readonly id: string; readonly name: string; readonly emailAddress: string };
type Column = readonly [name: string, value: (row: BilledRow) => unknown];

/** A column of that name, from the field of the same name. */
function ofBill(name: string): Column {
  return [name, ({ bill }) => bill[name]];
}

function ofLine(name: string): Column {
  return [name, ({ line }) => line[name]];
}

const STANDARD: readonly Column[] = [
  ['billId', ({ bill }) => bill.id],
  ...['sequentialInvoiceNumber', 'accountId', 'accountCode'].map(ofBill),
  ['accountName', ({ contact }) => contact.name],
  ...['status', 'locked', 'billDate', 'dueDate', 'externalInvoiceDate', 'startDate', 'endDate'].map(ofBill),
  ...['billingFrequency', 'timezone', 'currency', 'billTotal', 'purchaseOrderNumber'].map(ofBill),
  ['lineItemId', ({ line }) => line.id],
  ...['sequenceNumber', 'lineItemType', 'description', 'productCode', 'productName'].map(ofLine),
  ...['accountingProductCode', 'quantity', 'units', 'unit', 'averageUnitPrice', 'subtotal'].map(ofLine),
  ['lineCurrency', ({ line }) => line.currency],
  ...['conversionRate', 'convertedSubtotal', 'servicePeriodStartDate', 'servicePeriodEndDate'].map(ofLine),
  ofLine('childAccountCode'),
];

const XERO: readonly Column[] = [
  ['ContactName', ({ contact }) => contact.name],
  ['EmailAddress', ({ contact }) => contact.emailAddress],
  ['InvoiceNumber', ({ bill }) => bill['sequentialInvoiceNumber'] ?? bill.id],
  ['Reference', ({ bill }) => bill['purchaseOrderNumber']],
  ['InvoiceDate', ({ bill }) => bill['externalInvoiceDate']],
  ['DueDate', ({ bill }) => bill['dueDate']],
  ['Description', ({ line }) => line.description],
  ['Quantity', ({ line }) => pricedUnits(line).quantity],
  ['UnitAmount', ({ line }) => pricedUnits(line).unitAmount],
  ['AccountCode', ({ line }) => line.accountingProductCode ?? line.productCode],
  ['Currency', ({ bill }) => bill['currency']],
];

/** Xero keeps this many decimals of a price. */
const PRICE_DECIMALS = 4;

/**
 * Factors whose product is exactly the line's amount in the currency of the bill: its units where the price
 * of one can be written, else 1. 300 units for 20.00 would be 0.0667 each, which makes 20.01.
 */
export function pricedUnits({ units, convertedSubtotal }: Pick<LineRow, 'units' | 'convertedSubtotal'>): {
  readonly quantity: Decimal;
  readonly unitAmount: Decimal;
} {
  const whole = { quantity: ONE, unitAmount: convertedSubtotal };
  if (units.isZero()) return whole;
  const unitAmount = convertedSubtotal.div(units).toDecimalPlaces(PRICE_DECIMALS);
  return units.times(unitAmount).eq(convertedSubtotal) ? { quantity: units, unitAmount } : whole;
}

type Wanted = {
  readonly db: Db;
  readonly orgId: string;
  readonly conditions: readonly Condition[];
  readonly system: ExternalSystem;
};

const BATCH_BILLS = 100;
const ORDER = sql`bill_date, account_code, id`;

/** The ids of the bills in the order of the file; one more than `limit` at most. */
export async function billIdsOf({ db, orgId, conditions }: Wanted, limit: number): Promise<string[]> {
  const bills = await billsWhere(db, orgId, { conditions, order: ORDER, limit: limit + 1 });
  return bills.map((bill) => bill.id);
}

/** A CSV file with one row for each line of the bills, in pieces (spec 40 §4.8). */
export async function* billCsv(wanted: Wanted, billIds: readonly string[]): AsyncGenerator<Uint8Array> {
  const columns = wanted.system === 'XERO' ? XERO : STANDARD;
  yield csvText([columns.map(([name]) => name)]);
  for (let from = 0; from < billIds.length; from += BATCH_BILLS) {
    const rows = await billedRows(wanted, billIds.slice(from, from + BATCH_BILLS));
    if (rows.length > 0) yield csvText(rows.map((row) => columns.map(([, value]) => value(row))));
  }
}

async function billedRows({ db, orgId }: Wanted, billIds: readonly string[]): Promise<BilledRow[]> {
  const isNamed = sql<boolean>`id = any(${billIds}::uuid[])`;
  const bills = await billsWhere(db, orgId, { conditions: [isNamed], order: ORDER });
  const lines = await linesOfBills(db, orgId, billIds);
  const contacts = await contactsOf(db, orgId, bills);
  return bills.flatMap((bill) => {
    const contact = contacts.get(bill.accountId) ?? { id: bill.accountId, name: '', emailAddress: '' };
    return (lines.get(bill.id) ?? []).map((line) => ({ bill, line, contact }));
  });
}

async function contactsOf(db: Db, orgId: string, bills: readonly BillRow[]): Promise<Map<string, Contact>> {
  const ids = [...new Set(bills.map((bill) => bill.accountId))];
  const { rows } = await sql<Contact>`
    select id, name, email_address from account
    where org_id = ${orgId} and id = any(${ids}::uuid[])`.execute(db);
  return new Map(rows.map((row) => [row.id, row]));
}
