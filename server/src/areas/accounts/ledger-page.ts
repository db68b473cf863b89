import { type RawBuilder, sql } from 'kysely';
import type { AnyCall } from '../../api/operation.ts';
import { listIdentityOf } from '../../api/page.ts';
import { nextTokenOf, positionFromToken } from '../../api/paging.ts';
import type { Row } from '../../store/database.ts';

export const MAX_LEDGER_PAGE = 200;

/** Movements of a balance or a commitment. */
export type Ledger = {
  /** Rows with `sequence`, `effective_date`, `amount`, `bill_id` and what else is answered. */
  readonly rows: RawBuilder<unknown>;
  /** Which line `l` of the bill of a movement shows it. */
  readonly lineOf: RawBuilder<unknown>;
  /** What there was before the first movement. */
  readonly start: RawBuilder<unknown>;
};

type LedgerCall = AnyCall & {
  readonly query: { readonly pageSize?: number | undefined; readonly nextToken?: string | undefined };
};

type LedgerRow = Row & { readonly sequence: number; readonly effectiveDate: unknown };

/**
 * A page of the movements that count by now, newest first, each with what there was after it. Later ones
 * never change what a page has shown, since rows are only added.
 */
export async function ledgerPage(call: LedgerCall, { rows, lineOf, start }: Ledger): Promise<Row> {
  const size = call.query.pageSize ?? MAX_LEDGER_PAGE;
  const list = listIdentityOf(call);
  const signer = { secretKey: call.ctx.secretKey, now: call.ctx.clock.now() };
  const { nextToken } = call.query;
  const [date, sequence] = nextToken === undefined ? [] : positionFromToken(nextToken, list, signer);
  const { rows: found } = await sql<LedgerRow>`
    with movement as (${rows}), run as (
      select *, ${start} + sum(amount) over (order by effective_date, sequence) as running_balance
      from movement where effective_date <= ${String(signer.now)}
    )
    select run.*, (select l.id from bill_line_item l
      where l.org_id = ${call.orgId} and l.bill_id = run.bill_id and ${lineOf} limit 1)
      as line_item_id
    from run
    where ${date ?? null}::timestamptz is null
      or (effective_date, sequence) < (${date ?? null}::timestamptz, ${sequence ?? null}::bigint)
    order by effective_date desc, sequence desc limit ${size + 1}`.execute(call.ctx.db);
  const data = found.slice(0, size).map(({ sequence: _, ...row }) => row);
  const last = found[size - 1];
  if (found.length <= size || last === undefined) return { data };
  const position = [String(last.effectiveDate), String(last.sequence)];
  return { data, nextToken: nextTokenOf(position, list, signer) };
}
