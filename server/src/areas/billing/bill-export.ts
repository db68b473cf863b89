import { sql } from 'kysely';
import type { Instant } from '../../kernel/time.ts';
import type { Db, Row } from '../../store/database.ts';
import { billAnswer, lineItemAnswer } from './bill-answer.ts';
import { billResponse, lineItemResponse } from './bill-fields.ts';
import { billsWhere, type LineRow } from './bill-rows.ts';

/** Which rows of an organization come next: up to `size` behind the one with the id `after`, by id. */
export type ExportPage = {
  readonly orgId: string;
  /** Only rows that were created or changed from then on; null = all. */
  readonly changedSince: Instant | null;
  readonly after: string | null;
  readonly size: number;
};

/** A kind of rows as exports write it: bodies as the API answers them, in the order of their ids. */
export type BillExport = {
  /** Names of the fields, without those that every entity has. */
  readonly fields: readonly string[];
  page(db: Db, page: ExportPage): Promise<readonly Row[]>;
};

const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const BEGINNING = '-infinity';

/** Bills with their totals and without their lines (spec 60 §8.4). */
export const BILL_EXPORT: BillExport = {
  fields: Object.keys(billResponse().shape).filter((name) => name !== 'lineItems'),
  async page(db, { orgId, changedSince, after, size }) {
    const bills = await billsWhere(db, orgId, {
      conditions: [
        sql`id > ${after ?? FIRST_ID}::uuid`,
        sql`dt_last_modified >= ${String(changedSince ?? BEGINNING)}::timestamptz`,
      ],
      order: sql`id`,
      limit: size,
    });
    return bills.map((bill) => ({ ...billAnswer(bill), billTotal: bill.billTotal }));
  },
};

/** The lines of all bills, each with the id of its bill. */
export const BILL_LINE_ITEM_EXPORT: BillExport = {
  fields: Object.keys(lineItemResponse().shape),
  async page(db, { orgId, changedSince, after, size }) {
    const { rows } = await sql<LineRow>`
      select * from bill_line_item where org_id = ${orgId} and id > ${after ?? FIRST_ID}::uuid
        and dt_last_modified >= ${String(changedSince ?? BEGINNING)}::timestamptz
      order by id limit ${size}`.execute(db);
    return rows.map(lineItemAnswer);
  },
};
