import type { z } from 'zod';
import { group, name } from '../../api/fields.ts';
import { anyId } from '../../api/filters.ts';
import type { Operation } from '../../api/operation.ts';
import type { Permission } from '../../api/permission.ts';
import { defineResource } from '../../api/resource.ts';
import type { CheckScope, Fields, Resource } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';
import { Temporal } from '../../kernel/time.ts';
import { checkedUsageQuery, usageQueryBody } from './query-request.ts';
import { spanFields } from './usage-span.ts';

function savedUsageQuery() {
  return group({ ...usageQueryBody.shape, ...spanFields() });
}

type SavedUsageQuery = z.output<ReturnType<typeof savedUsageQuery>>;

const SAVED_QUERIES = 'config:analyticsjob';

/** What queries of usage take beside reading it (spec 10 §17.4). */
export const QUERY_NEEDS: readonly Permission[] = [
  { action: 'config:create', resource: SAVED_QUERIES },
  { action: 'config:retrieve', resource: SAVED_QUERIES },
];
export const READ_USAGE: Permission = { action: 'config:retrieve', resource: 'analytics:usage' };
/** What is enough in place of all that. */
export const MAY_QUERY_USAGE: Permission = { action: 'analytics:query', resource: 'analytics:usage' };

/** A usage query that is kept under a name, over fixed dates or over a span that moves (spec 20 §13). */
export const usageSavedQuery = needingUsage(
  defineResource({
    name: 'UsageSavedQuery',
    path: 'usage/savedqueries',
    summary: 'a saved usage query',
    table: 'usage_saved_query',
    permission: SAVED_QUERIES,
    event: null,
    maxPageSize: 100,
    fields: { name: name(), usageQuery: savedUsageQuery() },
    filters: { ids: anyId('id') },
    example: { name: 'This month', usageQuery: { timePeriod: 'MONTH_TO_DATE', limit: 100 } },
    ids: {
      create: 'CreateUsageSavedQuery',
      list: 'ListUsageSavedQueries',
      update: 'UpdateUsageSavedQuery',
    },
    check: (scope, { usageQuery }) => mustBeAskable(scope, usageQuery),
  }),
);

function needingUsage<F extends Fields>(resource: Resource<F>): Resource<F> {
  return { ...resource, operations: resource.operations.map(withNeeds) };
}

/** Querying is enough for reading alone: ReadOnly has it and writes nothing (spec 10 §17.6). */
function withNeeds(operation: Operation): Operation {
  const others = QUERY_NEEDS.filter(({ action }) => action !== operation.permission?.action);
  const needing = { ...operation, alsoNeeds: [...others, READ_USAGE] };
  return operation.method === 'GET' ? { ...needing, insteadOfAll: MAY_QUERY_USAGE } : needing;
}

/** Any span in order: a period that moves has one whenever it is asked for. */
const SOME_SPAN = {
  startDate: Temporal.Instant.from('1970-01-01T00:00:00Z'),
  endDate: Temporal.Instant.from('1970-01-02T00:00:00Z'),
};

/**
 * Refuses what `POST /usage/query` would; without a period both dates are required, with one they do not
 * count (spec 20 §13).
 */
async function mustBeAskable({ tx, orgId }: CheckScope, query: SavedUsageQuery): Promise<void> {
  const span = query.timePeriod === null ? requiredSpan(query) : SOME_SPAN;
  await checkedUsageQuery(tx, orgId, { ...query, ...span });
}

function requiredSpan({ startDate, endDate }: SavedUsageQuery) {
  if (startDate === null) throw refusal('VALIDATION_FAILED', 'usageQuery.startDate', 'is required');
  if (endDate === null) throw refusal('VALIDATION_FAILED', 'usageQuery.endDate', 'is required');
  return { startDate, endDate };
}
