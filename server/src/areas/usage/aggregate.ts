import type { Context } from '../../context.ts';
import { segmentOrder } from '../../engine/metering/segment-match.ts';
import type {
  AggregationDefinition,
  Segment,
  UsageAnswer,
  UsageAnswers,
  UsageQuery,
} from '../../engine/metering/usage-query.ts';
import { assert } from '../../kernel/assert.ts';
import { earlier, later } from '../../kernel/time.ts';
import { accountsAmong, momentMs, momentSql, quoted } from './clickhouse-text.ts';
import { customSqlAnswer } from './custom-sql-answers.ts';
import { filterConditions, receivedConditions, segmentSql } from './measurement-conditions.ts';
import { questionBatches, spanningBatches } from './question-batches.ts';
import { aggregateValue } from './written-groups.ts';

/**
 * Answers the engine's questions about measurements from ClickHouse, set-wise: questions that differ only in
 * their accounts become one query, and so do those about many windows of the same accounts (spec 20 §11).
 * Values are exact decimals; no entry means no input at all.
 */
export async function aggregateUsage(
  ctx: Context,
  orgId: string,
  queries: readonly UsageQuery[],
): Promise<UsageAnswers> {
  const answers: Answers = new Map();
  const asked: UsageQuery[] = [];
  for (const query of queries) {
    if (query.accountIds.length === 0) continue;
    if (query.aggregation.method !== 'CUSTOM_SQL') asked.push(query);
    else answers.set(query.key, [...(await customSqlAnswer(ctx, orgId, query))]);
  }
  const { batches, others } = spanningBatches(asked);
  for (const alike of [...batches, ...questionBatches(others)])
    await addAnswers(ctx, answers, { orgId, alike });
  for (const { key } of queries) if (!answers.has(key)) answers.set(key, []);
  return answers;
}

type Answers = Map<string, UsageAnswer[number][]>;

/** Pool, position of the segment, and the value as `aggregateValue` reads it. */
type AnswerRow = readonly [pool: string, segment: number, value: string | null];
type Batch = { readonly orgId: string; readonly alike: readonly UsageQuery[] };

async function addAnswers(ctx: Context, answers: Answers, { orgId, alike }: Batch): Promise<void> {
  const [first] = alike;
  assert(first, 'a batch of questions is not empty');
  const segments = segmentOrder(first.aggregation.segmentedFields, first.aggregation.segments);
  const isSegmented = segments.length > 0 && !first.aggregation.mergesSegments;
  const source = rowsSql(orgId, alike);
  const result = await ctx.clickhouse.query({
    query: aggregationSql(source, alike, segments),
    format: 'JSONCompact',
    clickhouse_settings: { output_format_json_quote_decimals: 1, max_query_size: '16777216' },
  });
  const { data: rows } = await result.json<AnswerRow>();
  const keys = new Map(alike.map(({ key }, index) => [source.names[index], key]));
  for (const [pool, position, value] of rows) {
    const key = keys.get(pool);
    assert(key !== undefined, 'every row belongs to a question');
    const segment = isSegmented ? (segments[position - 1] ?? null) : null;
    const answered = { segment, value: aggregateValue(value) };
    const answer = answers.get(key);
    if (answer) answer.push(answered);
    else answers.set(key, [answered]);
  }
}

/** Where the rows of some questions come from, and which question each of them belongs to. */
type QuestionRows = {
  readonly pool: string;
  /** What `pool` says of each question, in their order. */
  readonly names: readonly string[];
  readonly from: string;
  readonly where: readonly string[];
};

function aggregationSql(
  { pool, from, where }: QuestionRows,
  alike: readonly UsageQuery[],
  segments: readonly Segment[],
): string {
  const [first] = alike as readonly [UsageQuery];
  const { aggregation } = first;
  const conditions = [...where, ...(segments.length > 0 ? ['segment > 0'] : [])];
  return `select ${pool} as pool, ${groupSql(aggregation, segments)} as segment, ${methodSql(first)} as value
    from ${from} where ${conditions.join(' and ')}
    group by pool, segment`;
}

