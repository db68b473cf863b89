import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import { type CustomSql, customSqlFrom, customSqlName } from '../../engine/metering/custom-sql.ts';
import { type DataField, isNumericCategory } from '../../engine/metering/fields.ts';
import { segmentOrder } from '../../engine/metering/segment-match.ts';
import type { Segment, UsageAnswer, UsageQuery } from '../../engine/metering/usage-query.ts';
import { customSqlValue } from '../catalog/index.ts';
import { quoted } from './clickhouse-text.ts';
import { rowConditions, segmentSql } from './measurement-conditions.ts';

/**
 * The answer to a question whose aggregation is a custom query (spec 20 §11.6). It is run once, or once for
 * each segment that has measurements. What is wrong with the query is the answer's failure.
 */
export async function customSqlAnswer(
  ctx: Context,
  orgId: string,
  question: UsageQuery,
): Promise<UsageAnswer> {
  const { aggregation } = question;
  const fields = await fieldsOf(ctx, orgId, aggregation.meterId);
  const query = customSqlFrom(
    aggregation.customSql ?? '',
    fields.map(({ code }) => code),
  );
  const segments = segmentOrder(aggregation.segmentedFields, aggregation.segments);
  const position = segmentSql(aggregation.segmentedFields, segments);
  const conditions = rowConditions(orgId, question);
  const parts = await partsOf(ctx, question, { orgId, conditions, position, segments });
  if ('refused' in query) {
    const failure = `customSql ${query.refused}`;
    return parts.map(({ segment }) => ({ segment, value: null, failure }));
  }
  const columns = await columnsOf(ctx, orgId, { question, query, fields });
  const answer: UsageAnswer[number][] = [];
  for (const { segment, condition } of parts) {
    const where = [...conditions, ...condition].join(' and ');
    const rows = `select ${columns.join(', ')} from measurement where ${where}`;
    const result = await customSqlValue(ctx, query, rows);
    answer.push('failure' in result ? { segment, value: null, ...result } : { segment, ...result });
  }
  return answer;
}

async function fieldsOf({ db }: Context, orgId: string, meterId: string): Promise<readonly DataField[]> {
  const { rows } = await sql<{ fields: DataField[] }>`
    select data_fields || derived_fields as fields from meter
    where org_id = ${orgId} and id = ${meterId}`.execute(db);
  return rows[0]?.fields ?? [];
}

type Part = { readonly segment: Segment | null; readonly condition: readonly string[] };

type Parting = {
  readonly orgId: string;
  readonly conditions: readonly string[];
  readonly position: string;
  readonly segments: readonly Segment[];
};

/** Which measurements the query is run over: all, those of any segment, or those of each. */
async function partsOf(
  ctx: Context,
  { aggregation }: UsageQuery,
  { orgId, conditions, position, segments }: Parting,
): Promise<readonly Part[]> {
  if (segments.length === 0) return [{ segment: null, condition: [] }];
  if (aggregation.mergesSegments) return [{ segment: null, condition: [`${position} > 0`] }];
  const result = await ctx.clickhouse.query({
    query: `select distinct ${position} as at from measurement
      where org_id = ${quoted(orgId)} and ${conditions.join(' and ')} order by at`,
    format: 'JSONEachRow',
    clickhouse_settings: { max_query_size: '16777216' },
  });
  const rows = await result.json<{ at: number }>();
  return rows.flatMap(({ at }) => {
    const segment = segments[at - 1];
    return segment ? [{ segment, condition: [`${position} = ${at}`] }] : [];
  });
}

type Columns = {
  readonly question: UsageQuery;
  readonly query: CustomSql;
  readonly fields: readonly DataField[];
};

/** The columns that the query names; a field without a value is null. */
async function columnsOf(
  ctx: Context,
  orgId: string,
  { question, query, fields }: Columns,
): Promise<readonly string[]> {
  const own = new Map<string, string>([
    ['uid', 'uid'],
    ['ts', 'ts'],
    ['ets', 'ets'],
    ['received_at', 'received_at'],
    ['account_id', 'toString(account_id)'],
    ['meter_id', 'toString(meter_id)'],
  ]);
  const codes = query.columns.has('account_code') ? await accountCodes(ctx, orgId, question.accountIds) : [];
  own.set('account_code', codeSql(codes));
  for (const { code, category } of fields) {
    if (own.has(code)) continue;
    const map = isNumericCategory(category) ? 'measures' : 'dimensions';
    own.set(code, `if(mapContains(${map}, ${quoted(code)}), toNullable(${map}[${quoted(code)}]), null)`);
  }
  return [...own].map(([name, value]) => `${value} as ${customSqlName(name)}`);
}

type AccountCode = { readonly id: string; readonly code: string };

async function accountCodes(
  { db }: Context,
  orgId: string,
  ids: readonly string[],
): Promise<readonly AccountCode[]> {
  const { rows } = await sql<AccountCode>`
    select id, code from account where org_id = ${orgId} and id = any(${[...ids]}::uuid[])`.execute(db);
  return rows;
}

function codeSql(codes: readonly AccountCode[]): string {
  if (codes.length === 0) return "''";
  const ids = codes.map(({ id }) => quoted(id)).join(', ');
  const names = codes.map(({ code }) => quoted(code)).join(', ');
  return `transform(toString(account_id), [${ids}], [${names}], '')`;
}
