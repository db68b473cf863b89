import { sql } from 'kysely';
import { additionalParameter, flagParameter } from '../../api/filters.ts';
import { allowedConditions } from '../../api/item-permission.ts';
import type { AnyCall } from '../../api/operation.ts';
import { listIdentityOf, pageParameters } from '../../api/page.ts';
import { nextTokenOf, positionFromToken } from '../../api/paging.ts';
import type { Condition, Row } from '../../store/database.ts';
import { wholeBillAnswer } from './bill-answer.ts';
import { type BillRow, billsWhere, linesOfBills } from './bill-rows.ts';

export const MAX_BILLS = 100;

/** Parameters that every list of bills takes; `additional` names extra fields, of which there are none. */
export function billPageParameters() {
  return { ...pageParameters(MAX_BILLS), additional: additionalParameter() };
}

/** Parameters that decide which parts of a bill a list shows (spec 40 §4.5). */
export function billPartParameters() {
  return { excludeLineItems: flagParameter(), includeBillTotal: flagParameter() };
}

const RETRIEVE = { action: 'config:retrieve', resource: 'billing:bill' };

/** Bills that the caller may read, as conditions of `billsWhere` (spec 10 §17.5). */
export function readableBills(caller: Pick<AnyCall, 'orgId' | 'principal'>): readonly Condition[] {
  return allowedConditions(caller, RETRIEVE, { table: 'bill' });
}

type PageCall = AnyCall & {
  readonly query: {
    readonly pageSize?: number | undefined;
    readonly nextToken?: string | undefined;
    readonly excludeLineItems?: boolean | undefined;
    readonly includeBillTotal?: boolean | undefined;
  };
};

/** One page of the bills under the conditions, newest first: `{ data, nextToken? }`. */
export async function billPage(call: PageCall, conditions: readonly Condition[]): Promise<Row> {
  const { pageSize: size = MAX_BILLS, nextToken } = call.query;
  const list = listIdentityOf(call);
  const signer = { secretKey: call.ctx.secretKey, now: call.ctx.clock.now() };
  const [dtCreated, id] = nextToken === undefined ? [] : positionFromToken(nextToken, list, signer);
  const behind = sql<boolean>`(dt_created, id) < (${dtCreated}::timestamptz, ${id}::uuid)`;
  const readable = [...conditions, ...readableBills(call)];
  const rows = await billsWhere(call.ctx.db, call.orgId, {
    conditions: id === undefined ? readable : [...readable, behind],
    limit: size + 1,
  });
  const data = await answersOf(call, rows.slice(0, size));
  const last = rows.length > size ? rows[size - 1] : undefined;
  if (!last) return { data };
  return { data, nextToken: nextTokenOf([String(last.dtCreated), last.id], list, signer) };
}

/** Bills as a list answers them: lines unless they are left out, totals only when they are asked for. */
export async function answersOf(
  { ctx, orgId, query }: Pick<PageCall, 'ctx' | 'orgId' | 'query'>,
  bills: readonly BillRow[],
): Promise<Row[]> {
  const ids = query.excludeLineItems ? [] : bills.map((bill) => bill.id);
  const lines = await linesOfBills(ctx.db, orgId, ids);
  return bills.map((bill) => {
    const { billTotal, lineItems, ...answer } = wholeBillAnswer(bill, lines.get(bill.id) ?? []);
    return {
      ...answer,
      ...(query.includeBillTotal && { billTotal }),
      ...(!query.excludeLineItems && { lineItems }),
    };
  });
}
