import { sql } from 'kysely';
import type { OpenCommitment } from '../../engine/billing/obligations.ts';
import { defaultCurrencyRule } from '../../engine/money/rounding.ts';
import type { PlainDate } from '../../kernel/time.ts';
import type { Condition, Db, Row } from '../../store/database.ts';
import { orderedEntities } from '../../store/entity-store.ts';
import { commitment } from '../accounts/index.ts';
import { currencyRules } from './currency-rules.ts';

type Source = { readonly db: Db; readonly orgId: string };

/** The accounts that have a commitment `c` under the conditions, by code, at most `limit`. */
export async function accountsWithCommitments(
  { db, orgId }: Source,
  { conditions, limit }: { readonly conditions: readonly Condition[]; readonly limit: number },
) {
  const where = sql.join([sql`c.org_id = a.org_id and c.account_id = a.id`, ...conditions], sql` and `);
  const { rows } = await sql<{ code: string; name: string }>`
    select a.code, a.name from account a
    where a.org_id = ${orgId}
      and exists (select from commitment c where ${where})
    order by a.code limit ${limit}`.execute(db);
  return rows;
}

type OpenRow = Omit<OpenCommitment, 'currency'> & { readonly currency: string };

/** The commitments of which something is left and whose last active day is on that date or later. */
export async function openCommitments(
  { db, orgId }: Source,
  date: PlainDate,
  conditions: readonly Condition[],
): Promise<readonly OpenCommitment[]> {
  const where = sql.join([sql`c.org_id = ${orgId}`, ...conditions], sql` and `);
  const { rows } = await sql<OpenRow>`
    select c.id, c.end_date, c.currency,
      c.amount - coalesce((select sum(m.amount) from commitment_movement m
        where m.org_id = c.org_id and m.commitment_id = c.id and m.kind = 'DRAW'), 0) as "left"
    from commitment c
    join account a on a.org_id = c.org_id and a.id = c.account_id
    where ${where} and c.end_date > ${String(date)}::date
    order by c.id`.execute(db);
  const rules = new Map((await currencyRules(db, orgId)).map((rule) => [rule.code, rule]));
  return rows.map(({ currency, ...row }) => ({
    ...row,
    currency: rules.get(currency) ?? defaultCurrencyRule(currency),
  }));
}

const PAGE_ROWS = 1000;

export type CommitmentRange = Source & {
  readonly start: PlainDate;
  readonly end: PlainDate;
  readonly conditions: readonly Condition[];
};

/** The commitments that start in the range, each with its account, at most `limit`, page by page. */
export async function* commitmentRows(range: CommitmentRange, limit: number): AsyncGenerator<readonly Row[]> {
  const { db, orgId, start, end, conditions } = range;
  const ofAccount = sql.join([sql`c.id = commitment.id`, ...conditions], sql` and `);
  for (let offset = 0; offset < limit; offset += PAGE_ROWS) {
    const rows = await orderedEntities(db, commitment.entityTable, {
      orgId,
      conditions: [
        sql`start_date >= ${String(start)}::date`,
        sql`start_date < ${String(end)}::date`,
        sql`exists (select from commitment c join account a on a.org_id = c.org_id and a.id = c.account_id
          where c.org_id = ${orgId} and ${ofAccount})`,
      ],
      order: sql`start_date, id`,
      limit: PAGE_ROWS,
      offset,
    });
    if (rows.length > 0) yield await withAccounts(range, rows);
    if (rows.length < PAGE_ROWS) return;
  }
}

async function withAccounts({ db, orgId }: Source, rows: readonly Row[]): Promise<readonly Row[]> {
  const ids = rows.map((row) => row['accountId']);
  const { rows: accounts } = await sql<{ id: string; code: string; name: string }>`
    select id, code, name from account where org_id = ${orgId} and id = any(${ids}::uuid[])`.execute(db);
  const known = new Map(accounts.map((row) => [row.id, row]));
  return rows.map(({ orgId: _, ...row }) => {
    const account = known.get(String(row['accountId']));
    return { accountCode: account?.code, accountName: account?.name, ...row };
  });
}
