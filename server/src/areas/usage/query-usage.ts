import { sql } from 'kysely';
import { z } from 'zod';
import { flag, freeObject, list } from '../../api/fields.ts';
import { defineOperation } from '../../api/operation.ts';
import { organizationZone } from '../../api/organization-zone.ts';
import type { Context } from '../../context.ts';
import { decimal } from '../../kernel/decimal.ts';
import { type Instant, startOfDate, Temporal } from '../../kernel/time.ts';
import type { Row } from '../../store/database.ts';
import { prepared } from '../../store/value-client.ts';
import {
  type CheckedUsageQuery,
  checkedUsageQuery,
  type UsageQueryBody,
  usageQueryBody,
} from './query-request.ts';
import { aggregatedRowsSql, rawRowsSql } from './query-sql.ts';
import { MAY_QUERY_USAGE, QUERY_NEEDS, READ_USAGE } from './saved-query.ts';
import { askedSpan, spanFields } from './usage-span.ts';
import { writtenGroups } from './written-groups.ts';

/** `POST /usage/query`: stored measurements, or aggregates of them in groups (spec 20 §13). */
export const queryUsage = defineOperation({
  id: 'PostUsageDataQuery',
  method: 'POST',
  path: '/usage/query',
  summary: 'query usage',
  tag: 'Usage',
  permission: READ_USAGE,
  alsoNeeds: QUERY_NEEDS,
  insteadOfAll: MAY_QUERY_USAGE,
  body: usageQueryBody.extend(spanFields()),
  response: z.object({ data: list(freeObject()), hasMoreData: flag() }),
  answers: 'whole',
  handle: async ({ ctx, orgId, body }) => {
    const asked = await placedQuery(ctx, orgId, askedQuery(ctx, body()));
    if (asked.aggregations.length > 0) return aggregated(ctx, orgId, asked);
    const query = await checkedUsageQuery(ctx.db, orgId, asked);
    const rows = await raw(ctx, orgId, query);
    return { data: rows.slice(0, query.limit), hasMoreData: rows.length > query.limit };
  },
});

type SentQuery = Omit<UsageQueryBody, 'startDate' | 'endDate'> & Parameters<typeof askedSpan>[0];

function askedQuery({ clock }: Context, { timePeriod, ...body }: SentQuery): UsageQueryBody {
  return { ...body, ...askedSpan({ ...body, timePeriod }, clock.now()) };
}

/** Bare dates mean midnight in the organization's zone (spec 10 §2). */
async function placedQuery(ctx: Context, orgId: string, body: UsageQueryBody): Promise<UsageQueryBody> {
  const bare = [body.startDate, body.endDate].some(
    (value) => (value as unknown) instanceof Temporal.PlainDate,
  );
  if (!bare) return body;
  const zone = await organizationZone(ctx.db, orgId);
  const placed = (value: unknown) =>
    value instanceof Temporal.PlainDate ? startOfDate(value, zone) : (value as Instant);
  return { ...body, startDate: placed(body.startDate), endDate: placed(body.endDate) };
}

const MAX_QUERY_SIZE = { max_query_size: '16777216' } as const;

/** Each value as JSON text with a tab behind it, which no JSON text holds: split, not parsed, in one step. */
const CELL_SETTINGS = {
  ...MAX_QUERY_SIZE,
  format_custom_escaping_rule: 'JSON',
  format_custom_field_delimiter: '\t',
  format_custom_row_after_delimiter: '\t',
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_decimals: 0,
} as const;

async function rowsOf<T>(ctx: Context, query: string): Promise<T[]> {
  const result = await ctx.clickhouse.query({
    query,
    format: 'JSONEachRow',
    clickhouse_settings: { ...MAX_QUERY_SIZE, output_format_json_quote_decimals: 1 },
  });
  return result.json<T>();
}

type RawRow = {
  uid: string;
  meter_id: string;
  account_id: string;
  ts_ms: string;
  ets_ms: string | null;
  received_micros: string;
  measures: Record<string, string>;
  dimensions: Record<string, string>;
};

async function raw(ctx: Context, orgId: string, query: CheckedUsageQuery): Promise<Row[]> {
  const rows = await rowsOf<RawRow>(ctx, rawRowsSql(orgId, query));
  const codes = await accountCodes(
    ctx,
    orgId,
    rows.map((row) => row.account_id),
  );
  return rows.map((row) => ({
    ...row.dimensions,
    ...Object.fromEntries(Object.entries(row.measures).map(([code, value]) => [code, decimal(value)])),
    uid: row.uid,
    meterId: row.meter_id,
    meterCode: query.meters.get(row.meter_id)?.code ?? null,
    accountId: row.account_id,
    accountCode: codes.get(row.account_id) ?? null,
    timestamp: instantFromMs(row.ts_ms),
    endTimestamp: row.ets_ms === null ? null : instantFromMs(row.ets_ms),
    receivedAt: Temporal.Instant.fromEpochNanoseconds(BigInt(row.received_micros) * 1000n),
  }));
}

function instantFromMs(ms: string): Instant {
  return Temporal.Instant.fromEpochMilliseconds(Number.parseInt(ms, 10));
}

/** The codes of accounts by their ids. */
export async function accountCodes(
  ctx: Context,
  orgId: string,
  ids: readonly string[],
): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{ readonly id: string; readonly code: string }>`${prepared}
    select id, code from account
    where org_id = ${orgId} and id = any(${[...new Set(ids)]}::uuid[])`.execute(ctx.db);
  return new Map(rows.map(({ id, code }) => [id, code]));
}

/** Asked while it is checked; the answer to a refused query is dropped. */
async function aggregated(ctx: Context, orgId: string, asked: UsageQueryBody): Promise<Buffer> {
  const [cells, query] = await Promise.allSettled([
    cellsOf(ctx, aggregatedRowsSql(orgId, asked)),
    checkedUsageQuery(ctx.db, orgId, asked),
  ]);
  if (query.status === 'rejected') throw query.reason;
  if (cells.status === 'rejected') throw cells.reason;
  return writtenGroups(query.value, cells.value, (ids) => accountCodes(ctx, orgId, ids));
}

async function cellsOf(ctx: Context, query: string): Promise<string[]> {
  const result = await ctx.clickhouse.query({
    query,
    format: 'CustomSeparated',
    clickhouse_settings: CELL_SETTINGS,
  });
  const cells = (await result.text()).split('\t');
  // Behind the last tab there is none.
  cells.pop();
  return cells;
}
