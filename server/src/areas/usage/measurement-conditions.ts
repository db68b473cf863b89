import type { Segment, UsageQuery } from '../../engine/metering/usage-query.ts';
import { accountsAmong, momentMs, momentSql, quoted } from './clickhouse-text.ts';

/**
 * Conditions on the rows that a question is about, the first four on columns of the sorting key and its
 * neighbours.
 */
export function rowConditions(orgId: string, query: UsageQuery): readonly string[] {
  const { aggregation, start, end, accountIds, filters } = query;
  return [
    `org_id = ${quoted(orgId)}`,
    `meter_id = ${quoted(aggregation.meterId)}`,
    `ts >= ${momentSql(start)}`,
    `ts < ${momentSql(end)}`,
    accountsAmong(accountIds),
    ...filterConditions(filters),
    ...receivedConditions(query),
    ...absenceConditions(query),
  ];
}

/** An account's measurements do not count while it is absent. */
export function absenceConditions({ absences = [] }: Pick<UsageQuery, 'absences'>): string[] {
  if (absences.length === 0) return [];
  const lists = [
    absences.map(({ accountId }) => quoted(accountId)),
    absences.map(({ start }) => momentMs(start)),
    absences.map(({ end }) => momentMs(end)),
  ].map((list) => `[${list.join(', ')}]`);
  return [
    `not arrayExists((absent, since, until) -> toString(account_id) = absent
      and toUnixTimestamp64Milli(ts) >= since and toUnixTimestamp64Milli(ts) < until, ${lists.join(', ')})`,
  ];
}

/** Measurements that came too late for a period that is frozen do not count (spec 40 §7.6). */
export function receivedConditions({ receivedBefore }: Pick<UsageQuery, 'receivedBefore'>): string[] {
  if (receivedBefore === undefined) return [];
  const micros = receivedBefore.epochNanoseconds / 1000n;
  return [`received_at < fromUnixTimestamp64Micro(toInt64(${micros}), 'UTC')`];
}

/**
 * INCLUDE entries of one dimension are alternatives, dimensions combine with AND, any EXCLUDE removes (spec
 * 50 §3.4).
 */
export function filterConditions(filters: UsageQuery['filters']): string[] {
  const included = new Map<string, string[]>();
  const conditions: string[] = [];
  for (const { dimensionCode, value, mode } of filters) {
    const code = quoted(dimensionCode);
    const matches = `(mapContains(dimensions, ${code}) and dimensions[${code}] = ${quoted(value)})`;
    if (mode === 'EXCLUDE') conditions.push(`not ${matches}`);
    else included.set(dimensionCode, [...(included.get(dimensionCode) ?? []), matches]);
  }
  for (const alternatives of included.values()) conditions.push(`(${alternatives.join(' or ')})`);
  return conditions;
}

/**
 * The 1-based position of the first segment that a measurement matches, 0 for none. Segments come in order of
 * precedence, so those with wildcards in the same places are neighbours: each such run is one lookup of the
 * measurement's values among the segments' values.
 */
export function segmentSql(fields: readonly string[], segments: readonly Segment[]): string {
  if (segments.length === 0) return '0';
  const lookups = runsOfOneMask(fields, segments).map(({ exact, from, members }) => {
    if (exact.length === 0) return `${from + 1}`;
    const keys = members.map((segment) =>
      quoted(exact.map((field) => `=${segment[field] ?? ''}`).join('\0')),
    );
    const indexes = members.map((_, i) => from + i + 1);
    return `transform(${keySql(exact)}, [${keys.join(', ')}], [${indexes.join(', ')}], 0)`;
  });
  return `toUInt32(coalesce(${lookups.map((lookup) => `nullIf(${lookup}, 0)`).join(', ')}, 0))`;
}

type MaskRun = { readonly exact: string[]; readonly from: number; readonly members: Segment[] };

function runsOfOneMask(fields: readonly string[], segments: readonly Segment[]): MaskRun[] {
  const runs: MaskRun[] = [];
  segments.forEach((segment, index) => {
    const exact = fields.filter((field) => segment[field] !== '*');
    const last = runs.at(-1);
    if (last && last.exact.join('\u0001') === exact.join('\u0001')) last.members.push(segment);
    else runs.push({ exact, from: index, members: [segment] });
  });
  return runs;
}

/**
 * The values of the fields in one text, with NUL between them, which no value holds; a missing value is no
 * `=`.
 */
function keySql(fields: readonly string[]): string {
  const parts = fields.map(
    (field) => `if(mapContains(dimensions, ${quoted(field)}), concat('=', dimensions[${quoted(field)}]), '')`,
  );
  return parts.length === 1 ? (parts[0] ?? '') : `arrayStringConcat([${parts.join(', ')}], '\\0')`;
}
