import { aggregateUsage } from '../../src/areas/usage/index.ts';
import type {
  AggregationDefinition,
  AggregationMethod,
  Segment,
  UsageQuery,
} from '../../src/engine/metering/usage-query.ts';
import { decimal } from '../../src/kernel/decimal.ts';
import { Temporal } from '../../src/kernel/time.ts';
import type { Made } from './configured.ts';
import type { TestServer } from './stores.ts';

/** What is asked about the measurements of a meter; all of 2024 in UTC unless it says otherwise. */
export type Question = Partial<Omit<UsageQuery, 'aggregation' | 'start' | 'end'>> & {
  readonly meter: Made;
  readonly method: AggregationMethod;
  readonly target: string;
  readonly start?: string;
  readonly end?: string;
  readonly segmentedFields?: readonly string[];
  readonly segments?: readonly Segment[];
};

export function usageQuery({ meter, method, target, ...rest }: Question): UsageQuery {
  const { start = '2024-01-01T00:00:00Z', end = '2025-01-01T00:00:00Z' } = rest;
  const aggregation: AggregationDefinition = {
    id: meter.id,
    meterId: meter.id,
    targetField: target,
    numericTarget: method !== 'UNIQUE',
    method,
    segmentedFields: rest.segmentedFields ?? [],
    segments: rest.segments ?? [],
    customSql: null,
  };
  return {
    key: rest.key ?? 'q',
    aggregation,
    accountIds: rest.accountIds ?? [],
    start: Temporal.Instant.from(start),
    end: Temporal.Instant.from(end),
    filters: rest.filters ?? [],
  };
}

/** The values of one question: by the values of the segment, such as `eu/gold`, or `all` without segments. */
export async function answerTo(
  server: TestServer,
  question: Question,
): Promise<Record<string, string | null>> {
  const query = usageQuery(question);
  const answers = await aggregateUsage(server.context, server.orgId, [query]);
  const values = answers.get(query.key) ?? [];
  return Object.fromEntries(
    values.map(({ segment, value }) => [
      segment ? query.aggregation.segmentedFields.map((field) => segment[field]).join('/') : 'all',
      value && decimal(value).toString(),
    ]),
  );
}
