import type { Context } from '../../context.ts';
import { segmentOrder } from '../../engine/metering/segment-match.ts';
import type { AggregationDefinition, Segment, UsageQuery } from '../../engine/metering/usage-query.ts';
import { present } from '../../kernel/assert.ts';
import { type Decimal, decimal } from '../../kernel/decimal.ts';
import { earlier, type Instant, later } from '../../kernel/time.ts';
import { accountsAmong, momentSql, quoted } from './clickhouse-text.ts';
import {
  absenceConditions,
  filterConditions,
  receivedConditions,
  segmentSql,
} from './measurement-conditions.ts';

/** Measurements that an aggregation counted; a null segment of a segmented one means any of its segments. */
type UsageSource = Pick<
  UsageQuery,
  'accountIds' | 'start' | 'end' | 'filters' | 'receivedBefore' | 'absences'
> & {
  readonly segment: Segment | null;
};

/** One aggregation and all that it counted. */
export type UsageInput = {
  readonly aggregation: AggregationDefinition;
  readonly sources: readonly UsageSource[];
};

export type FigureMethod = 'SUM' | 'MIN' | 'MAX' | 'COUNT' | 'LATEST' | 'MEAN' | 'UNIQUE';

/** How the measurements behind some inputs are laid out in rows (spec 40 §10.5). */
export type UsageBreakdown = {
  /** At least one. */
  readonly inputs: readonly UsageInput[];
  /** Ascending; the first is not after any measurement. */
  readonly bucketStarts: readonly Instant[];
  /** Every account of the sources, in the order of the rows. */
  readonly accountIds: readonly string[];
  readonly dimensions: readonly {
    readonly meterId: string | null;
    readonly fieldCode: string;
    /** The values that are told apart; null for all of them. */
    readonly values: readonly string[] | null;
  }[];
  readonly figures: readonly {
    readonly meterId: string | null;
    readonly fieldCode: string;
    readonly isNumeric: boolean;
    readonly method: FigureMethod;
  }[];
};

/** One bucket, account and combination of dimension values that has measurements. */
export type BreakdownRow = {
  readonly bucketStart: Instant;
  readonly accountId: string;
  /** Null where the field is missing or its value is not told apart. */
  readonly dimensions: readonly (string | null)[];
  /** The value of each input's aggregation over the row; null without input. */
  readonly quantities: readonly (Decimal | null)[];
  readonly figures: readonly (Decimal | null)[];
};

const PAGE_ROWS = 5_000;

/** ClickHouse sorts groups on disk beyond this, so that any number of them fits. */
const MEMORY_BYTES = '268435456';

/**
 * The measurements behind the inputs, page by page, so that any number of rows passes through bounded memory:
 * ordered by bucket, account and dimension values, missing values first.
 */
export async function* usageBreakdown(
  ctx: Context,
  orgId: string,
  breakdown: UsageBreakdown,
): AsyncGenerator<readonly BreakdownRow[]> {
  let last: StoredRow | null = null;
  do {
    const page: readonly StoredRow[] = await pageAfter(ctx, breakdownSql(orgId, breakdown, last));
    if (page.length > 0) yield page.map((row) => breakdownRow(breakdown, row));
    last = page.length < PAGE_ROWS ? null : (page.at(-1) ?? null);
  } while (last !== null);
}

type StoredRow = {
  /** Milliseconds. */
  readonly bucket: string;
  readonly rank: number;
  readonly keys: readonly string[];
  readonly quantities: readonly (string | null)[];
  readonly figures: readonly (string | null)[];
};

async function pageAfter({ clickhouse }: Context, query: string): Promise<readonly StoredRow[]> {
  const result = await clickhouse.query({
    query,
    format: 'JSONEachRow',
    clickhouse_settings: {
      max_query_size: '16777216',
      max_bytes_before_external_group_by: MEMORY_BYTES,
      max_bytes_before_external_sort: MEMORY_BYTES,
    },
  });
  return result.json<StoredRow>();
}