function rowsSql(orgId: string, alike: readonly UsageQuery[]): QuestionRows {
  const [{ aggregation, filters }] = alike as readonly [UsageQuery];
  const column = aggregation.numericTarget ? 'measures' : 'dimensions';
  const starts = [...new Set(alike.map((query) => query.start))];
  const ends = [...new Set(alike.map((query) => query.end))];
  const [start, end] = [starts.reduce(earlier), ends.reduce(later)];
  const scan = [
    `org_id = ${quoted(orgId)}`,
    `meter_id = ${quoted(aggregation.meterId)}`,
    `ts >= ${momentSql(start)}`,
    `ts < ${momentSql(end)}`,
  ].join(' and ');
  const where = [
    `mapContains(${column}, ${quoted(aggregation.targetField)})`,
    accountsAmong(alike.flatMap((query) => query.accountIds)),
    ...filterConditions(filters),
    ...receivedConditions(alike[0] as UsageQuery),
  ];
  const isOneWindow =
    starts.every((at) => at.equals(start)) &&
    ends.every((at) => at.equals(end)) &&
    alike.every(({ absences }) => absences === undefined);
  if (isOneWindow)
    return { pool: poolSql(alike), names: poolNames(alike), from: `measurement prewhere ${scan}`, where };
  return {
    pool: 'toString(window_pool)',
    names: alike.map((_, index) => String(index)),
    from: `(select * from measurement prewhere ${scan}) as m
      asof join ${windowsSql(alike)} as w on account_id = window_account and ts >= window_start`,
    where: ['ts < window_end', ...where],
  };
}

/** Each account's windows, which lie apart, and the position of the question that is about each of them. */
function windowsSql(alike: readonly UsageQuery[]): string {
  const rows = alike.flatMap((query, index) =>
    presences(query).map(({ accountId, start, end }) => [quoted(accountId), start, end, index] as const),
  );
  const lists = [0, 1, 2, 3].map((column) => `[${rows.map((row) => row[column]).join(', ')}]`);
  const moment = (item: string) => `fromUnixTimestamp64Milli(toInt64(${item}), 'UTC')`;
  return `(select toUUID(row.1) as window_account, ${moment('row.2')} as window_start,
      ${moment('row.3')} as window_end, row.4 as window_pool
    from (select arrayJoin(arrayZip(${lists.join(', ')})) as row))`;
}

/** When the measurements of each account of a question count, in milliseconds, in order of time. */
function presences({ accountIds, start, end, absences = [] }: UsageQuery) {
  const [first, last] = [momentMs(start), momentMs(end)];
  return accountIds.flatMap((accountId) => {
    const gaps = absences
      .filter((absence) => absence.accountId === accountId)
      .map((absence) => ({ from: momentMs(absence.start), to: momentMs(absence.end) }))
      .toSorted((a, b) => a.from - b.from);
    const starts = [first, ...gaps.map(({ to }) => to)];
    const ends = [...gaps.map(({ from }) => from), last];
    return starts
      .map((from, i) => ({ accountId, start: from, end: ends[i] ?? last }))
      .filter((presence) => presence.start < presence.end);
  });
}

/** Questions about one account each are told apart by it: a bill run asks thousands of them at once. */
function areOfOneAccount(alike: readonly UsageQuery[]): boolean {
  return alike.length > 1 && alike.every((query) => query.accountIds.length === 1);
}

/** What `poolSql` calls the questions. */
function poolNames(alike: readonly UsageQuery[]): readonly string[] {
  if (areOfOneAccount(alike)) return alike.map(({ accountIds }) => accountIds[0] ?? '');
  return alike.map((_, index) => String(index));
}

/** Which question an account belongs to: the account itself, or the question's position. */
function poolSql(alike: readonly UsageQuery[]): string {
  if (alike.length === 1) return "'0'";
  if (areOfOneAccount(alike)) return 'account_id';
  const accounts = alike.flatMap((query, index) => query.accountIds.map((id) => [id, index] as const));
  const ids = accounts.map(([id]) => quoted(id)).join(', ');
  const indexes = accounts.map(([, index]) => `'${index}'`).join(', ');
  return `transform(toString(account_id), [${ids}], [${indexes}], '0')`;
}

function methodSql({ aggregation }: UsageQuery): string {
  const target = quoted(aggregation.targetField);
  const measure = `measures[${target}]`;
  switch (aggregation.method) {
    case 'SUM':
      return `toString(sum(${measure}))`;
    case 'MIN':
      return `toString(min(${measure}))`;
    case 'MAX':
      return `toString(max(${measure}))`;
    case 'COUNT':
      return 'toString(count())';
    case 'MEAN':
      return `concat(toString(sum(${measure})), '/', toString(count()))`;
    case 'LATEST':
      return `toString(argMax(${measure}, (ts, received_at, batch_id, position)))`;
    case 'UNIQUE':
      return `toString(uniqExact(dimensions[${target}]))`;
    default:
      throw new Error(`aggregation method ${aggregation.method} has no query`);
  }
}

/** What the values of a question are told apart by. */
function groupSql(
  { segmentedFields, mergesSegments }: AggregationDefinition,
  segments: readonly Segment[],
): string {
  const position = segmentSql(segmentedFields, segments);
  return mergesSegments ? `${position} > 0` : position;
}
