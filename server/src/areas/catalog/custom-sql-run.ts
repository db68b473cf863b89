import { ClickHouseError } from '@clickhouse/client';
import type { Context } from '../../context.ts';
import { type CustomSql, customSqlFrom, customSqlName } from '../../engine/metering/custom-sql.ts';
import { type DataField, isNumericCategory } from '../../engine/metering/fields.ts';
import { type Decimal, decimal } from '../../kernel/decimal.ts';

const SECONDS = 10;
const MAX_MEMORY_BYTES = 1_000_000_000;

/**
 * Limits of a custom query, and the rules of standard SQL where ClickHouse has its own: no rows make a sum
 * null, an alias does not hide a column.
 */
const SETTINGS = {
  max_execution_time: SECONDS,
  max_result_rows: '1',
  result_overflow_mode: 'break',
  max_memory_usage: String(MAX_MEMORY_BYTES),
  max_query_size: '16777216',
  aggregate_functions_null_for_empty: 1,
  cast_keep_nullable: 1,
  join_use_nulls: 1,
  prefer_column_name_to_alias: 1,
  output_format_json_quote_decimals: 1,
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_denormals: 1,
} as const;

/** The value of a custom query; null without any row, `failure` for what is no number (spec 20 §11.6). */
export type CustomSqlResult = { readonly value: Decimal | null } | Failure;

type CompactAnswer = {
  readonly meta: readonly { readonly type: string }[];
  readonly data: readonly (readonly unknown[])[];
};

/**
 * Runs a custom query over the rows of a subquery for at most ten seconds and answers the first column of its
 * first row. A query that ClickHouse refuses or breaks off is a failure; that it cannot be reached is thrown.
 */
export async function customSqlValue(ctx: Context, query: CustomSql, rows: string): Promise<CustomSqlResult> {
  const answer = await answerOf(ctx, query, rows);
  return 'failure' in answer ? answer : firstValue(answer);
}

type Failure = { readonly failure: string };

async function answerOf(ctx: Context, query: CustomSql, rows: string): Promise<CompactAnswer | Failure> {
  try {
    const result = await ctx.clickhouse.query({
      query: query.sql(rows),
      format: 'JSONCompact',
      clickhouse_settings: SETTINGS,
    });
    return (await result.json()) as CompactAnswer;
  } catch (error) {
    if (!(error instanceof ClickHouseError)) throw error;
    return { failure: sentenceOf(error) };
  }
}

const NUMERIC_TYPE = /^(?:Nullable\()?(?:Decimal|U?Int|Float|Bool|Nothing)/;
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

function firstValue({ meta, data }: CompactAnswer): CustomSqlResult {
  const type = meta[0]?.type ?? '';
  if (!NUMERIC_TYPE.test(type)) return { failure: `the result is of type ${type} and not a number` };
  const value = data[0]?.[0] ?? null;
  if (value === null) return { value: null };
  const text = value === true ? '1' : value === false ? '0' : String(value);
  return NUMBER.test(text) ? { value: decimal(text) } : { failure: `the result ${text} is not a number` };
}

/** The cause as ClickHouse puts it, with the user's names. */
function sentenceOf({ message, type }: ClickHouseError): string {
  if (type === 'TIMEOUT_EXCEEDED') return `the query takes longer than ${SECONDS} seconds`;
  if (type === 'MEMORY_LIMIT_EXCEEDED') return 'the query needs too much memory';
  const [sentence = ''] = message
    .replaceAll(/`?\bu_([\p{L}\p{N}_$]+)`?/gu, '$1')
    .split(/: (?:In scope|while )/);
  return sentence.replace(/\s+/g, ' ').slice(0, 300);
}

/**
 * Why ClickHouse would refuse a query over measurements of these fields; null when it would not. Whether its
 * result is a number is seen when it is run.
 */
export async function customSqlFault(
  ctx: Context,
  text: string,
  fields: readonly DataField[],
): Promise<string | null> {
  const query = customSqlFrom(
    text,
    fields.map(({ code }) => code),
  );
  if ('refused' in query) return query.refused;
  const answer = await answerOf(ctx, query, noRows(fields));
  return 'failure' in answer ? answer.failure : null;
}

const COLUMN_TYPES = [
  ['uid', "''"],
  ['ts', "toDateTime64(0, 3, 'UTC')"],
  ['ets', "toNullable(toDateTime64(0, 3, 'UTC'))"],
  ['received_at', "toDateTime64(0, 6, 'UTC')"],
  ['account_id', "''"],
  ['account_code', "''"],
  ['meter_id', "''"],
] as const;

function noRows(fields: readonly DataField[]): string {
  const own = fields.map(
    ({ code, category }) =>
      [code, isNumericCategory(category) ? "toNullable(toDecimal256('0', 34))" : "toNullable('')"] as const,
  );
  const columns = [...COLUMN_TYPES, ...own].map(([name, value]) => `${value} as ${customSqlName(name)}`);
  return `select ${columns.join(', ')} where 0`;
}