function breakdownRow({ bucketStarts, accountIds }: UsageBreakdown, row: StoredRow): BreakdownRow {
  const ms = Number.parseInt(row.bucket, 10);
  const bucketStart = bucketStarts.find((start) => start.epochMilliseconds === ms);
  return {
    bucketStart: present(bucketStart, 'the bucket of the row'),
    accountId: present(accountIds[row.rank], 'the account of the row'),
    dimensions: row.keys.map((key) => (key === '' ? null : key.slice(1))),
    quantities: row.quantities.map(figureValue),
    figures: row.figures.map(figureValue),
  };
}

/** A mean comes as sum and count: it is divided here, at 34 digits. */
function figureValue(text: string | null): Decimal | null {
  if (text === null) return null;
  const [total = '0', count] = text.split('/');
  return count === undefined ? decimal(total) : decimal(total).div(count);
}

function breakdownSql(orgId: string, breakdown: UsageBreakdown, after: StoredRow | null): string {
  const { inputs, dimensions, figures } = breakdown;
  const conditions = inputs.map(({ aggregation, sources }, i) => {
    const alternatives = sources.map((source) => `(${sourceSql(aggregation, source)})`);
    return `(${alternatives.join(' or ')}) as c${i}`;
  });
  const keys = dimensions.map((dimension, i) => `${keySql(dimension)} as d${i}`);
  const order = ['bucket', 'rank', ...dimensions.map((_, i) => `d${i}`)];
  const quantities = inputs.map(({ aggregation }, i) => figureSql(figureOf(aggregation), `c${i}`));
  const measured = figures.map((figure) => figureSql(figure, hasSql(figure)));
  const having = after === null ? '' : `having (${order.join(', ')}) > (${positionOf(after)})`;
  return `with ${conditions.join(', ')}
    select ${[bucketSql(breakdown), rankSql(breakdown), ...keys].join(', ')},
      ${listSql(dimensions.map((_, i) => `d${i}`))} as keys,
      ${listSql(quantities)} as quantities, ${listSql(measured)} as figures
    from measurement prewhere ${scanSql(orgId, breakdown, after)}
    where ${inputs.map((_, i) => `c${i}`).join(' or ')}
    group by ${order.join(', ')} ${having} order by ${order.join(', ')} limit ${PAGE_ROWS}`;
}

function listSql(items: readonly string[]): string {
  return items.length === 0 ? "CAST([], 'Array(Nullable(String))')" : `[${items.join(', ')}]`;
}

/** What can be read without a look at the values; pages continue with the bucket that they have reached. */
function scanSql(orgId: string, { inputs, accountIds }: UsageBreakdown, after: StoredRow | null): string {
  const sources = inputs.flatMap((input) => input.sources);
  const start = sources.map((source) => source.start).reduce(earlier);
  const end = sources.map((source) => source.end).reduce(later);
  const meters = [...new Set(inputs.map((input) => quoted(input.aggregation.meterId)))];
  return [
    `org_id = ${quoted(orgId)}`,
    `meter_id in (${meters.join(', ')})`,
    accountsAmong(accountIds),
    `ts >= ${momentSql(start)}`,
    `ts < ${momentSql(end)}`,
    ...(after === null ? [] : [`ts >= fromUnixTimestamp64Milli(toInt64(${after.bucket}), 'UTC')`]),
  ].join(' and ');
}

/** The same conditions as those of the question that the line's quantity answers (`aggregate.ts`). */
export function sourceSql(aggregation: AggregationDefinition, source: UsageSource): string {
  const column = aggregation.numericTarget ? 'measures' : 'dimensions';
  return [
    `meter_id = ${quoted(aggregation.meterId)}`,
    `mapContains(${column}, ${quoted(aggregation.targetField)})`,
    `ts >= ${momentSql(source.start)}`,
    `ts < ${momentSql(source.end)}`,
    accountsAmong(source.accountIds),
    ...filterConditions(source.filters),
    ...receivedConditions(source),
    ...absenceConditions(source),
    ...segmentConditions(aggregation, source.segment),
  ].join(' and ');
}

