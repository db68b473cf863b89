import { type RawBuilder, sql } from 'kysely';
import type { BillLine } from '../../engine/billing/bill.ts';
import type { Decimal } from '../../kernel/decimal.ts';
import type { Instant, PlainDate } from '../../kernel/time.ts';
import type { Condition, Db, Row, Tx } from '../../store/database.ts';
import type { Envelope } from '../../store/entity-store.ts';
import { groupedBy } from './catalog-facts.ts';

/** A bill as it is read: its columns, its account's code, whether it is effectively locked (spec 40 §2.2). */
export type BillRow = Row &
  Envelope & {
    readonly orgId: string;
    readonly accountId: string;
    readonly accountCode: string;
    readonly groupKey: string;
    readonly startDate: PlainDate;
    readonly endDate: PlainDate;
    readonly billDate: PlainDate;
    readonly status: 'PENDING' | 'APPROVED';
    readonly locked: boolean;
    readonly dtLocked: Instant | null;
    readonly billTotal: Decimal;
  };

/** A line as it is stored: what was calculated, and the envelope. */
export type LineRow = Row &
  Envelope &
  Omit<BillLine, 'lineItemType'> & { readonly lineItemType: string; readonly billId: string };

/** Bills of an organization under the name `bill`; conditions may name any of their columns and `locked`. */
function billSource(orgId: string): RawBuilder<unknown> {
  return sql`(
    select b.*, a.code as account_code,
      (b.dt_locked is not null or coalesce(b.end_date <= c.bill_lock_date, false)) as locked
    from bill b
    join account a on a.org_id = b.org_id and a.id = b.account_id
    join bill_config c on c.org_id = b.org_id
    where b.org_id = ${orgId}) as bill`;
}

export type BillSearch = {
  readonly conditions?: readonly Condition[];
  /** What follows `order by`; newest first when left out. */
  readonly order?: RawBuilder<unknown>;
  readonly limit?: number;
  readonly offset?: number;
};

const NEWEST_FIRST = sql`dt_created desc, id desc`;

/** Bills of the organization that meet all conditions. */
export async function billsWhere(db: Db | Tx, orgId: string, search: BillSearch): Promise<BillRow[]> {
  const { conditions = [], order = NEWEST_FIRST, limit = null, offset = 0 } = search;
  const where = sql.join([sql`true`, ...conditions], sql` and `);
  const { rows } = await sql<BillRow>`
    select * from ${billSource(orgId)} where ${where} order by ${order} limit ${limit} offset ${offset}
  `.execute(db);
  return rows;
}

/**
 * As `billsWhere`, in the order of their ids; until the transaction ends nobody else can write these bills or
 * move the lock date.
 */
export async function lockBillsWhere(
  tx: Tx,
  orgId: string,
  conditions: readonly Condition[],
): Promise<BillRow[]> {
  const where = sql.join([sql`b.org_id = ${orgId}`, ...conditions], sql` and `);
  const { rows } = await sql<BillRow>`
    select b.*, a.code as account_code,
      (b.dt_locked is not null or coalesce(b.end_date <= c.bill_lock_date, false)) as locked
    from bill b
    join account a on a.org_id = b.org_id and a.id = b.account_id
    join bill_config c on c.org_id = b.org_id
    where ${where} order by b.id for update of b for share of c`.execute(tx);
  return rows;
}

/** The lines of the bills in the order of each bill, by bill id. */
export async function linesOfBills(
  db: Db | Tx,
  orgId: string,
  billIds: readonly string[],
): Promise<ReadonlyMap<string, readonly LineRow[]>> {
  if (billIds.length === 0) return new Map();
  const { rows } = await sql<LineRow>`
    select * from bill_line_item where org_id = ${orgId} and bill_id = any(${billIds}::uuid[])
    order by bill_id, sequence_number`.execute(db);
  return groupedBy(rows, (line) => line.billId);
}