function segmentConditions(aggregation: AggregationDefinition, segment: Segment | null): string[] {
  const { segmentedFields } = aggregation;
  const ordered = segmentOrder(segmentedFields, aggregation.segments);
  if (ordered.length === 0) return [];
  const position = segmentSql(segmentedFields, ordered);
  if (segment === null) return [`${position} > 0`];
  const index = ordered.findIndex((one) => segmentedFields.every((field) => one[field] === segment[field]));
  return [`${position} = ${index < 0 ? -1 : index + 1}`];
}

function bucketSql({ bucketStarts }: UsageBreakdown): string {
  const starts = bucketStarts.map((start) => `toInt64(${start.epochMilliseconds})`);
  return `toString(roundDown(toUnixTimestamp64Milli(ts), [${starts.join(', ')}])) as bucket`;
}

function rankSql({ accountIds }: UsageBreakdown): string {
  const ranks = accountIds.map((_, i) => i);
  const ids = accountIds.map(quoted);
  return `toUInt32(transform(toString(account_id), [${ids.join(', ')}], [${ranks.join(', ')}], 0)) as rank`;
}

/** `=` and the value, or nothing, so that a missing value differs from an empty one. */
function keySql({ meterId, fieldCode, values }: UsageBreakdown['dimensions'][number]): string {
  const field = quoted(fieldCode);
  const conditions = [
    `mapContains(dimensions, ${field})`,
    ...(meterId === null ? [] : [`meter_id = ${quoted(meterId)}`]),
    ...(values === null ? [] : [`dimensions[${field}] in (${values.map(quoted).join(', ')})`]),
  ];
  return `if(${conditions.join(' and ')}, concat('=', dimensions[${field}]), '')`;
}

type Figure = Omit<UsageBreakdown['figures'][number], 'method'> & {
  readonly method: AggregationDefinition['method'];
};

function figureOf({ meterId, targetField, numericTarget, method }: AggregationDefinition): Figure {
  return { meterId, fieldCode: targetField, isNumeric: numericTarget, method };
}

function hasSql({ meterId, fieldCode, isNumeric }: Figure): string {
  const has = `mapContains(${isNumeric ? 'measures' : 'dimensions'}, ${quoted(fieldCode)})`;
  return meterId === null ? has : `(${has} and meter_id = ${quoted(meterId)})`;
}

/** The figure over the rows of the group that meet the condition, as text; null when none does. */
function figureSql(figure: Figure, condition: string): string {
  const column = `${figure.isNumeric ? 'measures' : 'dimensions'}[${quoted(figure.fieldCode)}]`;
  const value = valueSql(figure, column, condition);
  return value === null ? 'null' : `if(countIf(${condition}) = 0, null, ${value})`;
}

function valueSql({ method, isNumeric }: Figure, column: string, condition: string): string | null {
  if (method === 'COUNT') return `toString(countIf(${condition}))`;
  if (method === 'UNIQUE') return `toString(uniqExactIf(${column}, ${condition}))`;
  if (!isNumeric) return null;
  switch (method) {
    case 'SUM':
      return `toString(sumIf(${column}, ${condition}))`;
    case 'MIN':
      return `toString(minIf(${column}, ${condition}))`;
    case 'MAX':
      return `toString(maxIf(${column}, ${condition}))`;
    case 'LATEST':
      return `toString(argMaxIf(${column}, (ts, received_at, batch_id, position), ${condition}))`;
    case 'MEAN':
      return `concat(toString(sumIf(${column}, ${condition})), '/', toString(countIf(${condition})))`;
    default:
      return null;
  }
}

function positionOf({ bucket, rank, keys }: StoredRow): string {
  return [quoted(bucket), rank, ...keys.map(quoted)].join(', ');
}
